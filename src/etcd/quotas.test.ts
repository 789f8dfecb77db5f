/** Quotas as clients see them, on the proxy that counts, on one that follows, and on one that starts later. Source: zookeeper-semantics 11.1. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorCodes } from "../protocol/error-codes.ts";
import { multiOp } from "../protocol/multi.ts";
import type { RequestOf } from "../protocol/opcodes.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { dumpTree } from "./tree-dump.fixture.ts";
import { statOf } from "./znode.ts";

let etcd: FakeEtcd;
let a: Core;
let b: Core;
let client: TestClient;
beforeEach(async () => {
  etcd = new FakeEtcd();
  a = await startCore(etcd, "a");
  b = await startCore(etcd, "b");
  client = await TestClient.open(a, 100);
});
afterEach(() => {
  a.close();
  b.close();
});

const body = (path: string, data: string | null = "", flags = 0): RequestOf<"create"> => ({
  path,
  data: data === null ? null : Buffer.from(data),
  acl: [...openAcl],
  flags,
});

/** Codes of the replies to what was sent in one go. */
async function codesOf(...sent: (() => number)[]): Promise<number[]> {
  const xids = sent.map((send) => send());
  await settle();
  return xids.map((xid) => client.frames.find((frame) => frame.readInt32BE(0) === xid)?.readInt32BE(12) ?? Number.NaN);
}
const create =
  (path: string, data: string | null = "", flags = 0) =>
  () =>
    client.send("create", body(path, data, flags));
const set =
  (path: string, data: string | null, version = -1) =>
  () =>
    client.send("setData", { path, data: data === null ? null : Buffer.from(data), version });
const remove = (path: string) => () => client.send("delete", { path, version: -1 });

/** Gives a path limits, and statistics unless they are null. */
async function limit(path: string, limits: string | null, stats: string | null = ""): Promise<void> {
  const parts = path.split("/").slice(1);
  const folders = parts.map((_, index) => create(`/zookeeper/quota/${parts.slice(0, index + 1).join("/")}`));
  const nodes = [create(`/zookeeper/quota${path}/zookeeper_limits`, limits)];
  if (stats !== null) nodes.push(create(`/zookeeper/quota${path}/zookeeper_stats`, stats));
  await codesOf(...folders, ...nodes);
}
const used = (path: string, core = a): string | undefined =>
  core.tree.get(`/zookeeper/quota${path}/zookeeper_stats`)?.data?.toString();

/** The same on all proxies, also on one that loads it now. */
async function expectUsed(path: string, text: string): Promise<void> {
  const late = await startCore(etcd, "late");
  expect([used(path), used(path, b), used(path, late)]).toEqual([text, text, text]);
  expect(dumpTree(b.tree)).toEqual(dumpTree(a.tree));
  expect(dumpTree(late.tree)).toEqual(dumpTree(a.tree));
  late.close();
}

describe("what is used", () => {
  test("is counted anew when the statistics are made, whatever they are made with", async () => {
    await codesOf(create("/q", "ab"), create("/q/a", "c"), create("/q/a/b", null), create("/qq", "zzz"));
    await limit("/q", "count=5,bytes=5", "garbage");
    await expectUsed("/q", "count=3,bytes=3");
  });

  test("is counted with what is still under way", async () => {
    const limits = ["/zookeeper/quota/q", "/zookeeper/quota/q/zookeeper_limits", "/zookeeper/quota/q/zookeeper_stats"];
    await codesOf(create("/q", "ab"), create("/qq", "z"), ...limits.map((path) => create(path)), create("/q/a", "c"));
    await expectUsed("/q", "count=2,bytes=3");
  });

  test("follows every creation, change and deletion, a session's end included", async () => {
    await codesOf(create("/q", "ab"));
    await limit("/q", "count=5,bytes=5");
    await codesOf(create("/q/a", "four"), create("/q/e", "e", 1), set("/q/a", "sixsix"), set("/q", null));
    await expectUsed("/q", "count=3,bytes=7");
    await codesOf(remove("/q/a"));
    await expectUsed("/q", "count=2,bytes=1");
    client.send("closeSession", {});
    await settle();
    await expectUsed("/q", "count=1,bytes=0");
  });

  test("changes no version, no time and wakes no watch", async () => {
    await codesOf(create("/q"));
    await limit("/q", "count=5,bytes=5");
    const path = "/zookeeper/quota/q/zookeeper_stats";
    const before = a.tree.get(path)?.clone();
    await codesOf(() => client.send("getData", { path, watch: true }), create("/q/a", "a"));
    expect(used("/q")).toBe("count=2,bytes=1");
    expect(client.heard.filter((line) => line.startsWith("["))).toEqual([]);
    const after = a.tree.get(path);
    expect(after && statOf(after)).toEqual(before && { ...statOf(before), dataLength: after?.dataLength });
  });

  test("reaches etcd in the batch that used it, once", async () => {
    await codesOf(create("/q"));
    await limit("/q", "count=5,bytes=5");
    const before = etcd.revision;
    await codesOf(create("/q/a"), create("/q/b"), create("/q/c"));
    expect(etcd.revision).toBe(before + 1);
    await expectUsed("/q", "count=4,bytes=0");
  });

  test("belongs to the deepest quota alone", async () => {
    await codesOf(create("/q"), create("/q/in"));
    await limit("/q", "count=5");
    await limit("/q/in", "count=5");
    await codesOf(create("/q/in/a", "aa"), create("/q/b", "b"));
    await expectUsed("/q/in", "count=2,bytes=2");
    await expectUsed("/q", "count=3,bytes=1");
    await codesOf(remove("/zookeeper/quota/q/in/zookeeper_limits"), create("/q/in/c", "ccc"));
    await expectUsed("/q/in", "count=2,bytes=2");
    await expectUsed("/q", "count=4,bytes=4");
  });

  test("is not touched by a multi that fails, and once by one that does not", async () => {
    await codesOf(create("/q"));
    await limit("/q", "count=5");
    const multi =
      (...paths: string[]) =>
      () =>
        client.send(
          "multi",
          paths.map((path) => multiOp(1, { ...body(path, "x") })),
        );
    await codesOf(multi("/q/a", "/nope/b"));
    await expectUsed("/q", "count=1,bytes=0");
    await codesOf(multi("/q/a", "/q/b"));
    await expectUsed("/q", "count=3,bytes=2");
  });
});

describe("a hard limit", () => {
  const exceeded = errorCodes.QUOTAEXCEEDED;
  beforeEach(async () => {
    await codesOf(create("/q", "12"), create("/q/e", "", 1));
    await limit("/q", "count=1,bytes=1=;byteHardLimit=5;countHardLimit=3");
  });

  test("is reached and not passed; soft ones forbid nothing", async () => {
    expect(await codesOf(create("/q/a", "345"), create("/q/b"))).toEqual([0, exceeded]);
    expect(await codesOf(set("/q", "123"), set("/q", "1"), set("/q/a", "3456"))).toEqual([exceeded, 0, 0]);
    await expectUsed("/q", "count=3,bytes=5");
  });

  test("comes last in a create, and before the version in a setData", async () => {
    await codesOf(create("/q/a", "345"));
    const codes = await codesOf(create("/q/a"), create("/q/e/x"), create("/q/nope/x"), set("/q", "123", 77));
    const { NODEEXISTS, NOCHILDRENFOREPHEMERALS, NONODE } = errorCodes;
    expect(codes).toEqual([NODEEXISTS, NOCHILDRENFOREPHEMERALS, NONODE, exceeded]);
  });

  test("lets pass what does not change what it limits", async () => {
    await codesOf(set("/zookeeper/quota/q/zookeeper_limits", "byteHardLimit=1,countHardLimit=1"));
    expect(await codesOf(set("/q", "ab"), remove("/q/e"), create("/q/a"))).toEqual([0, 0, exceeded]);
  });

  test("is overshot by one multi, which is not held against itself", async () => {
    const members = ["/q/a", "/q/b", "/q/c"].map((path) => multiOp(1, { ...body(path) }));
    client.send("multi", members);
    await settle();
    await expectUsed("/q", "count=5,bytes=2");
    expect(await codesOf(create("/q/d"))).toEqual([exceeded]);
  });

  test("of -1 is none", async () => {
    await codesOf(set("/zookeeper/quota/q/zookeeper_limits", "byteHardLimit=-1,countHardLimit=-1"));
    expect(await codesOf(create("/q/a", "abc"), create("/q/b", "1234567"))).toEqual([0, 0]);
  });

  test("is gone with its znode", async () => {
    await codesOf(remove("/zookeeper/quota/q/zookeeper_limits"));
    expect(await codesOf(create("/q/a", "1234567890"), create("/q/b"))).toEqual([0, 0]);
    await expectUsed("/q", "count=2,bytes=2");
  });
});

describe("what ends a ZooKeeper does not end us", () => {
  test.each<[string, string | null]>([
    ["text", "garbage"],
    ["nothing", null],
  ])("unreadable statistics (%s) stay as they are and forbid nothing", async (_, text) => {
    await codesOf(create("/q"));
    await limit("/q", "countHardLimit=1");
    await codesOf(set("/zookeeper/quota/q/zookeeper_stats", text));
    expect(await codesOf(create("/q/a"), set("/q/a", "x"), remove("/q/a"))).toEqual([0, 0, 0]);
    expect(used("/q") ?? null).toBe(text);
    await codesOf(remove("/zookeeper/quota/q/zookeeper_stats"), create("/zookeeper/quota/q/zookeeper_stats"));
    await expectUsed("/q", "count=1,bytes=0");
  });

  test.each<[string, string | null]>([
    ["text", "countHardLimit=0,bytes"],
    ["nothing", null],
  ])("unreadable limits (%s) forbid nothing, and counting goes on", async (_, text) => {
    await codesOf(create("/q"));
    await limit("/q", text);
    expect(await codesOf(create("/q/a"))).toEqual([0]);
    await expectUsed("/q", "count=2,bytes=0");
  });

  test("limits without statistics forbid nothing", async () => {
    await codesOf(create("/q"));
    await limit("/q", "countHardLimit=1", null);
    expect(await codesOf(create("/q/a"))).toEqual([0]);
  });

  test("limits on the root are a znode like any other", async () => {
    const made = ["zookeeper_limits", "zookeeper_stats"].map((name) =>
      create(`/zookeeper/quota/${name}`, "countHardLimit=1"),
    );
    expect(await codesOf(...made, create("/q"), set("/", "x"), remove("/q"))).toEqual([0, 0, 0, 0, 0]);
    await expectUsed("", "countHardLimit=1");
  });
});
