/** Bundles: what they save, and that nothing is ever read from them that is no longer so. */
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { bundleLimits } from "./bundles.ts";
import type { Change } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { History, type MakeTransaction, plainly } from "./history.fixture.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

let past: History;
beforeEach(async () => {
  past = await History.begin();
});

const make =
  (path: string, data: Buffer | null = null): MakeTransaction =>
  (draft, at) => {
    const creates = (draft.get("/")?.creates ?? 0) + 1;
    const change: Change = { is: "create", path, data, acl: openAcl, kind: 0, owner: 0, ttlMs: 0, creates };
    draft.apply(change, at);
    return [change];
  };
const remove = (path: string): MakeTransaction => plainly({ is: "delete", path });
const set = (path: string): MakeTransaction => plainly({ is: "setData", path, data: Buffer.from("new") });
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `/n${index}`);

/** How many keys of each kind etcd holds: n, b, g. */
function keysHeld(): { own: number; bundles: number; marks: number } {
  const count = (kind: string) => [...past.etcd.data.keys()].filter((key) => key.startsWith(`/t/${kind}/`)).length;
  return { own: count("n"), bundles: count("b"), marks: count("g") };
}

async function expectSameEverywhere(): Promise<void> {
  const loaded = dumpTree(await past.loaded());
  expect(dumpTree(past.own.tree)).toEqual(loaded);
  expect(dumpTree(past.foreign.tree)).toEqual(loaded);
}

test("what is created in one batch shares a key; what is created alone has its own", async () => {
  await past.commit(names(50).map((path) => make(path)));
  expect(keysHeld()).toEqual({ own: 0, bundles: 1, marks: 0 });
  await past.commit([make("/alone")]);
  expect(keysHeld()).toEqual({ own: 1, bundles: 1, marks: 0 });
  await expectSameEverywhere();
});

test("large data and znodes written again in the same batch have keys of their own; those of one multi share", async () => {
  const both = (draft: Draft, at: { zxid: number; timeMs: number }) => [
    ...make("/m1")(draft, at),
    ...make("/m2")(draft, at),
  ];
  const large = Buffer.alloc(bundleLimits.dataMax + 1);
  await past.commit([make("/a"), make("/large", large), make("/set"), set("/set"), both, make("/z")]);
  expect(keysHeld()).toEqual({ own: 2, bundles: 1, marks: 0 });
  await expectSameEverywhere();
});

test("a bundle takes no more than its bytes", async () => {
  const data = Buffer.alloc(bundleLimits.dataMax);
  await past.commit(names(64).map((path) => make(path, data)));
  expect(keysHeld()).toEqual({ own: 33, bundles: 1, marks: 0 });
  await expectSameEverywhere();
});

test("a znode that is set again gets a key of its own, and its place in the bundle goes only with it", async () => {
  await past.commit(names(8).map((path) => make(path)));
  await past.commit([set("/n3")]);
  expect(keysHeld()).toEqual({ own: 1, bundles: 1, marks: 0 });
  await expectSameEverywhere();
  await past.commit([remove("/n3")]);
  expect(keysHeld()).toEqual({ own: 0, bundles: 1, marks: 1 });
  await expectSameEverywhere();
});

test("a bundle of which a quarter is left dissolves", async () => {
  await past.commit(names(8).map((path) => make(path)));
  await past.commit([set("/n7")]);
  await past.commit([0, 1, 2, 3, 4].map((index) => remove(`/n${index}`)));
  expect(keysHeld()).toEqual({ own: 1, bundles: 1, marks: 1 });
  await past.commit([remove("/n5")]);
  expect(keysHeld()).toEqual({ own: 2, bundles: 0, marks: 0 });
  await expectSameEverywhere();
});

test("deleted and made again in one batch, the new znode is the one that counts", async () => {
  await past.commit(names(8).map((path) => make(path)));
  await past.commit([set("/n0")]);
  await past.commit([remove("/n0"), make("/n0"), remove("/n1"), make("/n1"), remove("/n2"), make("/n2"), set("/n2")]);
  expect(keysHeld()).toEqual({ own: 1, bundles: 2, marks: 1 });
  await expectSameEverywhere();
});

test("nothing is left of a tree that was emptied", async () => {
  await past.commit(names(40).map((path) => make(path)));
  await past.commit(names(20).map((path) => set(path)));
  for (const path of names(40)) await past.commit([remove(path)]);
  expect(keysHeld()).toEqual({ own: 0, bundles: 0, marks: 0 });
  await expectSameEverywhere();
});

test("any history of creations, deletions and writes is the same for writer, follower and loader", async () => {
  const one = fc.record({ does: fc.constantFrom("make", "make", "remove", "set"), path: fc.constantFrom(...names(9)) });
  const transaction = fc.array(one, { minLength: 1, maxLength: 3 });
  const batches = fc.array(fc.array(transaction, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 12 });
  let marksSeen = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (history) => {
      past = await History.begin();
      for (const batch of history) {
        const possible = ({ does, path }: (typeof batch)[number][number]): MakeTransaction => {
          return (draft, at) => {
            if ((draft.get(path) === undefined) !== (does === "make")) return [];
            if (does === "make") return make(path)(draft, at);
            return (does === "remove" ? remove : set)(path)(draft, at);
          };
        };
        const all =
          (steps: (typeof batch)[number]): MakeTransaction =>
          (draft, at) =>
            steps.flatMap((step) => possible(step)(draft, at));
        await past.commit(batch.map(all));
        marksSeen += keysHeld().marks;
        await expectSameEverywhere();
      }
    }),
    { numRuns: 150 },
  );
  expect(marksSeen).toBeGreaterThan(0);
});
