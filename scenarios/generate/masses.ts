/** Much of one thing: what shows only with a second digit, or with more than a byte or two can count. Mostly in one request, so that little is left of it
 *  where it does not matter. */
import fc from "fast-check";
import type { AclValue, Action, ReadStep, Step, WriteStep } from "../format.ts";
import { identities, longData, world } from "./values.ts";

/** How many: enough for a second digit, and for more than a byte holds, signed. */
const [fewest, most] = [11, 130];
const counts = [fewest, most];

/** Levels below one znode: more than anybody has use for. */
const generations = 17;

/** Fewer ephemerals than a cross-check remembers of a session. */
const ephemeralCounts = [fewest, 40];

/** Bytes on both sides of what two of them can count, the larger being whole pages, and nearly as many as ZooKeeper takes. Source: `jute.maxbuffer`,
 *  1 MiB less one. */
const lengths = [65_535, 69_632, 1_048_000];

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const child = (i: number): string => `/a/n${i}`;

const children = (count: number, flags: "persistent" | "ephemeral" = "persistent"): Action => ({
  op: "multi",
  ops: many(count, (i): WriteStep => ({ op: "create", path: child(i), ...(flags === "ephemeral" ? { flags } : {}) })),
});

const writes = (count: number, path: (i: number) => string): Action => ({
  op: "multi",
  ops: many(count, (i): WriteStep => ({ op: "setData", path: path(i), data: "x" })),
});

const reads = (count: number, path: (i: number) => string): Action => ({
  op: "multiRead",
  ops: many(count, (i): ReadStep => ({ op: "getData", path: path(i) })),
});

/** Many siblings, which are counted, and now and then somebody who watches each of them, or reads them all at once. */
const siblings = fc
  .tuple(
    fc.constantFrom(...counts),
    fc.constantFrom("data", "persistent", undefined, undefined),
    fc.constantFrom(true, false, false),
  )
  .map(([count, watched, areRead]): Action[] => {
    const paths = many(count, child);
    const none = { exist: [], child: [], since: Number.MAX_SAFE_INTEGER };
    const watching: Record<"data" | "persistent", Action> = {
      data: { op: "setWatches", ...none, data: paths },
      persistent: { op: "setWatches2", ...none, data: [], persistent: paths, recursive: [] },
    };
    return [
      children(count),
      { op: "exists", path: "/a" },
      ...(watched === undefined ? [] : [watching[watched]]),
      ...(watched !== undefined || areRead ? [writes(count, child)] : []),
      ...(areRead ? [reads(count, child)] : []),
    ];
  });

/** The same, watched one by one. */
const watchedSiblings = fc.constant<Action[]>([
  children(fewest),
  ...many(fewest, (i): Action => ({ op: "getData", path: child(i), watch: true })),
  writes(fewest, child),
]);

/** One whose name begins like another's has the child. */
const namesakes = fc.constant<Action[]>([
  { op: "create", path: "/ab" },
  { op: "create", path: "/ab/a" },
  { op: "getChildren", path: "/a" },
  { op: "exists", path: "/a" },
]);

/** A child of a numbered one, which is none of its grandparent's. */
const grandchild = fc.constant<Action[]>([
  { op: "create2", path: "/a/s-", flags: "sequential", bind: "p" },
  { op: "create", path: { ref: "p", below: "/a" } },
  { op: "exists", path: "/a" },
]);

/** A znode in a znode, and so on. */
const lineage = fc.constant<Action[]>(many(generations, (i): Action => ({ op: "create", path: "/a".repeat(i + 2) })));

/** One znode that is written, or comes and goes, or is read, over and over. */
const again = fc.constantFrom(...counts).chain((count) =>
  fc.constantFrom<Action[]>(
    [writes(count, () => "/a")],
    [{ op: "addWatch", path: "/a", mode: "persistent" }, writes(count, () => "/a")],
    [{ op: "addWatch", path: "", mode: "recursive" }, writes(count, () => "/a")],
    [
      { op: "exists", path: "/a/a", watch: true },
      {
        op: "multi",
        ops: many(count, (i): WriteStep => ({ op: i % 2 === 0 ? "create" : "delete", path: "/a/a" })),
      },
    ],
    [reads(count, () => "/a")],
    many(count, (): Action => ({ op: "exists", path: "/a" })),
    // A watch that is set again as soon as it has told.
    many(
      fewest,
      (i): Action =>
        i % 2 === 0 ? { op: "getData", path: "/a", watch: true } : { op: "setData", path: "/a", data: "x" },
    ),
    many(Math.min(count, fewest), (): Action => ({ op: "setACL", path: "/a", acl: "open" })),
  ),
);

/** One znode for many, or somebody who is many. */
const company = fc.constantFrom(...counts).chain((count) =>
  fc.constantFrom<Action[]>(
    [
      { op: "setACL", path: "/a", acl: [world("rwcda"), ...many(count, reader)] },
      { op: "getACL", path: "/a" },
    ],
    [
      ...many(Math.min(count, fewest), (i): Action => ({ op: "auth", scheme: "digest", auth: `u${i}:p` })),
      { op: "whoAmI" },
    ],
  ),
);

const reader = (i: number): AclValue => ({ perms: "r", scheme: "digest", id: `u${i}:${identities.alice.id.slice(6)}` });

/** A long value, as it is made or written. */
const long = fc
  .tuple(fc.constantFrom(...lengths), fc.constantFrom(true, false, false))
  .map(([bytes, isMade]): Action[] => [
    {
      ...(isMade ? ({ op: "create", path: "/b" } as const) : ({ op: "setData", path: "/a" } as const)),
      data: longData(bytes),
    },
    { op: "getData", path: isMade ? "/b" : "/a" },
  ]);

const below =
  (mass: fc.Arbitrary<Action[]>) =>
  (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
    fc
      .tuple(session, mass)
      .map(([by, actions]) =>
        [{ op: "create", path: "/a", data: "hello" } as const, ...actions].map((action) => ({ by, ...action })),
      );

export const crowdBeginning = below(
  fc.oneof(
    { weight: 4, arbitrary: siblings },
    { weight: 1, arbitrary: watchedSiblings },
    { weight: 1, arbitrary: namesakes },
    { weight: 1, arbitrary: grandchild },
  ),
);

/** Ephemerals of one session, of which another deletes one, and which ends every other time. */
export const familyBeginning = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc
    .tuple(session, session, fc.constantFrom(...ephemeralCounts), fc.boolean())
    .map(([by, other, count, isOver]): Step[] => [
      { by, op: "create", path: "/a" },
      { by, ...children(count, "ephemeral") },
      { by: other, op: "delete", path: child(0) },
      { by, op: "getEphemerals", path: "" },
      ...(isOver ? [{ by, op: "closeSession" } as const] : []),
    ]);

export const repetitionBeginning = below(fc.oneof({ weight: 5, arbitrary: again }, { weight: 2, arbitrary: company }));
export const lineageBeginning = below(lineage);
export const bulkBeginning = below(long);
