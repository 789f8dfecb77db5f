/** fast-check arbitraries over steps. Every step is legal in any state; what it meets is left to chance and to how few names there are. */
import fc from "fast-check";
import type { Action, FlagsValue, PathValue, Step, WriteStep } from "../format.ts";
import { reconnect } from "./handshakes.ts";
import type { Profile } from "./profile.ts";
import { quotaArbitrary } from "./quotas.ts";
import { rawArbitrary } from "./raw-frames.ts";
import { multiRead, plainReads } from "./reads.ts";
import {
  aclArbitrary,
  anyPrefixArbitrary,
  dataArbitrary,
  doomedPathArbitrary,
  identities,
  ownPathArbitrary,
  pathArbitrary,
  pathsArbitrary,
  prefixArbitrary,
  seenArbitrary,
  standingPath,
  versionArbitrary,
} from "./values.ts";

/** Flags that no CreateMode has, or that do not belong to the opcode. Not inside multi, where ZooKeeper 3.8.0 and 3.8.2 differ. */
const oddFlags: readonly FlagsValue[] = ["container", "ttl", "ttl-sequential", 7, -1, 1024];

/** Of 100 creates, how many have such flags. */
const oddFlagsPercent = 5;

const flags = ({ ephemeralPercent }: Profile, isOdd: boolean): fc.Arbitrary<FlagsValue> =>
  fc.oneof(
    { weight: 100 - oddFlagsPercent - ephemeralPercent, arbitrary: fc.constant<FlagsValue>("persistent") },
    { weight: ephemeralPercent, arbitrary: fc.constant<FlagsValue>("ephemeral") },
    ...(isOdd ? [{ weight: oddFlagsPercent, arbitrary: fc.constantFrom<FlagsValue>(...oddFlags) }] : []),
  );

/** Creates of a fixed name, and of a numbered one that may be bound to a label. */
function creates(profile: Profile, op: "create" | "create2", isOdd: boolean): fc.Arbitrary<WriteStep> {
  const content = { op: fc.constant(op), data: dataArbitrary(profile), acl: aclArbitrary(2) };
  const named = fc.record({ ...content, path: pathArbitrary(profile), flags: flags(profile, isOdd) });
  const numbered = fc.record({
    ...content,
    path: prefixArbitrary(profile),
    flags: fc.constantFrom<FlagsValue>("sequential", "ephemeral-sequential"),
    bind: fc.constantFrom("p", "q"),
  });
  const taken = fc.record({
    ...content,
    path: standingPath,
    flags: fc.constantFrom<FlagsValue>("persistent", "ephemeral"),
  });
  return fc.oneof(
    { weight: 400 - profile.oddPathsPercent, arbitrary: named },
    { weight: 100, arbitrary: numbered },
    { weight: profile.oddPathsPercent, arbitrary: taken },
  );
}

const createContainer = (profile: Profile): fc.Arbitrary<WriteStep> =>
  fc.record({
    op: fc.constant("createContainer" as const),
    path: pathArbitrary(profile),
    data: dataArbitrary(profile),
    flags: fc.constantFrom<FlagsValue>("container", "container", "persistent", "ephemeral", "sequential"),
  });

/** TTLs are long: a znode that is reaped in the middle of a case is a race, not a test. Negative ones only with a TTL flag (see hazards). */
const createTTL = (profile: Profile): fc.Arbitrary<WriteStep> =>
  fc.oneof(
    fc.record({
      op: fc.constant("createTTL" as const),
      path: pathArbitrary(profile),
      data: dataArbitrary(profile),
      flags: fc.constantFrom<FlagsValue>("ttl", "ttl-sequential"),
      ttl: fc.constantFrom(3_600_000, 1_099_511_627_775, 0, -1, 1_099_511_627_776),
    }),
    fc.record({
      op: fc.constant("createTTL" as const),
      path: pathArbitrary(profile),
      flags: fc.constantFrom<FlagsValue>("persistent", "ephemeral"),
      ttl: fc.constantFrom(0, 1_000),
    }),
  );

const removal = <Op extends "delete" | "check">(profile: Profile, op: Op) =>
  fc.record({ op: fc.constant(op), path: doomedPathArbitrary(profile, op), version: versionArbitrary });

const setData = (profile: Profile): fc.Arbitrary<WriteStep> =>
  fc.record({
    op: fc.constant("setData" as const),
    path: pathArbitrary(profile),
    data: dataArbitrary(profile),
    version: versionArbitrary,
  });

const onPath = <Op extends "sync" | "getAllChildrenNumber">(profile: Profile, op: Op) =>
  fc.record({ op: fc.constant(op), path: pathArbitrary(profile) });

/** Up to five operations; about half of the longer ones fail somewhere, because their paths and versions are drawn like any others. */
function multi(profile: Profile): fc.Arbitrary<Action> {
  const isFull = profile.surface === "full";
  const inner = fc.oneof(
    { weight: 5, arbitrary: creates(profile, "create", false) },
    { weight: 3, arbitrary: removal(profile, "delete") },
    { weight: 4, arbitrary: setData(profile) },
    { weight: 3, arbitrary: removal(profile, "check") },
    ...(isFull ? [{ weight: 1, arbitrary: creates(profile, "create2", false) }] : []),
    ...(isFull ? [{ weight: 1, arbitrary: createContainer(profile) }] : []),
  );
  const named = inner.filter(({ path }) => path !== null);
  const some = fc.array(named, { minLength: 1, maxLength: 5, size: "max" });
  return fc
    .oneof({ weight: 20, arbitrary: some }, { weight: 1, arbitrary: fc.constant([]) })
    .map((ops): Action => ({ op: "multi", ops }));
}

const auth: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .constantFrom(identities.alice.token, identities.bob.token, "alice:wrong", "carol:c", "dave:d", "nocolon", "")
      .map((token): Action => ({ op: "auth", scheme: "digest", auth: token })),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ op: "auth", scheme: "ip", auth: "" }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("world", "nosuch", "super", null)
      .map((scheme): Action => ({ op: "auth", scheme, auth: "x" })),
  },
);

const setWatches = (profile: Profile): fc.Arbitrary<Action> =>
  fc.record({
    op: fc.constant("setWatches" as const),
    since: seenArbitrary(profile),
    data: pathsArbitrary(profile),
    exist: pathsArbitrary(profile),
    child: pathsArbitrary(profile),
  });

const setWatches2 = (profile: Profile): fc.Arbitrary<Action> =>
  fc.record({
    op: fc.constant("setWatches2" as const),
    since: seenArbitrary(profile),
    data: pathsArbitrary(profile),
    exist: pathsArbitrary(profile),
    child: pathsArbitrary(profile),
    persistent: pathsArbitrary(profile).map(withoutNull),
    recursive: pathsArbitrary(profile).map(withoutNull),
  });

const withoutNull = (paths: readonly PathValue[]): PathValue[] => paths.filter((path) => path !== null);

const addWatch = (profile: Profile): fc.Arbitrary<Action> =>
  fc.record({
    op: fc.constant("addWatch" as const),
    path: pathArbitrary(profile).filter((path) => path !== null),
    mode: fc.constantFrom<"persistent" | "recursive" | number>("persistent", "persistent", "recursive", "recursive", 2),
  });

const watcherOp = <Op extends "removeWatches" | "checkWatches">(profile: Profile, op: Op): fc.Arbitrary<Action> =>
  fc.record({
    op: fc.constant(op),
    path: op === "checkWatches" ? ownPathArbitrary(profile) : pathArbitrary(profile),
    type: fc.constantFrom<"children" | "data" | "any" | number>("children", "data", "any", "any", 0),
  });

const bare = (op: "ping" | "whoAmI" | "closeSession" | "drop" | "expire" | "reap"): fc.Arbitrary<Action> =>
  fc.constant<Action>({ op });

/** Writes of a session that has just said goodbye, which must not happen any more, follow every third time. */
const closeSession = (profile: Profile): fc.Arbitrary<Action> => {
  const tooLate = fc.oneof(creates(profile, "create", false), removal(profile, "delete"), setData(profile));
  return fc.oneof(
    { weight: 2, arbitrary: bare("closeSession") },
    {
      weight: 1,
      arbitrary: fc
        .array(tooLate, { minLength: 1, maxLength: 2, size: "max" })
        .map((behind): Action => ({ op: "closeSession", behind })),
    },
  );
};

/** What every server since ZooKeeper 3.4 offers, by operation. */
const core = (profile: Profile): Partial<Record<Step["op"], fc.Arbitrary<Action>>> => ({
  create: creates(profile, "create", true),
  create2: creates(profile, "create2", true),
  delete: removal(profile, "delete"),
  setData: setData(profile),
  ...plainReads(profile),
  setACL: fc.record({
    op: fc.constant("setACL" as const),
    path: pathArbitrary(profile),
    acl: aclArbitrary(6),
    version: versionArbitrary,
  }),
  sync: onPath(profile, "sync"),
  auth,
  multi: multi(profile),
  setWatches: setWatches(profile),
  ping: bare("ping"),
  closeSession: closeSession(profile),
  drop: bare("drop"),
  reconnect: reconnect(profile),
  expire: bare("expire"),
  raw: rawArbitrary,
});

/** What came later. A `check` of its own is answered only when it fails: no znode has version −7. */
const later = (profile: Profile): Partial<Record<Step["op"], fc.Arbitrary<Action>>> => ({
  createContainer: createContainer(profile),
  createTTL: createTTL(profile),
  addWatch: addWatch(profile),
  removeWatches: watcherOp(profile, "removeWatches"),
  checkWatches: watcherOp(profile, "checkWatches"),
  multiRead: multiRead(profile),
  getEphemerals: fc.record({ op: fc.constant("getEphemerals" as const), path: anyPrefixArbitrary(profile) }),
  getAllChildrenNumber: onPath(profile, "getAllChildrenNumber"),
  whoAmI: bare("whoAmI"),
  reap: bare("reap"),
  setWatches2: setWatches2(profile),
  check: pathArbitrary(profile).map((path): Action => ({ op: "check", path, version: -7 })),
});

/** The requests of `hazards.ts`, for servers that the run may lose. */
const hazardous: fc.Arbitrary<Action> = fc.constantFrom<Action>(
  { op: "createTTL", path: "/a", flags: "persistent", ttl: -1 },
  { op: "check", path: "", version: -1 },
  { op: "multi", ops: [{ op: "delete", path: null }] },
  { op: "addWatch", path: null, mode: "persistent" },
  { op: "deleteContainer", path: "/a" },
  { op: "create", path: { exact: "/zookeeper/quota/zookeeper_limits" }, data: "count=1,bytes=1" },
);

/** Tables by all that they depend on: they are costly to build, and many moods share one. */
const tables = new Map<string, Partial<Record<Step["op"], fc.Arbitrary<Action>>>>();

/** The operations of a profile's surface, each with what is drawn for it. */
function tableOf({ weights: _, name: __, ...profile }: Profile) {
  const key = JSON.stringify(profile);
  const known = tables.get(key);
  if (known !== undefined) return known;
  const full = { ...profile, weights: {}, name: "" };
  const table = profile.surface === "full" ? { ...core(full), ...later(full) } : core(full);
  tables.set(key, table);
  return table;
}

/** The operations that a profile sends. */
export function operationsOf(profile: Profile): Step["op"][] {
  const table = tableOf(profile);
  const ops = Object.keys(profile.weights) as Step["op"][];
  return ops.filter((op) => op in table && (profile.weights[op] ?? 0) > 0);
}

/** One step of one of the sessions, drawn by the profile's weights. */
export function stepArbitrary(
  profile: Profile,
  sessions: readonly string[],
  allowHazards: boolean,
): fc.Arbitrary<Step> {
  const table = tableOf(profile);
  const ops = operationsOf(profile);
  const choices = ops.flatMap((op) => {
    const arbitrary = table[op];
    return arbitrary === undefined ? [] : [{ weight: Math.ceil((profile.weights[op] ?? 0) * 10), arbitrary }];
  });
  if (allowHazards) choices.push({ weight: 5, arbitrary: hazardous });
  const sum = choices.reduce((total, { weight }) => total + weight, 0);
  const ofQuotas = Math.round((sum * profile.quotaPercent) / (100 - profile.quotaPercent));
  if (ofQuotas > 0) choices.push({ weight: ofQuotas, arbitrary: quotaArbitrary(ops) });
  return fc.tuple(fc.constantFrom(...sessions), fc.oneof(...choices)).map(([by, action]): Step => ({ by, ...action }));
}
