/** How a sequence with an aim begins: what its operation is to meet would hardly ever stand by chance when it comes. */
import fc from "fast-check";
import type { Action, Step } from "../format.ts";
import type { Standing } from "./moods.ts";
import type { Profile } from "./profile.ts";
import { operationsOf } from "./steps.ts";
import { identities, pathArbitrary } from "./values.ts";

/** The steps that make a znode stand as it should. */
const making = (profile: Profile, meets: Standing): fc.Arbitrary<Action[]> =>
  pathArbitrary(profile).map((path): Action[] => {
    switch (meets) {
      case "persistent":
        return [{ op: "create", path }];
      case "ephemeral":
        return [{ op: "create", path, flags: "ephemeral" }];
      case "again":
        return [
          { op: "create", path },
          { op: "delete", path },
          { op: "create", path },
        ];
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
