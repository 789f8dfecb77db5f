/** Seeded traffic for tests of the judge: a few sessions that meet on a few znodes, pipelined, with watches, multis and errors. */
import type { Backend, BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { Writer } from "../../src/jute/buffers.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { encodeConnectRequest, passwordBytes } from "../../src/protocol/connect.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import { type OpName, opcodes, type RequestOf, xids } from "../../src/protocol/opcodes.ts";

/** A deterministic stream of numbers in [0, 1). Source: mulberry32, public domain. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Opens a session on whatever answers: a backend, or a cross-check under a label. */
export type OpenSession = (hello: Hello, downstream: Downstream) => Promise<Opened>;

/** A client without sockets: frames in, frames out. */
export class DirectClient {
  readonly frames: Buffer[] = [];
  session: BackendSession | undefined;
  hasEnded = false;
  opened: Opened | undefined;
  #xid = 0;
  #pending = 0;
  #idle: (() => void)[] = [];

  static async open(
    open: OpenSession,
    how: { timeoutMs?: number; sessionId?: Int64; passwd?: Uint8Array; lastZxidSeen?: Int64; address?: string } = {},
  ): Promise<DirectClient> {
    const client = new DirectClient();
    const request = {
      protocolVersion: 0,
      lastZxidSeen: how.lastZxidSeen ?? 0,
      timeOut: how.timeoutMs ?? 30_000,
      sessionId: how.sessionId ?? 0,
      passwd: how.passwd ?? new Uint8Array(passwordBytes),
      readOnly: false,
    };
    const hello = {
      request,
      raw: encodeConnectRequest(request),
      peer: { address: how.address ?? "127.0.0.1", port: 1 },
    };
    client.opened = await open(hello, {
      send: (frame) => client.#receive(Buffer.from(frame)),
      end: () => client.#end(),
      queuedBytes: 0,
    });
    if (client.opened.is === "granted") client.session = client.opened.session;
    return client;
  }

  /** Sends without waiting. */
  send<Op extends OpName>(op: Op, body: RequestOf<Op>): void {
    const xid = op === "ping" ? xids.ping : op === "auth" ? xids.auth : ++this.#xid;
    this.#pending++;
    this.session?.submit(Buffer.from(encodeRequest(new Writer(), xid, op, body)));
  }

  /** Sends a frame as it is. */
  raw(frame: Buffer): void {
    this.#pending++;
    this.session?.submit(frame);
  }

  /** Resolves when every request has a reply, or the connection has ended. */
  idle(): Promise<void> {
    if (this.#pending === 0 || this.hasEnded) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.session?.close("client");
  }

  #receive(frame: Buffer): void {
    this.frames.push(frame);
    if (frame.readInt32BE(0) !== xids.notification) this.#pending--;
    if (this.#pending <= 0) this.#wake();
  }

  #end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const open = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

/** One random request below `root`. */
export function randomRequest(random: () => number, root: string): readonly [OpName, RequestOf<OpName>] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const path = root + pick(["/a", "/a/x", "/a/x/y", "/b", "/b/x", "/c"]);
  const data = pick([null, Buffer.alloc(0), Buffer.from("one"), Buffer.from("three")]);
  const version = pick([-1, -1, 0, 1, 7]);
  const watch = random() < 0.4;
  const create = { path, data, acl: open, flags: pick([0, 0, 0, 1, 2, 3]) };
  const at = Math.floor(random() * 24);
  if (at < 4) return [pick(["create", "create2"] as const), create];
  if (at < 6) return ["delete", { path, version }];
  if (at < 9) return ["setData", { path, data, version }];
  if (at < 11) return ["exists", { path, watch }];
  if (at < 13) return ["getData", { path, watch }];
  if (at < 15) return [pick(["getChildren", "getChildren2"] as const), { path: pick([path, root]), watch }];
  if (at === 15) return ["getACL", { path }];
  if (at === 16) return ["setACL", { path, acl: open, version: pick([-1, 0, 1]) }];
  if (at === 17) return ["sync", { path }];
  if (at === 18) return ["getAllChildrenNumber", { path: root }];
  if (at === 19) return ["addWatch", { path, mode: pick([0, 1]) }];
  if (at === 20) return ["getEphemerals", { prefixPath: root }];
  if (at === 21) return ["removeWatches", { path, type: pick([1, 2, 3]) }];
  const ops = [
    multiOp(opcodes.create.code, { ...create, flags: pick([0, 2]) }),
    multiOp(opcodes.setData.code, { path: pick([path, `${root}/a`]), data, version: -1 }),
    multiOp(opcodes.check.code, { path: `${root}/b`, version: pick([-1, -1, 0]) }),
    multiOp(opcodes.delete.code, { path: pick([path, `${root}/c`]), version: -1 }),
  ];
  return ["multi", ops.slice(0, 1 + Math.floor(random() * 4))];
}

/** How much traffic, and what to do between its requests. */
export interface Traffic {
  readonly seed: number;
  readonly sessions: number;
  readonly requests: number;
  readonly root: string;
  readonly open: OpenSession;
  readonly fence: () => Promise<void>;
}

/** Runs traffic to its end: sessions take random turns, pipelined, with a pause for breath every 50 requests; in the end half of them close their
 *  session, the others look at what is left and hang up. */
export async function runTraffic({ seed, sessions, requests, root, open: openSession, fence }: Traffic): Promise<void> {
  const random = randomFrom(seed);
  const clients: DirectClient[] = [];
  for (let i = 0; i < sessions; i++) clients.push(await DirectClient.open(openSession));
  const [first] = clients;
  first?.send("create", { path: root, data: null, acl: open, flags: 0 });
  await first?.idle();
  for (let i = 1; i <= requests; i++) {
    const client = clients[Math.floor(random() * clients.length)];
    client?.send(...randomRequest(random, root));
    if (i % 50 === 0) {
      for (const one of clients) await one.idle();
      await fence();
    }
  }
  for (const one of clients) await one.idle();
  await fence();
  const closing = clients.filter((_, index) => index % 2 === 0);
  const staying = clients.filter((_, index) => index % 2 === 1);
  for (const one of closing) one.send("closeSession", {});
  for (const one of closing) await one.idle();
  for (const one of staying) one.send("getChildren2", { path: root, watch: false });
  await fence();
  for (const one of staying) one.close();
  await fence();
}

/** A backend as a session opener. */
export const opener =
  (backend: Pick<Backend, "open">): OpenSession =>
  (hello, downstream) =>
    backend.open(hello, downstream);
