/** A minimal ZooKeeper client: one connection, one session, no reconnect and no pings of its own. What the runner, the tools and the tests
 *  speak. Requests are typed; every frame that arrives is also shown raw and in order. */
import { MalformedFrame, Reader, Writer } from "../jute/buffers.ts";
import { type BodyOf, read, write } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import { type ConnectResponse, encodeConnectRequest, passwordBytes } from "./connect.ts";
import { type Link, type LinkOutcome, type LinkTls, openLink } from "./link.ts";
import { type OpName, opcodes, type ReplyOf, type RequestOf, xids } from "./opcodes.ts";
import { ReplyHeader } from "./records.ts";
import { setWakingTimeout } from "./waking-timeout.ts";

/** Where to connect and which session to open or resume. */
export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: LinkTls;
  /** The session timeout asked for; the server clamps it. */
  readonly timeoutMs: number;
  /** For the TCP connection and the handshake together. */
  readonly connectWaitMs: number;
  /** 0 or nothing opens a new session. */
  readonly sessionId?: Int64;
  readonly passwd?: Uint8Array | null;
  readonly lastZxidSeen?: Int64;
  /** Default false; `absent` leaves the byte out, as clients before 3.4 do. */
  readonly readOnly?: boolean | "absent";
  /** Hangs up when a request waits for its reply and the server has sent nothing for so long. Default: waits for ever. */
  readonly silenceMaxMs?: number;
  /** Each reply and event frame, in wire order, before any promise of `call` resolves. */
  readonly onFrame?: (frame: Buffer) => void;
  /** Once, after the last frame. */
  readonly onClose?: (cause: Error | undefined) => void;
}

/** How connecting went; the unhappy outcomes are those of {@link LinkOutcome}. */
export type ClientOutcome =
  | { readonly is: "granted"; readonly client: Client }
  | Exclude<LinkOutcome, { is: "granted" }>;

/** A reply. `body` is null when the server sent none, as with every error but a failed multi's. */
export interface Reply<Op extends OpName> {
  readonly header: ReplyHeader;
  readonly body: ReplyOf<Op> | null;
  readonly frame: Buffer;
}

/** The connection went away before the reply came: the operation's outcome is unknown. */
export class ConnectionLost extends Error {
  constructor(what: string, cause: Error | undefined) {
    const why = cause === undefined ? "" : `: ${cause.message}`;
    super(`connection lost before the reply to ${what}${why}`, { cause });
    this.name = "ConnectionLost";
  }
}

/** A request that waits for its reply. */
interface Waiting {
  readonly op: OpName;
  resolve(reply: Reply<OpName>): void;
  reject(cause: Error): void;
}

/** xids that clients use by convention; the server answers them like any other, but pings always with this one. */
const conventionalXids: Partial<Record<OpName, number>> = {
  ping: xids.ping,
  auth: xids.auth,
  setWatches: xids.setWatches,
  setWatches2: xids.setWatches,
};

/** A session on one connection. Replies are matched by xid, oldest first where xids repeat. */
export class Client {
  /** What the server granted, and the same as it came. */
  readonly granted: ConnectResponse;
  readonly rawGranted: Buffer;
  /** May be replaced at any time. */
  onFrame: (frame: Buffer) => void;
  onClose: (cause: Error | undefined) => void;
  readonly #link: Link;
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #writer = new Writer(256);
  readonly #silenceMaxMs: number | undefined;
  /** Ends the wait for a server that says nothing. */
  #stopWaiting: (() => void) | undefined;
  #lastXid = 0;
  #hasClosed = false;
  /** Why it was us who hung up. */
  #reason: Error | undefined;

  constructor(
    opened: Extract<LinkOutcome, { is: "granted" }>,
    options: Pick<ClientOptions, "silenceMaxMs" | "onFrame" | "onClose">,
  ) {
    this.granted = opened.response;
    this.rawGranted = opened.raw;
    this.onFrame = options.onFrame ?? (() => undefined);
    this.onClose = options.onClose ?? (() => undefined);
    this.#silenceMaxMs = options.silenceMaxMs;
    this.#link = opened.link;
    this.#link.listen({ onFrame: (frame) => this.#receive(frame), onClose: (cause) => this.#closed(cause) });
  }

  /** Whether the connection is gone. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** Sends a request and waits for its reply; a ZooKeeper error is a reply too. Rejects with {@link ConnectionLost}, or `MalformedFrame` when the
   *  reply cannot be decoded. */
  call<Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<Reply<Op>> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply<OpName>>();
    if (this.#hasClosed) reject(new ConnectionLost(op, undefined));
    else {
      const xid = conventionalXids[op] ?? this.#nextXid();
      const sameXid = this.#waiting.get(xid);
      const waiting: Waiting = { op, resolve, reject };
      if (sameXid === undefined) this.#waiting.set(xid, [waiting]);
      else sameXid.push(waiting);
      this.#link.send(encodeRequest(this.#writer.reset(), xid, op, body));
      if (this.#stopWaiting === undefined) this.#wait();
    }
    return promise as Promise<Reply<Op>>;
  }

  /** Sends one frame as it is, without its prefix. A `call` must not use the same xid meanwhile; its own start at 1. */
  sendFrame(frame: Uint8Array): void {
    this.#link.send(frame);
  }

  /** Sends bytes as they are, prefix and all: for tests of broken framing. */
  sendBytes(bytes: Uint8Array): void {
    this.#link.sendBytes(bytes);
  }

  /** Lets the connection go without closing the session. `onClose` follows. */
  close(): void {
    this.#link.close();
  }

  #nextXid(): number {
    this.#lastXid = (this.#lastXid % 0x7fffffff) + 1;
    return this.#lastXid;
  }

  /** From now on the server's silence counts. */
  #wait(): void {
    const ms = this.#silenceMaxMs;
    if (ms === undefined) return;
    this.#stopWaiting = setWakingTimeout(() => {
      this.#reason = new Error(`the server has said nothing for ${ms} ms`);
      this.#link.close();
    }, ms);
  }

  #heard(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    if (this.#waiting.size > 0) this.#wait();
  }

  #receive(frame: Buffer): void {
    this.#take(frame);
    this.#heard();
  }

  #take(frame: Buffer): void {
    this.onFrame(frame);
    const xid = frame.length >= 16 ? frame.readInt32BE(0) : xids.notification;
    if (xid === xids.notification) return;
    const sameXid = this.#waiting.get(xid);
    const waiting = sameXid?.shift();
    if (waiting === undefined) return;
    if (sameXid?.length === 0) this.#waiting.delete(xid);
    try {
      waiting.resolve(decodeReply(waiting.op, frame));
    } catch (cause) {
      if (!(cause instanceof MalformedFrame)) throw cause;
      waiting.reject(cause);
    }
  }

  #closed(cause: Error | undefined): void {
    this.#hasClosed = true;
    this.#stopWaiting?.();
    cause ??= this.#reason;
    for (const sameXid of this.#waiting.values())
      for (const { op, reject } of sameXid) reject(new ConnectionLost(op, cause));
    this.#waiting.clear();
    this.onClose(cause);
  }
}

/** Opens or resumes a session. Never rejects. */
export async function connect(options: ClientOptions): Promise<ClientOutcome> {
  const hello = encodeConnectRequest({
    protocolVersion: 0,
    lastZxidSeen: options.lastZxidSeen ?? 0,
    timeOut: options.timeoutMs,
    sessionId: options.sessionId ?? 0,
    passwd: options.passwd === undefined ? new Uint8Array(passwordBytes) : options.passwd,
    ...(options.readOnly === "absent" ? {} : { readOnly: options.readOnly ?? false }),
  });
  const { host, port, connectWaitMs, tls } = options;
  const opened = await openLink({ host, port, hello, connectWaitMs, ...(tls === undefined ? {} : { tls }) });
  return opened.is === "granted" ? { is: "granted", client: new Client(opened, options) } : opened;
}

/** A request frame without its prefix: header, then the body by the opcode table. A view of the writer. */
export function encodeRequest<Op extends OpName>(writer: Writer, xid: number, op: Op, body: RequestOf<Op>): Buffer {
  const spec = opcodes[op];
  writer.int(xid);
  writer.int(spec.code);
  write(spec.request, writer, body as BodyOf<typeof spec.request>);
  return writer.bytes();
}

/** Decodes a reply to a known operation; bytes behind the body are left to those who compare raw frames. Errors: `MalformedFrame`. */
export function decodeReply<Op extends OpName>(op: Op, frame: Buffer): Reply<Op> {
  const reader = new Reader(frame);
  const header = read(ReplyHeader, reader);
  const hasBody = header.err === 0 || reader.remaining > 0;
  const body = hasBody ? (read(opcodes[op].reply, reader) as ReplyOf<Op>) : null;
  return { header, body, frame };
}
