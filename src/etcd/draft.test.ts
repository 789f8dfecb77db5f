/** A draft, the batch made of it, the log and the tree must all come to the same state. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { type Change, type ZnodeKind, znodeKinds } from "./changes.ts";
import { Draft } from "./draft.ts";
import { History, type MakeTransaction, plainly } from "./history.fixture.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

const closedAcl = [{ perms: 1, id: { scheme: "digest", id: "a:b" } }];
const paths = ["/a", "/a/b", "/a/b/c", "/d", "/d/e", "/zookeeper/quota/q"];
/** Two quotas, one inside the other. */
const quotaPaths = ["", "/zookeeper_limits", "/zookeeper_stats", "/b", "/b/zookeeper_limits", "/b/zookeeper_stats"].map(
  (below) => `/zookeeper/quota/a${below}`,
);

/** What a step tries to do; what would not be valid is left out. */
const stepAmong = (names: readonly string[]) =>
  fc.record({
    does: fc.constantFrom("create", "create", "delete", "setData", "setAcl", "openSession", "closeSession"),
    path: fc.constantFrom(...names, "/", "/zookeeper", "/zookeeper/config"),
    kind: fc.constantFrom<ZnodeKind>(0, 0, 1, 2, 3),
    session: fc.constantFrom<number | bigint>(1, 2n ** 56n),
    data: fc.constantFrom(
      null,
      Buffer.alloc(0),
      Buffer.from("x"),
      Buffer.from("count=7;z=1"),
      Buffer.alloc(300_000, "y"),
    ),
    acl: fc.constantFrom(openAcl, closedAcl),
  });
const step = stepAmong(paths);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

function changeFor(draft: Draft, { does, path, kind, session, data, acl }: Step): Change | undefined {
  const node = draft.get(path);
  const isSession = draft.session(session) !== undefined;
  switch (does) {
    case "create": {
      const parent = draft.get(parentOf(path));
      if (node !== undefined || parent === undefined || parent.kind === znodeKinds.ephemeral) return undefined;
      if (kind === znodeKinds.ephemeral && !isSession) return undefined;
      const owner = kind === znodeKinds.ephemeral ? session : 0;
      const ttlMs = kind === znodeKinds.ttl ? 1_000 : 0;
      return { is: "create", path, data, acl, kind, owner, ttlMs, creates: parent.creates + 1 };
    }
    case "delete":
      return node === undefined || node.childCount > 0 || ![...paths, ...quotaPaths].includes(path)
        ? undefined
        : { is: "delete", path };
    case "setData":
      return node === undefined ? undefined : { is: "setData", path, data };
    case "setAcl":
      return node === undefined ? undefined : { is: "setAcl", path, acl };
    case "openSession":
      return { is: "openSession", session, timeoutMs: 4_000, owner: "p" };
    default:
      return isSession ? { is: "closeSession", session } : undefined;
  }
}

/** One transaction per inner list. */
const attempt =
  (steps: Step[]): MakeTransaction =>
  (draft, at) => {
    const changes: Change[] = [];
    for (const one of steps) {
      const change = changeFor(draft, one);
      if (change === undefined) continue;
      draft.apply(change, at);
      changes.push(change);
    }
    return changes;
  };

/** A quota on /a and one on /a/b, statistics and all, to begin with. */
const quotas: Step[] = ["/a", "/a/b", ...quotaPaths].map((path) => {
  return { does: "create", path, kind: 0, session: 1, data: Buffer.alloc(0), acl: openAcl };
});

test.each<[string, Step[], typeof step]>([
  ["without quotas", [], step],
  ["with quotas", quotas, stepAmong([...paths, ...quotaPaths])],
])("committed, followed and freshly loaded trees are equal in every field, %s", async (_, first, one) => {
  const batches = fc.array(fc.array(fc.array(one, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(batches, async (history) => {
      const past = await History.begin();
      for (const batch of [[first], ...history]) {
        await past.commit(batch.map(attempt));
        const loaded = dumpTree(await past.loaded());
        expect(dumpTree(past.own.tree)).toEqual(loaded);
        expect(dumpTree(past.foreign.tree)).toEqual(loaded);
      }
    }),
    { numRuns: 80 },
  );
});

const plain = { data: null, acl: openAcl, kind: 0, owner: 0, ttlMs: 0 } as const;

/** Commits batches given as plain changes, each a transaction of its own, and answers the writer's tree and one loaded afterwards. */
async function committed(...batches: Change[][]): Promise<unknown[]> {
  const past = await History.begin();
  for (const changes of batches) await past.commit(changes.map((change) => plainly(change)));
  return [dumpTree(past.own.tree), dumpTree(await past.loaded())];
}

test("a znode deleted and made again in one batch starts with a fresh counter", async () => {
  const make = (path: string, creates: number): Change => ({ is: "create", path, creates, ...plain });
  const [live, loaded] = await committed(
    [make("/a", 1), make("/a/b", 1), { is: "delete", path: "/a/b" }],
    [{ is: "delete", path: "/a" }, make("/a", 2)],
  );
  expect(live).toEqual(loaded);
});

test("a session that ends in the batch that touched its ephemeral takes it along once", async () => {
  const open: Change = { is: "openSession", session: 1, timeoutMs: 4_000, owner: "p" };
  const make: Change = { is: "create", path: "/e", creates: 1, ...plain, kind: 1, owner: 1 };
  const [live, loaded] = await committed(
    [open, make],
    [
      { is: "setData", path: "/e", data: null },
      { is: "closeSession", session: 1 },
      { is: "create", path: "/f", creates: 2, ...plain },
    ],
  );
  expect(live).toEqual(loaded);
  const draft = new Draft((await History.begin()).own.tree);
  for (const change of [open, make, { is: "setData", path: "/e", data: null } as const])
    draft.apply(change, { zxid: 1, timeMs: 1 });
  const above = new Draft(draft);
  above.apply({ is: "setData", path: "/e", data: null }, { zxid: 1, timeMs: 1 });
  expect([...above.ephemeralsOf(1)]).toEqual(["/e"]);
});

test("a draft does not touch what it is drawn over", async () => {
  const tree = (await History.begin()).own.tree;
  const before = dumpTree(tree);
  const draft = new Draft(tree);
  const create: Change = {
    is: "create",
    path: "/a",
    data: null,
    acl: openAcl,
    kind: 0,
    owner: 0,
    ttlMs: 0,
    creates: 1,
  };
  draft.apply(create, { zxid: 1, timeMs: 5 });
  draft.apply({ is: "setData", path: "/", data: Buffer.from("r") }, { zxid: 1, timeMs: 5 });
  expect(draft.get("/a")?.czxid).toBe(1);
  expect(draft.get("")?.childCount).toBe(2);
  expect(dumpTree(tree)).toEqual(before);
});
