/** One client connection as the runner holds it: frames out, replies matched by xid, its end noticed. */

import type { BackendSession, Downstream, Hello, Opened } from "../src/backend.ts";
import { Reader } from "../src/jute/buffers.ts";
import { read } from "../src/jute/codec.ts";
import { type ConnectRequest, encodeConnectRequest, passwordBytes } from "../src/protocol/connect.ts";
import { ReplyHeader } from "../src/protocol/records.ts";

/** Which session of which case a connection belongs to: what the journal calls it. */
export interface CaseSession {
  readonly case: string;
  readonly session: string;
}

/** Where cases are run: a cross-check, or a server that holds one. */
export interface Door {
  open(as: CaseSession, hello: Hello, downstream: Downstream): Promise<Opened>;
  /** Resolves when nothing more can come of what the case has sent: every answer of both sides is in and compared. */
  settled(caseName: string): Promise<void>;
}

/** A cross-check as a door. */
export const doorTo = (check: { readonly openAs: Door["open"] } & Pick<Door, "settled">): Door => ({
  open: (as, hello, downstream) => check.openAs(as, hello, downstream),
  settled: (caseName) => check.settled(caseName),
});

/** Called with a reply's header and a reader behind it, or with nothing when the connection ended first. */
export type OnReply = (header: ReplyHeader | undefined, rest: Reader) => void;

/** How opening went. */
export type Connected =
  | { readonly is: "granted"; readonly connection: Connection }
  | { readonly is: "refused" }
  | { readonly is: "closed"; readonly reason: string };

/** An open connection. */
export class Connection {
  readonly #pending: { readonly xid: number; readonly onReply: OnReply }[] = [];
  readonly #idle: (() => void)[] = [];
  #session: BackendSession | undefined;
  #hasEnded = false;
  #end: () => void = () => undefined;
  /** Resolves when the server has hung up, or we have. */
  readonly ended: Promise<void>;

  private constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Opens or resumes a session. Never rejects. */
  static async open(door: Door, as: CaseSession, request: ConnectRequest): Promise<Connected> {
    const connection = new Connection();
    const hello = {
      request,
      raw: encodeConnectRequest(request),
      peer: { address: "127.0.0.1", port: 0 },
    };
    const downstream: Downstream = {
      send: (frame) => connection.#receive(frame),
      end: () => connection.#stop(),
      queuedBytes: 0,
    };
    const opened = await door.open(as, hello, downstream);
    if (opened.is !== "granted") return opened.is === "refused" ? { is: "refused" } : opened;
    connection.#session = opened.session;
    return { is: "granted", connection };
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What the handshake granted. */
  get granted(): BackendSession["granted"] {
    if (this.#session === undefined) throw new Error("no session was granted");
    return this.#session.granted;
  }

  /** Sends one request. `onReply` is called once, at the latest when the connection ends. */
  send(xid: number, frame: Buffer, onReply: OnReply): void {
    if (this.#hasEnded) return onReply(undefined, new Reader(frame, frame.length));
    this.#pending.push({ xid, onReply });
    this.#session?.submit(frame);
  }

  /** Sends a frame to which no reply is expected. */
  sendUnanswered(frame: Buffer): void {
    if (!this.#hasEnded) this.#session?.submit(frame);
  }

  /** Resolves when every request sent so far is answered, or the connection has ended. */
  idle(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Hangs up without a word; the session lives on. */
  drop(): void {
    this.#stop();
  }

  #receive(frame: Uint8Array): void {
    const reader = new Reader(frame);
    const header = read(ReplyHeader, reader);
    const index = this.#pending.findIndex((request) => request.xid === header.xid);
    if (index < 0) return; // a watch event, or a reply nobody asked for: the cross-check judges both
    const [request] = this.#pending.splice(index, 1);
    request?.onReply(header, reader);
    if (this.#pending.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#session?.close("client");
    const nothing = new Reader(Buffer.alloc(0));
    for (const { onReply } of this.#pending.splice(0)) onReply(undefined, nothing);
    for (const resolve of this.#idle.splice(0)) resolve();
    this.#end();
  }
}

/** The handshake of a new session. */
export const newSession = (timeOut: number): ConnectRequest => ({
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeOut,
  sessionId: 0,
  passwd: Buffer.alloc(passwordBytes),
  readOnly: false,
});
