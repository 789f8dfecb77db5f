/** One client connection: bytes in, four-letter words, handshake, requests to a backend's session, and an orderly end.
 *  Source: NIOServerCnxn.doIO, ZooKeeperServer.processConnectRequest (3.9). */
import type { Duplex } from "node:stream";
import type { Backend, BackendSession, CloseReason, Opened, Peer } from "../backend.ts";
import { MalformedFrame } from "../jute/buffers.ts";
import type { Logger } from "../logger.ts";
import { type ConnectResponse, decodeConnectRequest } from "../protocol/connect.ts";
import { BadFrameLength, FrameSplitter } from "../protocol/frames.ts";
import type { Clock } from "./clock.ts";
import { type Asked, wordArgumentBytes } from "./four-letter-words.ts";
import type { ServerLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { ConnectionStats, type ServerStats } from "./stats.ts";

/** What all connections of a server share. */
export interface ServerContext {
  readonly backend: Backend;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly stats: ServerStats;
  readonly log: Logger;
  /** The answer to a four-letter word. */
  fourLetterWord(word: string, asked: Asked): string;
}

/** A request header: xid and opcode. */
const requestBytesMin = 8;

/** Serves one byte stream until it closes. Nothing that a client sends, and nothing that a backend throws, gets out of here. */
export class Connection {
  readonly peer: Peer;
  /** Whether it came in through TLS. */
  readonly isSecure: boolean;
  readonly stats: ConnectionStats;
  /** The handshake's answer, once granted. */
  granted: ConnectResponse | undefined;
  readonly #stream: Duplex;
  readonly #context: ServerContext;
  readonly #splitter: FrameSplitter;
  readonly #outbox: Outbox;
  readonly #cancelHandshake: () => void;
  /** The first bytes, until there are four, or all that a word needs. */
  #preface: Buffer | undefined = Buffer.alloc(0);
  #isOpening = false;
  #session: BackendSession | undefined;
  /** Requests that wait for the session to open or for the client to read, oldest first. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isPaused = false;
  /** Set once, when the session must hear of the end; it may not exist yet. */
  #closedFor: CloseReason | undefined;

  constructor(stream: Duplex, peer: Peer, context: ServerContext, isSecure = false) {
    this.#stream = stream;
    this.peer = peer;
    this.isSecure = isSecure;
    this.#context = context;
    this.stats = new ConnectionStats(context.stats, context.clock.now());
    this.#splitter = new FrameSplitter(context.limits.frameBytesMax);
    this.#outbox = new Outbox(
      stream,
      { limits: context.limits, clock: context.clock, stats: this.stats },
      {
        onDrained: () => this.#submitHeld(),
        onOverflow: () => this.#overflowed(),
        onEnded: () => this.#discardInput(),
      },
    );
    this.#cancelHandshake = context.clock.after(context.limits.handshakeMs, () => this.#giveUpHandshake());
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (error) => context.log.debug({ peer: peer.address, error }, "connection broke"));
    stream.on("close", () => this.#closed("client"));
  }

  /** Whether the socket is being read, as the `[1]` in `cons` says. */
  get isReading(): boolean {
    return !this.#isPaused;
  }

  /** Tells the session that we stop, sends what is queued, and ends. */
  shutdown(): void {
    this.#closed("shutdown");
    this.#outbox.close();
  }

  #receive(chunk: Buffer): void {
    if (this.#outbox.hasEnded) return;
    try {
      const bytes = this.#behindPreface(chunk);
      if (bytes === undefined || this.#outbox.hasEnded) return;
      this.stats.chunk(this.#context.clock.now(), bytes.length);
      this.#splitter.push(bytes, (frame) => this.#take(frame));
    } catch (cause) {
      if (cause instanceof BadFrameLength) this.#violated(cause.message);
      else this.#failed("connection", cause);
    }
  }

  /** What the splitter gets of a chunk: nothing before there are four bytes, nor when they are a word. Few as they are, they are copied, because a
   *  client may go on holding them for a while, and the chunk with them. */
  #behindPreface(chunk: Buffer): Buffer | undefined {
    if (this.#preface === undefined) return chunk;
    const bytes = this.#preface.length === 0 ? chunk : Buffer.concat([this.#preface, chunk]);
    const word = bytes.toString("latin1", 0, 4);
    const argumentBytes = wordArgumentBytes(word);
    const isWhole = bytes.length >= 4 + (argumentBytes ?? 0);
    this.#preface = isWhole ? undefined : Buffer.from(bytes);
    if (!isWhole || argumentBytes === undefined) return isWhole ? bytes : undefined;
    this.stats.wordIn();
    const argument = bytes.subarray(4, 4 + argumentBytes);
    this.#outbox.close(this.#context.fourLetterWord(word, { by: this, argument }));
    return undefined;
  }

  /** Takes one frame; answers whether the next one is wanted. */
  #take(frame: Buffer): boolean {
    if (this.#session === undefined && !this.#isOpening) this.#shakeHands(frame);
    else if (frame.length < requestBytesMin) this.#violated(`frame of ${frame.length} bytes`);
    else {
      this.stats.request(frame);
      if (this.#session === undefined || this.#held.length > 0 || this.#outbox.isHigh) this.#hold(frame);
      else this.#submit(this.#session, frame);
    }
    return !this.#outbox.hasEnded;
  }

  #shakeHands(frame: Buffer): void {
    this.stats.greetingIn();
    try {
      const request = decodeConnectRequest(frame);
      this.#isOpening = true;
      void this.#open({ request, raw: frame, peer: this.peer });
    } catch (cause) {
      if (!(cause instanceof MalformedFrame)) throw cause;
      this.#violated(cause.message);
    }
  }

  async #open(hello: Parameters<Backend["open"]>[0]): Promise<void> {
    try {
      this.#opened(await this.#context.backend.open(hello, this.#outbox));
    } catch (cause) {
      this.#failed("open", cause);
    }
  }

  #opened(opened: Opened): void {
    this.#cancelHandshake();
    if (opened.is === "granted") {
      this.#session = opened.session;
      this.granted = opened.session.granted;
      this.#outbox.begin(opened.raw);
      this.#submitHeld();
      if (this.#closedFor !== undefined) this.#tellSession(this.#closedFor);
    } else {
      if (opened.is === "refused") this.#outbox.begin(opened.raw);
      else this.#context.log.debug({ peer: this.peer.address, reason: opened.reason }, "no session");
      this.#outbox.close();
    }
  }

  #hold(frame: Buffer): void {
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    if (this.#heldBytes <= this.#context.limits.heldBytesMax || this.#isPaused) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  /** Submits what was held, as far as the client reads the answers; all of it once the client is gone, because requests that were
   *  received are executed. */
  #submitHeld(): void {
    const session = this.#session;
    if (session === undefined) return;
    let at = 0;
    for (; at < this.#held.length; at++) {
      const frame = this.#held[at];
      if (frame === undefined || (this.#outbox.isHigh && this.#closedFor === undefined)) break;
      this.#heldBytes -= frame.length;
      this.#submit(session, frame);
    }
    this.#held = this.#held.slice(at);
    if (!this.#isPaused || this.#held.length > 0) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  #submit(session: BackendSession, frame: Buffer): void {
    try {
      session.submit(frame);
    } catch (cause) {
      this.#failed("submit", cause);
    }
  }

  #discardInput(): void {
    this.#isPaused = false;
    this.#stream.resume();
  }

  #giveUpHandshake(): void {
    this.#context.stats.unshaken++;
    this.#outbox.close();
  }

  #violated(what: string): void {
    this.#context.stats.malformed++;
    this.#context.log.debug({ peer: this.peer.address, what }, "broken frame");
    this.#closed("protocol");
    this.#outbox.close();
  }

  #overflowed(): void {
    this.#context.stats.overflowed++;
    this.#context.log.warn({ peer: this.peer.address, queuedBytes: this.#outbox.queuedBytes }, "client does not read");
    this.#stream.destroy();
  }

  /** A bug, ours or the backend's: it costs this connection, nothing else. */
  #failed(where: string, cause: unknown): void {
    this.#context.log.error({ backend: this.#context.backend.name, where, cause }, "connection given up");
    this.#stream.destroy();
  }

  #closed(why: CloseReason): void {
    this.#cancelHandshake();
    if (this.#closedFor !== undefined) return;
    this.#closedFor = why;
    this.#submitHeld();
    this.stats.close();
    this.#tellSession(why);
  }

  #tellSession(why: CloseReason): void {
    try {
      this.#session?.close(why);
    } catch (cause) {
      this.#context.log.error({ backend: this.#context.backend.name, where: "close", cause }, "session not told");
    }
  }
}
