/** A session on any backend, asked one typed request after the other: what probes speak. Works on a bridge to a real server and on a liar alike. */
import type { Backend, BackendSession, Downstream } from "../../src/backend.ts";
import { MalformedFrame, Writer } from "../../src/jute/buffers.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import { decodeReply, encodeRequest, type Reply } from "../../src/protocol/client.ts";
import { type ConnectRequest, encodeConnectRequest, passwordBytes } from "../../src/protocol/connect.ts";
import type { OpName, RequestOf } from "../../src/protocol/opcodes.ts";

/** No answer: the server hung up, stayed silent for too long, or sent what cannot be read. `message` says which, in two words. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Limits of a caller, ms. */
const callerLimits = { sessionTimeoutMs: 10_000, replyWaitMs: 3_000 } as const;

/** A request that waits for its reply. */
interface Waiting {
  readonly op: OpName;
  readonly timer: NodeJS.Timeout;
  resolve(reply: Reply<OpName>): void;
  reject(cause: NoAnswer): void;
}

/** One session on one connection. */
export class Caller {
  readonly #waiting = new Map<number, Waiting>();
  readonly #writer = new Writer(256);
  #session: BackendSession | undefined;
  #lastXid = 0;
  #hasEnded = false;

  /** Opens a session; undefined when the backend gives none. */
  static async open(backend: Backend): Promise<Caller | undefined> {
    const caller = new Caller();
    const request: ConnectRequest = {
      ...{ protocolVersion: 0, lastZxidSeen: 0, timeOut: callerLimits.sessionTimeoutMs, sessionId: 0 },
      ...{ passwd: Buffer.alloc(passwordBytes), readOnly: false },
    };
    const downstream: Downstream = {
      send: (frame) => caller.#receive(Buffer.from(frame)),
      end: () => caller.#stop(),
      queuedBytes: 0,
    };
    const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
    const opened = await backend.open(hello, downstream);
    if (opened.is !== "granted") return undefined;
    caller.#session = opened.session;
    return caller;
  }

  get sessionId(): Int64 {
    return this.#session?.granted.sessionId ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** A ZooKeeper error is a reply too. Rejects with {@link NoAnswer}. */
  call<Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<Reply<Op>> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply<OpName>>();
    if (this.#hasEnded) reject(new NoAnswer("hung up"));
    else {
      const xid = ++this.#lastXid;
      const timer = setTimeout(() => {
        this.#waiting.delete(xid);
        reject(new NoAnswer("no answer"));
      }, callerLimits.replyWaitMs);
      this.#waiting.set(xid, { op, timer, resolve, reject });
      this.#session?.submit(Buffer.from(encodeRequest(this.#writer.reset(), xid, op, body)));
    }
    return promise as Promise<Reply<Op>>;
  }

  /** Ends the session and hangs up. */
  async close(): Promise<void> {
    await this.call("closeSession", {}).catch(() => undefined); // the session ends by its timeout then
    this.#stop();
  }

  #receive(frame: Buffer): void {
    const xid = frame.length >= 16 ? frame.readInt32BE(0) : 0;
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) return;
    this.#waiting.delete(xid);
    clearTimeout(waiting.timer);
    try {
      waiting.resolve(decodeReply(waiting.op, frame));
    } catch (cause) {
      if (!(cause instanceof MalformedFrame)) throw cause;
      waiting.reject(new NoAnswer("malformed reply", { cause }));
    }
  }

  #stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#session?.close("client");
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new NoAnswer("hung up"));
    }
    this.#waiting.clear();
  }
}
