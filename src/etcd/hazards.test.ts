/** Requests that end, wedge or open up a real ZooKeeper, and what they come to here. Quotas have theirs in quotas.test.ts. The names are those of
 *  zookeeper-semantics 0.1. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { decode } from "../jute/codec.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { MultiResponse, multiOp } from "../protocol/multi.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import type { ZooKeeperVersion } from "./features.ts";

let etcd: FakeEtcd;
let core: Core;
let client: TestClient;
const start = async (version: ZooKeeperVersion = "3.9"): Promise<void> => {
  etcd = new FakeEtcd();
  core = await startCore(etcd, "a", version);
  client = await TestClient.open(core, 100);
};
beforeEach(() => start());
afterEach(() => core.close());

const acl = [...openAcl];
const create = (path: string): number => client.send("create", { path, data: null, acl, flags: 0 });
const codeOf = (xid: number): number | undefined =>
  client.frames.find((frame) => frame.readInt32BE(0) === xid)?.readInt32BE(12);

/** A later request on the same connection, and on another, is answered, and the state can be loaded anew. */
async function expectAlive(): Promise<void> {
  const other = await TestClient.open(core, 200);
  const made = create("/alive");
  await settle();
  expect(codeOf(made)).toBe(errorCodes.OK);
  expect(other.reply(other.send("exists", { path: "/alive", watch: false }), "exists").header.err).toBe(errorCodes.OK);
  const late = await startCore(etcd, "late");
  expect(late.tree.get("/alive")).toBeDefined();
  late.close();
}

test.each([
  ["K1: a TTL of -1", 0, -1],
  ["a TTL of zero", 0, 0],
  ["the least TTL there is", 3, -(2n ** 63n)],
])("%s without a TTL flag is refused", async (_, flags, ttl) => {
  const xid = client.send("createTTL", { path: "/ttl", data: null, acl, flags, ttl });
  await settle();
  expect(codeOf(xid)).toBe(errorCodes.BADARGUMENTS);
  expect(core.tree.get("/ttl")).toBeUndefined();
  await expectAlive();
});

test("H1: a check on its own is an unknown request, whether it would succeed or not", async () => {
  const xid = client.send("check", { path: "/", version: -1 });
  await settle();
  expect(codeOf(xid)).toBe(errorCodes.UNIMPLEMENTED);
  expect(client.hasEnded).toBe(true);
  client = await TestClient.open(core, 300);
  await expectAlive();
});

test("H2: a watch on a null path is taken and watches nothing", async () => {
  const xid = client.send("addWatch", { path: null, mode: 1 });
  await settle();
  expect(codeOf(xid)).toBe(errorCodes.OK);
  expect(core.watches.count).toBe(0);
  await expectAlive();
});

test("H3: deleteContainer from a client deletes nothing up to 3.8", async () => {
  core.close();
  await start("3.8");
  create("/n");
  const xid = client.send("deleteContainer", { path: "/n" });
  await settle();
  expect(codeOf(xid)).toBe(errorCodes.BADARGUMENTS);
  expect(core.tree.get("/n")).toBeDefined();
  await expectAlive();
});

const remove = (path: string | null) => multiOp(2, { path, version: -1 });
const make = (type: number, list: typeof acl | null, flags = 0) =>
  multiOp(type, { path: "/n", data: null, acl: list, flags, ttl: 1 });
const look = multiOp(4, { path: "/", watch: false });

test.each<[string, ZooKeeperVersion, ReturnType<typeof multiOp>[], boolean]>([
  ["writes alone", "3.9", [remove("/n"), remove("/m")], true],
  ["writes with a null path", "3.9", [remove("/n"), remove(null)], true],
  ["a create with a null list", "3.9", [make(1, null)], false],
  ["a create with a null list, up to 3.8.1", "3.8", [make(1, null)], true],
  ["a createTTL with a null list", "3.9", [make(21, null)], true],
  ["a create with flags that are none", "3.9", [make(1, acl, 99)], false],
  ["a read behind a write", "3.9", [remove("/n"), look], false],
  ["a write behind a read", "3.9", [look, remove("/n")], false],
])("a multiRead of %s (%s) is refused, with an empty list where all are writes", async (_, version, ops, hasList) => {
  core.close();
  await start(version);
  const xid = client.send("multiRead", ops);
  await settle();
  const frame = client.frames.find((one) => one.readInt32BE(0) === xid) ?? Buffer.alloc(0);
  expect(codeOf(xid)).toBe(errorCodes.MARSHALLINGERROR);
  expect(frame.length > 16).toBe(hasList);
  if (hasList) expect(decode(MultiResponse, frame.subarray(16))).toEqual([]);
});

test("a multiRead of reads breaks off at a null path, with the results of those before it", async () => {
  const xid = client.send("multiRead", [look, multiOp(8, { path: null, watch: false }), look]);
  await settle();
  const frame = client.frames.find((one) => one.readInt32BE(0) === xid) ?? Buffer.alloc(0);
  expect(codeOf(xid)).toBe(errorCodes.MARSHALLINGERROR);
  expect(decode(MultiResponse, frame.subarray(16)).map(({ header }) => header.type)).toEqual([4]);
});
