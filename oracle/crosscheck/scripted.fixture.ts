/** Two servers that say exactly what a test tells them, and the cross-check between them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { Reader, Writer } from "../../src/jute/buffers.ts";
import { read, write } from "../../src/jute/codec.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { encodeConnectRequest, encodeConnectResponse, refusal } from "../../src/protocol/connect.ts";
import { type ErrorName, errorCodes } from "../../src/protocol/error-codes.ts";
import { type OpName, opcodes, opName, type ReplyOf, type RequestOf, xids } from "../../src/protocol/opcodes.ts";
import { RequestHeader, type Stat, WatcherEvent } from "../../src/protocol/records.ts";
import type { Both, Side } from "../compare/difference.ts";
import { both } from "../compare/sides.ts";
import { type CrossCheckOptions, crosscheck } from "../crosscheck.ts";
import type { JournalLine } from "../journal.ts";

/** A Stat with zeros where nothing is said. */
export const stat = (fields: Partial<Stat> = {}): Stat => ({
  czxid: 0,
  mzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0,
  dataLength: 0,
  numChildren: 0,
  pzxid: 0,
  ...fields,
});

/** A reply frame. */
export function replyFrame<Op extends OpName>(
  op: Op,
  told: { xid: number; zxid?: Int64; err?: ErrorName; body?: ReplyOf<Op> },
): Buffer {
  const writer = new Writer();
  writer.int(told.xid);
  writer.long(told.zxid ?? 1);
  writer.int(errorCodes[told.err ?? "OK"]);
  if (told.body !== undefined) write(opcodes[op].reply, writer, told.body as never);
  return writer.copy();
}

/** An event frame with header zxid −1. */
export function eventFrame(type: number, path: string, zxid: Int64 = -1): Buffer {
  const writer = new Writer();
  writer.int(xids.notification);
  writer.long(zxid);
  writer.int(0);
  write(WatcherEvent, writer, { type, state: 3, path });
  return writer.copy();
}

/** A request as a scripted server got it. */
export interface Got {
  readonly xid: number;
  readonly op: OpName | undefined;
  readonly frame: Buffer;
}

/** One connection at a scripted server. */
export class ScriptedConnection implements BackendSession {
  readonly got: Got[] = [];
  readonly hello: Hello;
  readonly granted: BackendSession["granted"];
  closedWith: string | undefined;
  readonly #downstream: Downstream;

  constructor(hello: Hello, granted: BackendSession["granted"], downstream: Downstream) {
    this.hello = hello;
    this.granted = granted;
    this.#downstream = downstream;
  }

  submit(frame: Buffer): void {
    const { xid, type } = read(RequestHeader, new Reader(frame));
    this.got.push({ xid, op: opName(type), frame });
  }

  close(why: string): void {
    this.closedWith = why;
  }

  send(frame: Buffer): void {
    this.#downstream.send(frame);
  }

  hangUp(): void {
    this.#downstream.end();
  }
}

/** A server that grants every session, ids counting from its own base, until told otherwise. */
export class ScriptedServer implements Backend {
  readonly name: string;
  readonly connections: ScriptedConnection[] = [];
  serving = true;
  /** When it was last found not to serve, ms. */
  awayAt: number | undefined;
  answer: "granted" | "refused" | "closed" = "granted";
  /** How many of the next handshakes it closes on, whatever its answer is. */
  drops = 0;
  /** Does not hang up on those whom it refuses. */
  isLeftOpen = false;
  timeOut = 10_000;
  /** How long it thinks about handshakes, ms. */
  opensInMs = 0;
  #nextId: number;

  constructor(name: string, firstId: number) {
    this.name = name;
    this.#nextId = firstId;
  }

  async open(hello: Hello, downstream: Downstream): Promise<Opened> {
    if (this.opensInMs > 0) await sleep(this.opensInMs);
    if (this.drops > 0) {
      this.drops--;
      return { is: "closed", reason: "told so" };
    }
    if (this.answer === "closed") return { is: "closed", reason: "told so" };
    if (this.answer === "refused")
      return {
        ...{ is: "refused", raw: encodeConnectResponse({ ...refusal(), readOnly: false }) },
        ...(this.isLeftOpen ? { isLeftOpen: true } : {}),
      };
    const sessionId = hello.request.sessionId === 0 ? this.#nextId++ : hello.request.sessionId;
    const passwd = Buffer.alloc(16, Number(BigInt(sessionId) % 251n));
    const granted = { protocolVersion: 0, timeOut: this.timeOut, sessionId, passwd, readOnly: false };
    const session = new ScriptedConnection(hello, granted, downstream);
    this.connections.push(session);
    return { is: "granted", session, raw: encodeConnectResponse(granted) };
  }

  status(): ReturnType<Backend["status"]> {
    const none = { nodeCount: 0, watchCount: 0, ephemeralsCount: 0, dataBytes: 0, sessionCount: 0 };
    const seen = this.awayAt === undefined ? {} : { awayAt: this.awayAt };
    return { serving: this.serving, ...seen, mode: "standalone", zxid: 0, version: "3.8.0", counters: {}, ...none };
  }

  list(): ReturnType<Backend["list"]> {
    return { sessions: [], watches: new Map() };
  }

  async close(): Promise<void> {
    this.serving = false;
  }
}

/** A client in a scripted test. */
export interface ScriptedClient {
  readonly opened: Opened;
  readonly frames: Buffer[];
  readonly at: Both<ScriptedConnection | undefined>;
  hasEnded(): boolean;
  send<Op extends OpName>(xid: number, op: Op, body: RequestOf<Op>): void;
  raw(frame: Buffer): void;
  close(): void;
}

/** A cross-check with a scripted server on each side. */
export class Bench {
  readonly servers: Both<ScriptedServer> = {
    candidate: new ScriptedServer("candidate", 1000),
    oracle: new ScriptedServer("oracle", 5000),
  };
  readonly lines: JournalLine[] = [];
  readonly crosscheck;

  constructor(options: Partial<CrossCheckOptions> = {}) {
    this.crosscheck = crosscheck({
      ...this.servers,
      answerFrom: "oracle",
      emit: (line) => this.lines.push(line),
      settleMs: 40,
      replyWaitMs: 80,
      serial: false,
      keepAnswers: true,
      reveal: true,
      ...options,
    });
  }

  async client(
    session: string,
    how: { sessionId?: Int64; passwd?: Uint8Array; lastZxidSeen?: Int64; case?: string } = {},
  ): Promise<ScriptedClient> {
    const request = {
      protocolVersion: 0,
      lastZxidSeen: how.lastZxidSeen ?? 0,
      timeOut: 10_000,
      sessionId: how.sessionId ?? 0,
      passwd: how.passwd ?? new Uint8Array(16),
      readOnly: false,
    };
    const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 1 } };
    const frames: Buffer[] = [];
    let hasEnded = false;
    const opened = await this.crosscheck.openAs({ case: how.case ?? "c", session }, hello, {
      send: (frame) => frames.push(Buffer.from(frame)),
      end: () => {
        hasEnded = true;
      },
      queuedBytes: 0,
    });
    const raw = (frame: Buffer) => opened.is === "granted" && opened.session.submit(frame);
    return {
      opened,
      frames,
      at: both((side) => this.servers[side].connections.at(-1)),
      hasEnded: () => hasEnded,
      send: (xid, op, body) => raw(Buffer.from(encodeRequest(new Writer(), xid, op, body))),
      raw,
      close: () => opened.is === "granted" && opened.session.close("client"),
    };
  }

  /** Steps but the handshakes. */
  steps() {
    return this.lines.flatMap((line) => (line.event === "step" && line.op !== "connect" ? [line] : []));
  }

  notifications() {
    return this.lines.flatMap((line) => (line.event === "notification" ? [line] : []));
  }

  divergences() {
    return this.lines.flatMap((line) => (line.event === "divergence" ? [line] : []));
  }
}

/** What a side got, by operation. */
export const gotOps = (client: ScriptedClient, side: Side): (string | undefined)[] =>
  (client.at[side]?.got ?? []).map(({ op }) => op);
