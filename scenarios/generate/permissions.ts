/** How sequences begin that are about permissions. */
import fc from "fast-check";
import type { AclList, AclValue, Action, Step } from "../format.ts";
import { identities, world } from "./values.ts";

const { alice, bob } = identities;

/** Whoever the session is, each of them; one user twice, two users, everybody. What a list shows hangs on their order, and on who asks. */
const entries: AclValue[] = [
  { perms: "rwcda", scheme: "auth", id: "" },
  { perms: "r", scheme: "digest", id: alice.id },
  { perms: "wa", scheme: "digest", id: alice.id },
  { perms: "rwcda", scheme: "digest", id: bob.id },
  world("r"),
];

/** A session that is somebody twice, and a list that it makes. */
const manifold = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc
    .tuple(
      session,
      session,
      fc.shuffledSubarray([alice.token, bob.token, "alice:wrong"], { minLength: 2 }),
      fc.boolean(),
      fc.oneof(
        fc.constant<AclList>("creator"),
        fc.shuffledSubarray(entries, { minLength: 2 }),
        fc.shuffledSubarray(entries, { minLength: 2 }).map((list): AclList => [...list, ...list.slice(0, 1)]),
      ),
    )
    .map(([by, other, tokens, isSet, acl]): Step[] => [
      ...tokens.map((auth): Step => ({ by, op: "auth", scheme: "digest", auth })),
      { by, op: "whoAmI" },
      isSet ? { by, op: "create", path: "/a" } : { by, op: "create", path: "/a", acl },
      ...(isSet ? [{ by, op: "setACL", path: "/a", acl } as const] : []),
      { by, op: "getACL", path: "/a" },
      { by: other, op: "getACL", path: "/a" },
      { by: other, op: "getAllChildrenNumber", path: "" },
    ]);

/** All permissions but one, and hardly more than the one by which a list is changed back: what a case leaves behind is to be removed. */
const powers = ["rwcd", "wcda", "rcda", "rwda", "rwca", "a", "ra", "wa", "ca", "da"] as const;

/** What asks for each permission. */
const asking: Action[] = [
  { op: "getData", path: "/a" },
  { op: "getChildren", path: "/a" },
  { op: "setData", path: "/a", data: "x" },
  { op: "create", path: "/a/b" },
  { op: "delete", path: "/a/a", version: -1 },
  { op: "getACL", path: "/a" },
  { op: "setACL", path: "/a", acl: "open" },
];

/** A list that grants everybody something, and whoever asks for more. */
const restricted = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc
    .tuple(
      session,
      session,
      fc.constantFrom(...powers).map(world),
      fc.boolean(),
      fc.shuffledSubarray(asking, { minLength: 3 }),
    )
    .map(([by, other, entry, isTwice, asked]): Step[] => [
      { by, op: "create", path: "/a" },
      { by, op: "create", path: "/a/a" },
      { by, op: "setACL", path: "/a", acl: isTwice ? [entry, entry] : [entry] },
      ...asked.map((action): Step => ({ by: other, ...action })),
    ]);

export const permissionsBeginning = (session: fc.Arbitrary<string>): fc.Arbitrary<Step[]> =>
  fc.oneof({ weight: 3, arbitrary: manifold(session) }, { weight: 1, arbitrary: restricted(session) });
