/** The client's end of a connection, frames only: TCP, handshake, then bytes in and out without a look inside. What a bridge needs. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { MalformedFrame } from "../jute/buffers.ts";
import { type ConnectResponse, decodeConnectResponse } from "./connect.ts";
import { FrameWriter } from "./frame-writer.ts";
import { FrameSplitter } from "./frames.ts";
import { setWakingTimeout } from "./waking-timeout.ts";

/** How to speak TLS: whom to trust (the system's authorities if nobody is named), and who we are. All in PEM. */
export interface LinkTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Where to connect and what to say first. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
  /** The ConnectRequest, encoded, without its length prefix. */
  readonly hello: Uint8Array;
  /** For the TCP connection and the handshake together. */
  readonly connectWaitMs: number;
  /** How long a server that refuses may take to hang up; default: nobody waits for it. */
  readonly hangUpWaitMs?: number;
  readonly tls?: LinkTls;
  /** Largest frame accepted from the server; default {@link linkFrameBytesMax}. */
  readonly frameBytesMax?: number;
}

/** Servers send more than jute.maxbuffer when a znode near the limit or a crowd of children is read, so this end is generous. */
export const linkFrameBytesMax = 256 * 1024 * 1024;

/** How opening went. `refused`: the server answered with timeout 0 (no such session, wrong password), and may not have hung up in time. `closed`: it took the connection and hung
 *  up without an answer. `unreachable`: no TCP connection, no answer in time, or an answer that is no ConnectResponse. */
export type LinkOutcome =
  | { readonly is: "granted"; readonly link: Link; readonly response: ConnectResponse; readonly raw: Buffer }
  | { readonly is: "refused"; readonly response: ConnectResponse; readonly raw: Buffer; readonly isLeftOpen?: true }
  | { readonly is: "closed"; readonly reason: string }
  | { readonly is: "unreachable"; readonly reason: string };

/** What a link reports. Frames come in wire order, without prefix, and are the callee's to keep. `onClose` comes once and last, with the
 *  socket's or framing's error if that was the cause. */
export interface LinkListener {
  onFrame(frame: Buffer): void;
  onClose(cause: Error | undefined): void;
}

/** A connection in terms of frames. Nothing is delivered before the first `listen`. */
export class Link {
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #splitter: FrameSplitter;
  /** Frames that arrived while paused, oldest first. */
  #held: Buffer[] = [];
  #listener: LinkListener | undefined;
  #error: Error | undefined;
  #isPaused = true;
  #hasClosed = false;

  constructor(socket: Socket, frameBytesMax: number) {
    this.#socket = socket;
    this.#writer = new FrameWriter(socket);
    this.#splitter = new FrameSplitter(frameBytesMax);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("close", () => {
      this.#hasClosed = true;
      this.#deliverHeld();
    });
  }

  /** Bytes sent that the operating system has not taken yet. */
  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  /** Delivers to this listener from now on: what was held back first. Replaces an earlier one. */
  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.resume();
  }

  /** Holds frames back and reads no more from the server. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
    this.#deliverHeld();
  }

  /** Sends one frame, without its prefix; copied before this returns, written at the end of the turn. Dropped after the close. */
  send(frame: Uint8Array): void {
    this.#writer.send(frame);
  }

  /** Sends bytes as they are, behind all frames so far: for tests of broken framing. */
  sendBytes(bytes: Uint8Array): void {
    this.#writer.flush();
    if (this.#socket.writable) this.#socket.write(Buffer.from(bytes));
  }

  /** Writes what is queued, then says that nothing follows; replies still come until the server closes. */
  end(): void {
    this.#writer.flush();
    if (this.#socket.writable) this.#socket.end();
  }

  /** Hands what is queued to the operating system and lets the connection go. `onClose` follows. */
  close(): void {
    this.#writer.flush();
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk, (frame) => {
        if (this.#isPaused || this.#held.length > 0) this.#held.push(frame);
        else this.#listener?.onFrame(frame);
        return !this.#socket.destroyed;
      });
    } catch (cause) {
      this.#socket.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  /** The listener may pause or close in the middle, and the close is reported only behind the last frame. */
  #deliverHeld(): void {
    while (!this.#isPaused) {
      const frame = this.#held.shift();
      if (frame === undefined) break;
      this.#listener?.onFrame(frame);
    }
    if (!this.#hasClosed || this.#isPaused) return;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#error);
  }
}

/** Starts to connect. The server's certificate must name the host. */
export function dial({ host, port, tls }: Pick<LinkTarget, "host" | "port" | "tls">): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  const socket = connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
  return socket.setNoDelay(true);
}

/** Connects and shakes hands. Never rejects; whatever follows the handshake is held back until the caller listens. */
export function openLink(target: LinkTarget): Promise<LinkOutcome> {
  const { promise, resolve } = Promise.withResolvers<LinkOutcome>();
  const where = `${target.host}:${target.port}`;
  const socket = dial(target);
  const link = new Link(socket, target.frameBytesMax ?? linkFrameBytesMax);
  let hasConnected = false;
  socket.once(target.tls === undefined ? "connect" : "secureConnect", () => {
    hasConnected = true;
    link.send(target.hello);
  });
  const settle = (outcome: LinkOutcome) => {
    giveUp();
    resolve(outcome);
    if (outcome.is === "granted") link.pause();
    else link.close();
  };
  const settleClosed = (outcome: Extract<LinkOutcome, { is: "refused" }>, waitMs: number) => {
    giveUp();
    giveUp = setWakingTimeout(() => settle({ ...outcome, isLeftOpen: true }), waitMs);
    const onClose = () => settle(outcome);
    link.listen({ onFrame: () => undefined, onClose });
  };
  let giveUp = setWakingTimeout(() => {
    settle({ is: "unreachable", reason: `${where} did not answer within ${target.connectWaitMs} ms` });
  }, target.connectWaitMs);
  link.listen({
    onFrame: (raw) => {
      const outcome = judgeAnswer(link, raw, where);
      if (outcome.is !== "refused" || target.hangUpWaitMs === undefined) settle(outcome);
      else settleClosed(outcome, target.hangUpWaitMs);
    },
    onClose: (cause) => {
      const reason = cause === undefined ? "closed the connection without an answer" : cause.message;
      settle({ is: hasConnected ? "closed" : "unreachable", reason: `${where}: ${reason}` });
    },
  });
  return promise;
}

/** Reads the server's first frame. A timeout of 0 is a refusal (ClientCnxnSocket.readConnectResult reads it the same way). */
function judgeAnswer(link: Link, raw: Buffer, where: string): LinkOutcome {
  try {
    const response = decodeConnectResponse(raw);
    return response.timeOut > 0 ? { is: "granted", link, response, raw } : { is: "refused", response, raw };
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    return { is: "unreachable", reason: `${where} does not speak ZooKeeper: ${cause.message}` };
  }
}
