/** Steps on quotas. What is written is always what a ZooKeeper can read: on anything else it would end with the next write below. */
import fc from "fast-check";
import { nameOf, quotaNames } from "../../src/protocol/paths.ts";
import type { Action, PathValue, Step } from "../format.ts";

/** Limits as `zkCli setquota` writes them, soft and hard. Source: Quotas, StatsTrack (3.8). */
const limits = [
  "count=3,bytes=20",
  "count=-1,bytes=10",
  "count=2,bytes=-1=;byteHardLimit=-1;countHardLimit=3",
  "count=-1,bytes=-1=;byteHardLimit=12;countHardLimit=-1",
];

const statistics = ["count=0,bytes=0", "count=5,bytes=50=;byteHardLimit=-1;countHardLimit=-1"];

const readable: ReadonlyMap<string, readonly unknown[]> = new Map([
  [quotaNames.limits, limits],
  [quotaNames.stats, statistics],
]);

/** Whether a ZooKeeper lives on when `data` is written to a znode below its quotas. */
export const isReadable = (path: string, data: unknown): boolean => readable.get(nameOf(path))?.includes(data) ?? true;

/** Whose quota. */
const whose = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constant("/a") },
  { weight: 1, arbitrary: fc.constant("/a/a") },
);

const limitsOf = (below: string): PathValue => ({ quota: `${below}/${quotaNames.limits}` });
const statisticsOf = (below: string): PathValue => ({ quota: `${below}/${quotaNames.stats}` });

/** What every sequence on quotas sends. */
export const quotaMakers: readonly Step["op"][] = ["create", "getData"];

/** One look at a quota, or one change of it, by the operations that are sent. */
export const quotaArbitrary = (ops: readonly Step["op"][]): fc.Arbitrary<Action> =>
  fc
    .tuple(whose, fc.boolean(), fc.constantFrom(...limits), fc.constantFrom(...statistics))
    .chain(([below, watch, limit, statistic]) => {
      const choices: readonly (readonly [weight: number, action: Action])[] = [
        [24, { op: "getData", path: statisticsOf(below), watch }],
        [2, { op: "getData", path: limitsOf(below), watch }],
        [2, { op: "getChildren2", path: { quota: below }, watch }],
        [2, { op: "create", path: { quota: below } }],
        [2, { op: "create", path: limitsOf(below), data: limit }],
        [2, { op: "create", path: statisticsOf(below), data: statistic }],
        [1, { op: "setData", path: limitsOf(below), data: limit }],
        [1, { op: "setData", path: statisticsOf(below), data: statistic }],
        [1, { op: "delete", path: limitsOf(below) }],
        [1, { op: "delete", path: statisticsOf(below) }],
      ];
      const sent = choices.filter(([, { op }]) => ops.includes(op));
      return fc.oneof(...sent.map(([weight, action]) => ({ weight, arbitrary: fc.constant(action) })));
    });

/** What may be there when a quota is set: new statistics count it. Source: DataTree.updateQuotaForPath (3.8). */
const standing = ["/a", "/a/a", "/a/a/a"];

/** Sets a quota, as the first steps of a sequence; in the middle a znode may come that the new statistics have to count. */
export const quotaBeginning = (sessions: readonly string[]): fc.Arbitrary<Step[]> =>
  fc
    .tuple(fc.constantFrom(...sessions), whose, fc.constantFrom(...limits), fc.boolean(), fc.nat(standing.length * 2))
    .map(([by, below, limit, hasMore, stands]): Step[] => [
      ...standing.slice(0, stands).map((path): Step => ({ by, op: "create", path, data: "x" })),
      ...(below === "/a/a" ? [{ by, op: "create", path: { quota: "/a" } } as const] : []),
      ...(below === "" ? [] : [{ by, op: "create", path: { quota: below } } as const]),
      { by, op: "create", path: limitsOf(below), data: limit },
      ...(hasMore ? [{ by, op: "create", path: "/a", data: "x" } as const] : []),
      { by, op: "create", path: statisticsOf(below), data: "count=0,bytes=0" },
    ]);
