/** Sequences in which containers and TTL znodes go by themselves, beside others that look like them and stay. */
import fc from "fast-check";
import type { Action, Step, WriteStep } from "../format.ts";

/** Milliseconds: over when anybody looks. */
const shortTtl = 1;

/** A child that comes and goes. */
const visited = (path: string): WriteStep[] => [
  { op: "create", path: `${path}/a` },
  { op: "delete", path: `${path}/a` },
];

/** What goes by itself, as it is made, and what makes it go. What is due at once is made whole in one multi: nobody knows when it goes. */
const decaying: { readonly made: Action[]; readonly left: Action[] }[] = [
  {
    made: [
      { op: "createContainer", path: "/a/c" },
      { op: "create", path: "/a/c/a" },
    ],
    left: [{ op: "delete", path: "/a/c/a" }],
  },
  {
    made: [
      { op: "createContainer", path: "/c" },
      { op: "createContainer", path: "/c/c" },
      { op: "create2", path: "/c/c/a" },
    ],
    left: [{ op: "delete", path: "/c/c/a" }],
  },
  {
    made: [
      {
        op: "multi",
        ops: [
          { op: "create", path: "/m", flags: "container" },
          { op: "create", path: "/m/a" },
        ],
      },
    ],
    left: [{ op: "delete", path: "/m/a" }],
  },
  { made: [], left: [{ op: "createTTL", path: "/a/t", flags: "ttl", ttl: shortTtl }] },
  { made: [], left: [{ op: "createTTL", path: "/t-", flags: "ttl-sequential", ttl: shortTtl }] },
  {
    made: [],
    left: [{ op: "multi", ops: [{ op: "createTTL", path: "/u", flags: "ttl", ttl: shortTtl }, ...visited("/u")] }],
  },
];

/** What looks like it and stays: never used, in use, not yet due, or only called a container. */
const remaining: Action[][] = [
  [{ op: "createContainer", path: "/a/d" }],
  [
    { op: "createContainer", path: "/d" },
    { op: "create", path: "/d/a" },
    { op: "create", path: "/d/b" },
    { op: "delete", path: "/d/a" },
  ],
  [{ op: "createTTL", path: "/a/f", flags: "ttl", ttl: 3_600_000 }],
  [
    {
      op: "multi",
      ops: [
        { op: "createTTL", path: "/f", flags: "ttl", ttl: shortTtl },
        { op: "create", path: "/f/a" },
      ],
    },
  ],
  [{ op: "create", path: "/p", flags: "container" }, ...visited("/p")],
];

/** What tells of it, set before there is anything that might be gone already. */
const lasting: Action[] = [
  { op: "addWatch", path: "/a", mode: "persistent" },
  { op: "addWatch", path: "", mode: "recursive" },
];

/** The same, once. */
const witnesses: Action[] = [
  { op: "exists", path: "/a/c", watch: true },
  { op: "getData", path: "/c/c", watch: true },
  { op: "getChildren", path: "/c", watch: true },
  { op: "exists", path: "/a/t", watch: true },
  { op: "getChildren", path: "/a", watch: true },
];

/** What shows it afterwards. */
const ruins: Action[] = [
  { op: "getChildren2", path: "" },
  { op: "getChildren2", path: "/a" },
  { op: "getChildren2", path: "/c" },
  { op: "exists", path: "/d" },
  { op: "exists", path: "/f" },
];

/** One session makes both kinds, another looks on; then the servers are given time. `session` draws either. */
export const decayBeginning = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc
    .tuple(
      session,
      session,
      fc.shuffledSubarray(decaying, { minLength: 3 }),
      fc.shuffledSubarray(remaining, { minLength: 1 }),
      fc.shuffledSubarray(lasting, { minLength: 1 }),
      fc.shuffledSubarray(witnesses, { minLength: 2 }),
    )
    .map(([by, other, passing, staying, watching, watched]): Step[] => [
      { by, op: "create", path: "/a" },
      ...watching.map((action): Step => ({ by: other, ...action })),
      ...[...passing.map(({ made }) => made), ...staying].flat().map((action): Step => ({ by, ...action })),
      ...watched.map((action): Step => ({ by: other, ...action })),
      ...passing.flatMap(({ left }) => left).map((action): Step => ({ by, ...action })),
      { by, op: "reap" },
      ...ruins.map((action): Step => ({ by: other, ...action })),
    ]);
