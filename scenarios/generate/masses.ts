/** Much of one thing: what shows only with a second digit, or with more than a byte or two can count. Mostly in one request, so that little is left of it
 *  where it does not matter. */
import fc from "fast-check";
import type { Action, ReadStep, Step, WriteStep } from "../format.ts";

/** How many: enough for a second digit, and for more than a byte holds, signed. */
const counts = [11, 130];

/** Fewer ephemerals than a cross-check remembers of a session. */
const ephemeralCounts = [11, 40];

/** Bytes on both sides of what two of them can count, and nearly as many as ZooKeeper takes. Source: `jute.maxbuffer`, 1 MiB less one. */
const lengths = [65_535, 65_536, 1_000_000];

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const children = (count: number, flags: "persistent" | "ephemeral" = "persistent"): Action => ({
  op: "multi",
  ops: many(count, (i): WriteStep => ({ op: "create", path: `/a/n${i}`, ...(flags === "ephemeral" ? { flags } : {}) })),
});

const writes = (count: number, path: (i: number) => string): Action => ({
  op: "multi",
  ops: many(count, (i): WriteStep => ({ op: "setData", path: path(i), data: "x" })),
});

/** Many siblings, and now and then somebody who watches each of them. */
const siblings = fc.tuple(fc.constantFrom(...counts), fc.boolean()).map(([count, isWatched]): Action[] => {
  const data = many(count, (i) => `/a/n${i}`);
  const watching: Action = { op: "setWatches", since: Number.MAX_SAFE_INTEGER, data, exist: [], child: [] };
  return [children(count), ...(isWatched ? [watching, writes(count, (i) => `/a/n${i}`)] : [])];
});

/** Ephemerals of one session, which mostly ends. */
const ephemerals = fc
  .tuple(fc.constantFrom(...ephemeralCounts), fc.boolean())
  .map(([count, isOver]): Action[] => [
    children(count, "ephemeral"),
    { op: "getEphemerals", path: "" },
    ...(isOver ? [{ op: "closeSession" } as const] : []),
  ]);

/** One znode that is written, or comes and goes, or is read, over and over. */
const again = fc.constantFrom(...counts).chain((count) =>
  fc.constantFrom<Action[]>(
    [writes(count, () => "/a")],
    [
      {
        op: "multi",
        ops: many(count, (i): WriteStep => ({ op: i % 2 === 0 ? "create" : "delete", path: "/a/a" })),
      },
    ],
    [{ op: "multiRead", ops: many(count, (): ReadStep => ({ op: "getData", path: "/a" })) }],
    many(count, (): Action => ({ op: "exists", path: "/a" })),
    many(Math.min(count, 11), (): Action => ({ op: "setACL", path: "/a", acl: "open" })),
  ),
);

/** A long value, as it is made or written. */
const long = fc.tuple(fc.constantFrom(...lengths), fc.boolean()).map(([times, isMade]): Action[] => [
  {
    ...(isMade ? ({ op: "create", path: "/b" } as const) : ({ op: "setData", path: "/a" } as const)),
    data: { repeat: "d", times },
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

export const crowdBeginning = below(siblings);
export const familyBeginning = below(ephemerals);
export const repetitionBeginning = below(fc.oneof({ weight: 5, arbitrary: again }, { weight: 2, arbitrary: long }));
