/** `xchk audit` on two ZooKeepers: trees that are alike, one planted difference of each class, and a tree that is written to meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditResult } from "../oracle/audit/findings.ts";
import { type Client, connect } from "../src/protocol/client.ts";
import { createFlags } from "../src/protocol/opcodes.ts";
import { runBin } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
let pair: Pair;
let candidate: Client;
let oracle: Client;

/** A session on a server of the pair. */
async function open(server: string): Promise<Client> {
  const port = Number(server.slice(server.lastIndexOf(":") + 1));
  const opened = await connect({ host: "127.0.0.1", port, timeoutMs: 40_000, connectWaitMs: 5_000 });
  if (opened.is !== "granted") throw new Error(`no session at ${server}`);
  return opened.client;
}

beforeAll(async () => {
  pair = await startPair();
  [candidate, oracle] = await Promise.all([open(pair.candidate), open(pair.oracle)]);
});
afterAll(async () => {
  candidate.close();
  oracle.close();
  await pair.stop();
});

type Change = (client: Client) => Promise<unknown>;
const create =
  (path: string, data: string | null = path, flags: number = createFlags.persistent): Change =>
  (client) =>
    client.call("create", { path, data: data === null ? null : Buffer.from(data), acl, flags });
const set =
  (path: string, data: string | null): Change =>
  (client) =>
    client.call("setData", { path, data: data === null ? null : Buffer.from(data), version: -1 });
const remove =
  (path: string): Change =>
  (client) =>
    client.call("delete", { path, version: -1 });

/** Does the same on both servers, one after the other. */
async function onBoth(...changes: readonly Change[]): Promise<void> {
  for (const change of changes) await Promise.all([change(candidate), change(oracle)]);
}

/** What the command printed with --json, or instead of it. */
interface Audited {
  readonly code: number | null;
  readonly out: string;
  readonly result: AuditResult;
}

async function audit(root: string, ...words: readonly string[]): Promise<Audited> {
  const { code, out, err } = await runBin("xchk", ["audit", ...pair.flags, "--root", root, "--json", ...words]);
  return { code, out: out + err, result: (out === "" ? {} : JSON.parse(out)) as AuditResult };
}

/** A tree with some of everything, the same on both sides. */
const tree = (root: string): Change[] => [
  create(root),
  ...Array.from({ length: 20 }, (_, at) => create(`${root}/n${at}`)),
  ...Array.from({ length: 300 }, (_, at) => create(`${root}/n1/c${at}`)),
  create(`${root}/n1/c7/deep`, null),
  create(`${root}/n2/e`, "mine", createFlags.ephemeral),
  create(`${root}/n3/e`, "mine", createFlags.ephemeral),
  set(`${root}/n4`, ""),
  set(`${root}/n5`, null),
];

describe("trees that saw the same", () => {
  test("agree, the whole of both servers with their quotas", async () => {
    await onBoth(
      ...tree("/same"),
      create("/zookeeper/quota/same", null),
      create("/zookeeper/quota/same/zookeeper_limits", "count=-1,bytes=-1"),
      create("/zookeeper/quota/same/zookeeper_stats", "count=1,bytes=1"),
    );
    const { code, out, result } = await audit("/same", "--change-order");
    expect(result, out).toMatchObject({ verdict: "same", differences: [], ephemerals: 2, sessions: 1 });
    expect(result.znodes).toBe(324 + 3);
    expect(code).toBe(0);
    expect((await audit("/")).code).toBe(0);
  });
});

/** One field, and what makes the candidate alone differ in it. */
const plants: readonly (readonly [field: string, at: string, change: (root: string) => Change[]])[] = [
  ["presence", "/n1/c9", (root) => [remove(`${root}/n1/c9`)]],
  ["data", "/n6", (root) => [set(`${root}/n6`, "other")]],
  ["version", "/n6", (root) => [set(`${root}/n6`, `${root}/n6`)]],
  ["cversion", "/n7", (root) => [create(`${root}/n7/x`), remove(`${root}/n7/x`)]],
  ["zxids", "/n7", (root) => [create(`${root}/n7/x`), remove(`${root}/n7/x`)]],
  ["numChildren", "/n8", (root) => [create(`${root}/n8/x`)]],
  ["aversion", "/n9", (root) => [(client) => client.call("setACL", { path: `${root}/n9`, acl, version: -1 })]],
  [
    "acl",
    "/n9",
    (root) => [
      (client) => client.call("setACL", { path: `${root}/n9`, acl: [{ ...acl[0], perms: 1 } as never], version: -1 }),
    ],
  ],
  ["creation-order", "/n10", (root) => [remove(`${root}/n10`), create(`${root}/n10`)]],
  ["ephemeralOwner", "/n2/e", (root) => [remove(`${root}/n2/e`), create(`${root}/n2/e`, "mine")]],
];

describe("one planted difference", () => {
  test.each(plants)("%s at %s is found there", async (field, at, change) => {
    const root = `/planted-${field}`;
    await onBoth(...tree(root));
    for (const one of change(root)) await one(candidate);
    const { code, out, result } = await audit(root);
    expect(code, out).toBe(1);
    const found = result.differences.find((one) => one.field === field);
    expect(
      found?.first.map(({ path }) => path),
      out,
    ).toContain(root + at);
    // Nothing but the znode, its parent, and its place among its siblings is touched.
    expect(result.differingZnodes).toBeLessThanOrEqual(4);
    // Whatever may differ is said to differ no more.
    const fields = result.differences.map((one) => one.field).join(",");
    expect((await audit(root, "--ignore", fields)).code).toBe(0);
    expect((await audit(root, "--ignore", `/planted-${field}/**,${fields}`)).code).toBe(0);
  });

  test("quotas are compared though they lie elsewhere", async () => {
    await onBoth(create("/limited"), create("/zookeeper/quota/limited", null));
    await create("/zookeeper/quota/limited/zookeeper_limits", "count=5,bytes=-1")(candidate);
    const { code, result } = await audit("/limited");
    expect(code).toBe(1);
    expect(result.differences.find(({ field }) => field === "quota")?.first.map(({ path }) => path)).toContain(
      "/zookeeper/quota/limited/zookeeper_limits",
    );
    expect((await audit("/limited", "--ignore", "quota")).code).toBe(0);
  });

  test("ephemerals of two sessions on one side and of one on the other", async () => {
    const second = await open(pair.candidate);
    await onBoth(...tree("/owners"));
    await remove("/owners/n3/e")(candidate);
    await create("/owners/n3/e", "mine", createFlags.ephemeral)(second);
    const { result } = await audit("/owners", "--ignore", "cversion,zxids");
    second.close();
    expect(result.differences.map(({ field, count }) => ({ field, count }))).toEqual([
      { field: "ephemeralOwner", count: 1 },
    ]);
  });
});

test("what is written to meanwhile is no difference: it settles, or is told as changed", async () => {
  await onBoth(...tree("/busy"));
  let isOver = false;
  const writer = (async () => {
    for (let i = 0; !isOver; i++) {
      await set("/busy/n6", String(i))(candidate);
      await set("/busy/n6", String(i))(oracle);
    }
  })();
  const { code, out, result } = await audit("/busy");
  isOver = true;
  await writer;
  expect(result.differences, out).toEqual([]);
  if (result.changed.count > 0) expect(result.changed.first).toEqual(["/busy/n6"]);
  expect(code).toBe(result.changed.count > 0 ? 2 : 0);
});

test("a parent that never holds still hides no child that differs", async () => {
  await onBoth(...tree("/queue"));
  await set("/queue/n1/c5", "other")(candidate);
  let isOver = false;
  const writer = (async () => {
    for (let i = 0; !isOver; i++)
      for (const client of [candidate, oracle]) {
        await create(`/queue/n1/item${i}`)(client);
        await remove(`/queue/n1/item${i}`)(client);
      }
  })();
  const { code, out, result } = await audit("/queue");
  isOver = true;
  await writer;
  expect(code, out).toBe(1);
  expect(result.differences.find(({ field }) => field === "data")?.first.map(({ path }) => path)).toEqual([
    "/queue/n1/c5",
  ]);
});

test("what neither side shows leaves it undecided, unless the credential is given", async () => {
  const secret: Change = async (client) => {
    await client.call("auth", { type: 0, scheme: "digest", auth: Buffer.from("joe:secret") });
    await client.call("create", {
      path: "/secret",
      data: null,
      acl: [{ perms: 31, id: { scheme: "auth", id: "" } }],
      flags: 0,
    });
  };
  await onBoth(secret);
  const { code, result } = await audit("/secret");
  expect(code).toBe(2);
  expect(result.unreadable).toEqual({ count: 1, first: ["/secret"] });
  expect((await audit("/secret", "--auth", "digest:joe:secret")).code).toBe(0);
});

test("chroots are compared with each other", async () => {
  await onBoth(...tree("/one"));
  for (const change of tree("/two")) await change(oracle);
  const words = ["audit", "--to", `${pair.candidate}/one`, "--from", `${pair.oracle}/two`, "--ignore", "data"];
  const { code, out } = await runBin("xchk", words);
  expect(code, out).toBe(0);
  expect(out).toContain("The trees agree: 324 znodes.");
});

test.each([
  [["--root", "x"], 254],
  [["--root", "/nowhere"], 2],
  [["--ignore", "colour"], 254],
  [["--oracle", "auto"], 254],
  [["--candidate", "zk://127.0.0.1:1"], 255],
])("%j ends with %i", async (words, code) => {
  expect((await audit("/same", ...words)).code).toBe(code);
});
