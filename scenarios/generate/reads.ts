/** fast-check arbitraries over the requests that read one znode, or several at once. */
import fc from "fast-check";
import type { Action, ReadStep } from "../format.ts";
import type { Profile } from "./profile.ts";
import { pathArbitrary, standingPath } from "./values.ts";

/** A watch flag that is set as often as the profile says. */
const watch = (profile: Profile): fc.Arbitrary<boolean> =>
  fc.oneof(
    { weight: 100 - profile.watchPercent, arbitrary: fc.constant(false) },
    { weight: profile.watchPercent, arbitrary: fc.constant(true) },
  );

const reading = <Op extends "exists" | "getData" | "getChildren" | "getChildren2">(profile: Profile, op: Op) =>
  fc.record({ op: fc.constant(op), path: pathArbitrary(profile), watch: watch(profile) });

/** A read, and now and then the same of what stands on every server, where other cases would set off a watch. */
const orStanding = (
  own: fc.Arbitrary<Action>,
  op: "exists" | "getData" | "getChildren" | "getChildren2" | "getACL",
): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 30, arbitrary: own },
    { weight: 1, arbitrary: standingPath.map((path): Action => ({ op, path })) },
  );

/** Those of one znode, by operation. */
export const plainReads = (profile: Profile) => ({
  exists: orStanding(reading(profile, "exists"), "exists"),
  getData: orStanding(reading(profile, "getData"), "getData"),
  getChildren: orStanding(reading(profile, "getChildren"), "getChildren"),
  getChildren2: orStanding(reading(profile, "getChildren2"), "getChildren2"),
  getACL: orStanding(fc.record({ op: fc.constant("getACL" as const), path: pathArbitrary(profile) }), "getACL"),
});

export const multiRead = (profile: Profile): fc.Arbitrary<Action> => {
  const inner: fc.Arbitrary<ReadStep> = fc.oneof(reading(profile, "getData"), reading(profile, "getChildren"));
  return fc.array(inner, { maxLength: 4, size: "max" }).map((ops): Action => ({ op: "multiRead", ops }));
};
