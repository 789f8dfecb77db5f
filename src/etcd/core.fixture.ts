/** Test doubles for what stands around a core: an etcd in memory and clients without sockets. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Reader, Writer } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import { type Logger, silentLogger } from "../logger.ts";
import { decodeReply, encodeRequest } from "../protocol/client.ts";
import { eventTypes, type OpName, type RequestOf } from "../protocol/opcodes.ts";
import { ReplyHeader, WatcherEvent } from "../protocol/records.ts";
import { ClientSession } from "./client-session.ts";
import { type Core, loadCore } from "./core.ts";
import type { FakeEtcd } from "./fake-etcd.fixture.ts";
import { featuresOf, type ZooKeeperVersion } from "./features.ts";
import { Keyspace, sessionPassword } from "./keyspace.ts";
import { openSession, PlainWrite } from "./session-writes.ts";

export const keys = new Keyspace("/t");

/** Lets everything happen that needs no clock. */
export async function settle(turns = 30): Promise<void> {
  for (let i = 0; i < turns; i++) await nextTurn();
}

/** A core of the proxy `id` on this etcd. */
export async function startCore(
  etcd: FakeEtcd,
  id: string,
  zkVersion: ZooKeeperVersion = "3.9",
  log: Logger = silentLogger,
): Promise<Core> {
  etcd.put(keys.proxy(id), Buffer.from("1"));
  return loadUnannounced(etcd, id, { zkVersion, log });
}

/** A core whose proxy the others have not heard of. `onBroken` is told when it is useless from now on. */
export async function loadUnannounced(
  etcd: FakeEtcd,
  id: string,
  {
    zkVersion = "3.9",
    log = silentLogger,
    onBroken,
  }: { zkVersion?: ZooKeeperVersion; log?: Logger; onBroken?: (cause: Error) => void } = {},
): Promise<Core> {
  const features = featuresOf[zkVersion];
  const core = await loadCore({
    store: etcd.store,
    keys,
    proxy: id,
    log,
    features,
    rules: {
      policy: { superDigest: null, ipv6: features.ipv6Acl },
      extendedTypes: true,
      enforceQuota: true,
      multiKeepsOpcodes: features.multiKeepsOpcodes,
      clientsDeleteContainers: features.clientsDeleteContainers,
    },
    tickTimeMs: 1_000,
    // Tests count turns of the event loop.
    gatherMs: 0,
    onBroken: (broken, cause) => {
      broken.close();
      onBroken?.(cause);
    },
  });
  await settle();
  return core;
}

/** A client on a core: what it was sent stands in `heard`, one line a frame. */
export class TestClient {
  readonly heard: string[] = [];
  readonly frames: Buffer[] = [];
  readonly session: ClientSession;
  hasEnded = false;
  readonly #asked = new Map<number, OpName>();
  #xid = 0;

  constructor(core: Core, id: Int64) {
    const granted = { protocolVersion: 0, timeOut: 4_000, sessionId: id, passwd: sessionPassword(core.secret, id) };
    const downstream = {
      queuedBytes: 0,
      send: (frame: Uint8Array) => this.#receive(Buffer.from(frame)),
      end: () => {
        this.hasEnded = true;
        this.heard.push("end");
      },
    };
    this.session = new ClientSession(core, { granted, peer: { address: "127.0.0.1", port: 1 }, downstream });
    core.connected(this.session);
  }

  /** A client with a new session. */
  static async open(core: Core, id: Int64): Promise<TestClient> {
    await new Promise<void>((resolve) => {
      core.committer.submit(new PlainWrite(openSession(id, 4_000, core.proxy), () => resolve()));
    });
    return new TestClient(core, id);
  }

  /** Sends one request and does not wait; answers its xid. */
  send<Op extends OpName>(op: Op, body: RequestOf<Op>): number {
    const xid = ++this.#xid;
    this.#asked.set(xid, op);
    this.session.submit(Buffer.from(encodeRequest(new Writer(), xid, op, body)));
    return xid;
  }

  /** The decoded reply to a request, once it is there. */
  reply<Op extends OpName>(xid: number, op: Op): ReturnType<typeof decodeReply<Op>> {
    const frame = this.frames.find((one) => one.readInt32BE(0) === xid);
    if (frame === undefined) throw new Error(`no reply to ${op} ${xid}; heard ${this.heard.join(", ")}`);
    return decodeReply(op, frame);
  }

  #receive(frame: Buffer): void {
    if (this.hasEnded) return;
    this.frames.push(frame);
    const reader = new Reader(frame);
    const { xid, err } = read(ReplyHeader, reader);
    if (xid !== -1) return void this.heard.push(`${this.#asked.get(xid) ?? xid}${err === 0 ? "" : ` ${err}`}`);
    const { type, path } = read(WatcherEvent, reader);
    const name = Object.entries(eventTypes).find(([, value]) => value === type)?.[0];
    this.heard.push(`[${name} ${path}]`);
  }
}
