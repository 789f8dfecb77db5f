/** A backend for tests that keeps what it is told. */
import type {
  Backend,
  BackendListing,
  BackendSession,
  BackendStatus,
  CloseReason,
  Downstream,
  Hello,
  Opened,
} from "../backend.ts";
import { Writer } from "../jute/buffers.ts";
import { encodeConnectResponse, refusal } from "../protocol/connect.ts";

/** A session that keeps every frame; `onSubmit` may answer. */
export class FakeSession implements BackendSession {
  readonly granted;
  readonly frames: Buffer[] = [];
  readonly hello: Hello;
  readonly downstream: Downstream;
  closedFor: CloseReason[] = [];
  readonly #onSubmit: (frame: Buffer, session: FakeSession) => void;

  constructor(
    hello: Hello,
    downstream: Downstream,
    id: number,
    onSubmit: (frame: Buffer, session: FakeSession) => void,
  ) {
    this.hello = hello;
    this.downstream = downstream;
    this.#onSubmit = onSubmit;
    this.granted = { protocolVersion: 0, timeOut: 4_000, sessionId: id, passwd: Buffer.alloc(16, 1), readOnly: false };
  }

  submit(frame: Buffer): void {
    this.frames.push(frame);
    this.#onSubmit(frame, this);
  }

  close(why: CloseReason): void {
    this.closedFor.push(why);
  }
}

/** How the fake backend behaves; by default it grants at once and answers each request with an empty reply. */
export interface FakeBehaviour {
  readonly onSubmit?: (frame: Buffer, session: FakeSession) => void;
  /** Awaited before the answer to `open`; may throw. */
  readonly beforeOpen?: (hello: Hello) => Promise<void> | void;
  readonly opens?: "granted" | "refused" | "closed";
  readonly status?: Partial<BackendStatus>;
  readonly list?: BackendListing;
}

/** A backend that holds nothing but what it was told. */
export class FakeBackend implements Backend {
  readonly name = "fake";
  readonly sessions: FakeSession[] = [];
  readonly #behaviour: FakeBehaviour;

  constructor(behaviour: FakeBehaviour = {}) {
    this.#behaviour = behaviour;
  }

  async open(hello: Hello, downstream: Downstream): Promise<Opened> {
    await this.#behaviour.beforeOpen?.(hello);
    if (this.#behaviour.opens === "closed") return { is: "closed", reason: "told so" };
    if (this.#behaviour.opens === "refused") return { is: "refused", raw: encodeConnectResponse(refusal()) };
    const session = new FakeSession(
      hello,
      downstream,
      this.sessions.length + 1,
      this.#behaviour.onSubmit ?? answerEmpty,
    );
    this.sessions.push(session);
    return { is: "granted", session, raw: encodeConnectResponse(session.granted) };
  }

  status(): BackendStatus {
    return {
      serving: true,
      mode: "standalone",
      zxid: 0x370,
      nodeCount: 18,
      watchCount: 3,
      ephemeralsCount: 2,
      dataBytes: 300,
      sessionCount: 1,
      version: "3.9.5-zetcd",
      counters: { fake_calls: 7 },
      ...this.#behaviour.status,
    };
  }

  list(): BackendListing {
    return this.#behaviour.list ?? { sessions: [], watches: new Map() };
  }

  async close(): Promise<void> {}
}

/** Answers a request with the header of a successful reply, zxid 5. */
export function answerEmpty(frame: Buffer, session: FakeSession): void {
  session.downstream.send(replyFrame(frame.readInt32BE(0)));
}

/** A reply's header followed by any bytes. */
export function replyFrame(xid: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const writer = new Writer();
  writer.int(xid);
  writer.long(5);
  writer.int(0);
  writer.raw(body);
  return writer.copy();
}

/** A request: header and any bytes. */
export function requestFrame(xid: number, opcode = 11, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const writer = new Writer();
  writer.int(xid);
  writer.int(opcode);
  writer.raw(body);
  return writer.copy();
}
