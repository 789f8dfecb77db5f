/** How sequences begin that have an aim or are in a mood: what they are to meet would hardly ever stand by chance when it comes. */
import fc from "fast-check";
import type { Action, PathValue, Step } from "../format.ts";
import { decayBeginning } from "./decay.ts";
import { bulkBeginning, crowdBeginning, familyBeginning, lineageBeginning, repetitionBeginning } from "./masses.ts";
import type { Beginning, Standing } from "./moods.ts";
import { permissionsBeginning } from "./permissions.ts";
import type { Profile } from "./profile.ts";
import { operationsOf } from "./steps.ts";
import { storyBeginning } from "./stories.ts";
import { identities, pathArbitrary } from "./values.ts";

const shortLived = (path: PathValue): Action[] => [
  { op: "create", path },
  { op: "delete", path },
];

/** The steps that make a znode stand as it should. */
const making = (profile: Profile, meets: Standing): fc.Arbitrary<Action[]> =>
  pathArbitrary(profile).map((path): Action[] => {
    switch (meets) {
      case "persistent":
        return [{ op: "create", path }];
      case "ephemeral":
        return [{ op: "create", path, flags: "ephemeral" }];
      case "again":
        return [...shortLived(path), { op: "create", path }];
      case "emptied":
        return [{ op: "create", path }, ...(typeof path === "string" ? shortLived(`${path}/a`) : [])];
      case "container":
        return [{ op: "createContainer", path }];
      case "ttl":
        return [{ op: "createTTL", path, flags: "ttl", ttl: 3_600_000 }];
      default:
        return meets satisfies never;
    }
  });

/** What a session may have been through: a lost connection, an authentication, a watch that stays; or nothing. */
function past(profile: Profile): fc.Arbitrary<Action[]> {
  const ops = operationsOf(profile);
  const one = (weight: number, action: fc.Arbitrary<Action>) => ({ weight, arbitrary: action.map((each) => [each]) });
  const watch = fc.record({
    op: fc.constant("addWatch" as const),
    path: pathArbitrary(profile).filter((path) => path !== null),
    mode: fc.constantFrom<"persistent" | "recursive">("persistent", "recursive"),
  });
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Action[]>([]) },
    ...(ops.includes("drop") ? [one(2, fc.constant<Action>({ op: "drop" }))] : []),
    ...(ops.includes("auth")
      ? [one(2, fc.constant<Action>({ op: "auth", scheme: "digest", auth: identities.alice.token }))]
      : []),
    ...(ops.includes("addWatch") ? [one(4, watch)] : []),
  );
}

/** The first steps: something behind each session, then two or three znodes. */
export function beginningArbitrary(
  profile: Profile,
  meets: Standing,
  sessions: readonly string[],
): fc.Arbitrary<Step[]> {
  const pasts = fc.tuple(...sessions.map((by) => fc.tuple(fc.constant(by), past(profile))));
  const made = fc.array(fc.tuple(fc.constantFrom(...sessions), making(profile, meets)), {
    ...{ minLength: 2, maxLength: 3, size: "max" },
  });
  const steps = (lists: readonly (readonly [by: string, actions: readonly Action[]])[]) =>
    lists.flatMap(([by, actions]) => actions.map((action): Step => ({ by, ...action })));
  return fc.tuple(pasts, made).map(([first, then]) => steps([...first, ...then]));
}

/** How a sequence in a mood begins every other time, with much of one thing, which is slow, every fifth, with a session that expires, znodes that go by
 *  themselves or a story always. Only with what the profile sends, and with `expire` and `reap`. */
export function moodBeginning(profile: Profile, begins: Beginning, sessions: readonly string[]): fc.Arbitrary<Step[]> {
  const ops = [...operationsOf(profile), "expire", "reap"];
  const beginning = beginningsBy[begins](fc.constantFrom(...sessions), sessions);
  return fc.oneof(
    { weight: plainly[begins] ?? 1, arbitrary: fc.constant<Step[]>([]) },
    { weight: 1, arbitrary: beginning.map((steps) => steps.filter(({ op }) => ops.includes(op))) },
  );
}

/** How many sequences begin like any other, for each that begins as its mood has it; absent: one. */
const plainly: Partial<Record<Beginning, number>> = {
  ...{ crowd: 4, family: 4, repetition: 2, bulk: 4 },
  ...{ silence: 0, decay: 0, story: 0 },
};

/** What may stand by `/a` and below it. */
const kin: string[] = ["/a/a", "/a/a/a", "/a/b", "/b"];

const beginningsBy: Readonly<
  Record<Beginning, (by: fc.Arbitrary<string>, sessions: readonly string[]) => fc.Arbitrary<Step[]>>
> = {
  identities: permissionsBeginning,
  watches: (session) =>
    fc
      .tuple(
        session,
        session,
        fc.oneof(
          fc.shuffledSubarray(arms, { minLength: 2, maxLength: 4 }),
          fc.shuffledSubarray(arms.slice(0, oneShots), { minLength: 2 }),
        ),
        fc.constantFrom([], ...pulls.map((pull) => [pull])),
      )
      .chain(([by, other, armed, pulled]) =>
        fc
          .shuffledSubarray(touches, { minLength: 1 })
          .map((touched): Step[] => [
            { by: other, op: "create", path: "/a" },
            { by: other, op: "create", path: "/a/a" },
            ...[...armed, ...pulled].map((action): Step => ({ by, ...action })),
            ...touched.flat().map((action): Step => ({ by: other, ...action })),
          ]),
      ),
  branch: (session) =>
    fc.oneof({ weight: 5, arbitrary: grownUnder(session) }, { weight: 1, arbitrary: lineageBeginning(session) }),
  transaction: (session) =>
    fc
      .tuple(session, session, fc.shuffledSubarray(kin, { minLength: 2 }))
      .map(([by, other, made]): Step[] => [
        { by, op: "multi", ops: ["/a", ...made.toSorted()].map((path) => ({ op: "create", path })) },
        { by: other, op: "setACL", path: made[0] ?? "/a", acl: "read" },
        ...made.map((path): Step => ({ by, op: "getACL", path })),
      ]),
  silence: (_session, sessions) =>
    fc
      .tuple(
        fc.shuffledSubarray([...sessions], { minLength: sessions.length }),
        fc.shuffledSubarray(belongings, { minLength: 2 }),
        fc.shuffledSubarray(lookouts, { minLength: 2 }),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([[by = "a", other = by], held, watched, comesBack, isGone]): Step[] => [
        { by: other, op: "create", path: "/a" },
        ...held.map((action): Step => ({ by, ...action })),
        ...watched.map((action): Step => ({ by: other, ...action })),
        ...(isGone ? [{ by, op: "drop" } as const] : []),
        { by, op: "expire" },
        ...(comesBack ? [{ by, op: "reconnect", as: "former" } as const] : []),
        ...afterwards.map((action): Step => ({ by: other, ...action })),
      ]),
  decay: decayBeginning,
  crowd: crowdBeginning,
  family: familyBeginning,
  repetition: repetitionBeginning,
  bulk: bulkBeginning,
  story: storyBeginning,
};

/** A branch that grows under a recursive watch, and is counted now and then. */
const grownUnder = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc
    .tuple(session, session, fc.constantFrom("", "/a"), fc.nat(branch.length), fc.boolean())
    .map(([by, other, path, standing, isCounted]): Step[] => [
      ...branch.slice(0, standing).map((each): Step => ({ by, op: "create", path: each })),
      { by: other, op: "addWatch", path, mode: "recursive" },
      ...branch
        .slice(standing)
        .flatMap((each): Step[] => [
          { by, op: "create", path: each },
          ...(isCounted ? [{ by, op: "getAllChildrenNumber", path: "" } as const] : []),
        ]),
    ]);

/** What goes with a session, and what tells of it. */
const belongings: Action[] = [
  { op: "create", path: "/a/e", flags: "ephemeral" },
  { op: "create", path: "/b", flags: "ephemeral" },
  { op: "create2", path: "/a/s-", flags: "ephemeral-sequential" },
  {
    op: "multi",
    ops: [
      { op: "create", path: "/c", flags: "ephemeral" },
      { op: "create", path: "/a/f", flags: "ephemeral" },
    ],
  },
];
const lookouts: Action[] = [
  { op: "exists", path: "/b", watch: true },
  { op: "getData", path: "/a/e", watch: true },
  { op: "getChildren", path: "/a", watch: true },
  { op: "addWatch", path: "/a", mode: "persistent" },
  { op: "addWatch", path: "", mode: "recursive" },
];
const afterwards: Action[] = [
  { op: "getChildren2", path: "/a" },
  { op: "exists", path: "/b" },
  { op: "getEphemerals", path: "" },
];

const branch = ["/a", "/a/a", "/a/a/a", "/a/a/a/a"];

/** Every kind of watch on one znode, those that fire once first, and one of its child; and every way to take some back. */
const oneShots = 3;
const arms: Action[] = [
  { op: "getData", path: "/a", watch: true },
  { op: "exists", path: "/a", watch: true },
  { op: "getChildren", path: "/a", watch: true },
  { op: "addWatch", path: "/a", mode: "persistent" },
  { op: "addWatch", path: "/a", mode: "recursive" },
  { op: "exists", path: "/a/a", watch: true },
];
const pulls: Action[] = (["any", "data", "children"] as const).map((type) => ({
  op: "removeWatches",
  path: "/a",
  type,
}));

/** What watches on a znode tell of; ephemerals that go together tell of it more than once. */
const touches: Action[][] = [
  [{ op: "setData", path: "/a", data: "x" }],
  [{ op: "create", path: "/a/a/a" }],
  [
    { op: "delete", path: "/a/a" },
    { op: "create", path: "/a/a" },
  ],
  [
    { op: "create", path: "/a/b", flags: "ephemeral" },
    { op: "create", path: "/a/c", flags: "ephemeral" },
    { op: "closeSession" },
  ],
];
