/** How sequences begin that tell one of a few short stories: steps that applications take one after the other, and that chance hardly ever brings
 *  together. Each is about something that a server could take for what it was a moment before. */
import fc from "fast-check";
import type { Action, PathValue, Step, WriteStep } from "../format.ts";
import { identities, world } from "./values.ts";

type Story = (by: string, other: string) => Step[];

const all = (by: string, actions: readonly Action[]): Step[] => actions.map((action): Step => ({ by, ...action }));

const set = (version: number, path: PathValue = "/a"): WriteStep => ({ op: "setData", path, data: "x", version });
const multi = (...ops: WriteStep[]): Action => ({ op: "multi", ops });
const alice: Action = { op: "auth", scheme: "digest", auth: identities.alice.token };

/** Each write knows the version that the one before it has left, which has not been answered yet. */
const versionsInARow: Story = (by, other) => [
  ...all(by, [{ op: "create", path: "/a" }, set(0), set(1), set(1), set(2), { op: "delete", path: "/a", version: 3 }]),
  { by: other, op: "create", path: "/a" },
];

/** The same, within multis. */
const versionsInOne: Story = (by, other) => [
  ...all(by, [
    multi({ op: "create", path: "/a" }, set(0), set(1), { op: "check", path: "/a", version: 2 }),
    multi(set(2), set(2)),
    multi(set(2), { op: "delete", path: "/a", version: 3 }, { op: "create", path: "/a" }),
  ]),
  { by: other, op: "exists", path: "/a" },
];

/** A parent that its own multi's child must respect already. */
const childrenOfTheNew: Story = (by, other) => [
  ...all(by, [
    multi({ op: "create", path: "/a", acl: "read" }, { op: "create", path: "/a/a" }),
    multi({ op: "create", path: "/a", flags: "ephemeral" }, { op: "create", path: "/a/a" }),
    multi({ op: "create", path: "/a", acl: [world("rcda")] }, set(0)),
    { op: "create", path: "/a", flags: "ephemeral" },
    multi({ op: "delete", path: "/a" }, { op: "create", path: "/a" }, { op: "create", path: "/a/a" }),
  ]),
  { by: other, op: "getChildren2", path: "/a" },
];

/** What a multi that failed has left, where the next write meets it at once. */
const failedBefore: Story = (by, other) => [
  ...all(by, [
    { op: "create", path: "/a" },
    multi({ op: "create", path: "/a/a" }, set(0), { op: "delete", path: "/nope" }),
    { op: "create", path: "/a/a" },
    set(0),
    multi({ op: "delete", path: "/a/a" }, { op: "check", path: "/a", version: 0 }),
  ]),
  { by: other, op: "delete", path: "/a/a" },
];

/** A list that is asked for again as soon as it has changed. */
const toldAgain: Story = (by, other) => [
  { by, op: "create", path: "/a" },
  ...["/a/a", "/a/b", "/a/c"].flatMap((path): Step[] => [
    { by: other, op: "getChildren", path: "/a", watch: true },
    { by, op: "create", path },
  ]),
  { by: other, op: "getChildren", path: "/a", watch: true },
  { by, op: "delete", path: "/a/b" },
  { by: other, op: "getChildren2", path: "/a", watch: true },
];

/** Numbers that somebody has chosen, among those that the server gives. */
const numbered: Story = (by, other) => [
  ...all(by, [
    { op: "create", path: "/a" },
    { op: "create", path: "/a/s-0000000003" },
    { op: "create", path: "/a/s-", flags: "sequential" },
    { op: "create", path: "/a/s-", flags: "ephemeral-sequential" },
  ]),
  { by: other, op: "delete", path: "/a/s-0000000003" },
  { by: other, op: "create", path: "/a/s-", flags: "sequential" },
  { by, op: "create", path: "/a/s-", flags: "ephemeral-sequential" },
  { by: other, op: "getChildren", path: "/a" },
];

/** Somebody is refused, and then is somebody who is not. */
const allowedLater: Story = (by, other) => [
  ...all(by, [alice, { op: "create", path: "/a", acl: "creator" }]),
  ...all(other, [
    { op: "getData", path: "/a" },
    { op: "getChildren", path: "/a" },
    set(0),
    alice,
    { op: "getData", path: "/a" },
    { op: "getChildren", path: "/a" },
    set(0),
    { op: "create", path: "/a/a" },
  ]),
];

const stories: readonly Story[] = [
  ...[versionsInARow, versionsInOne, childrenOfTheNew, failedBefore],
  ...[toldAgain, numbered, allowedLater],
];

/** One of them, told by two sessions, or by one where there is only one. */
export const storyBeginning = (_session: fc.Arbitrary<string>, sessions: readonly string[]): fc.Arbitrary<Step[]> =>
  fc
    .tuple(fc.shuffledSubarray([...sessions], { minLength: sessions.length }), fc.constantFrom(...stories))
    .map(([[by = "a", other = by], story]) => story(by, other));
