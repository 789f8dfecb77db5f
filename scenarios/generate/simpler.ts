/** Smaller forms of a step or of a list of steps, simplest first: what a shrink tries. All are legal scenarios again. */
import { isWithin } from "../../src/protocol/paths.ts";
import type { PathValue, Step } from "../format.ts";
import { pathsIn, watchLists } from "../paths.ts";
import { sessionsIn } from "./sequence.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Fields whose absence means the plainest value. Dropping one is always a simplification; `version` and `since` have one more try. */
const droppable = [
  "data",
  "acl",
  "flags",
  "ttl",
  "bind",
  "version",
  "watch",
  "timeoutMs",
  "seen",
  "readOnly",
  "protocolVersion",
  "as",
  "wrong",
  "behind",
];

const without = (step: Fields, field: string): Fields => {
  const { [field]: _, ...rest } = step;
  return rest;
};

/** Operations that do less of the same. */
const lesser: Readonly<Record<string, string>> = {
  create2: "create",
  createContainer: "create",
  createTTL: "create",
  getChildren2: "getChildren",
  setWatches2: "setWatches",
};

function lesserOperation(step: Fields): Fields[] {
  const op = lesser[String(step.op)];
  if (op === undefined) return [];
  const dropped = op === "setWatches" ? ["persistent", "recursive"] : ["ttl", "flags"];
  return [dropped.reduce(without, { ...step, op })];
}

function shorterLists(step: Fields): Fields[] {
  if (step.op !== "setWatches" && step.op !== "setWatches2") return [];
  return watchLists.flatMap((field) => {
    const list = step[field];
    if (!Array.isArray(list)) return [];
    if (list.length <= 1) return [without(step, field)];
    return [without(step, field), ...list.map((_, i) => ({ ...step, [field]: list.toSpliced(i, 1) }))];
  });
}

/** A multi with fewer operations, its only operation on its own, or with one operation simpler. `check` stays inside: alone it may never be answered. */
function lesserMulti(step: Fields): Fields[] {
  if (!Array.isArray(step.ops)) return [];
  const ops = step.ops as Fields[];
  const only = ops.length === 1 && ops[0]?.op !== "check" ? [{ by: step.by, ...ops[0] }] : [];
  return [...only, ...fewerInside(step, "ops")];
}

/** A step with fewer operations inside it, or with one of them simpler. */
function fewerInside(step: Fields, field: "ops" | "behind"): Fields[] {
  if (!Array.isArray(step[field])) return [];
  const ops = step[field] as Fields[];
  const half = Math.ceil(ops.length / 2);
  return [
    ...(half > 2
      ? [
          { ...step, [field]: ops.slice(0, half) },
          { ...step, [field]: ops.slice(half) },
        ]
      : []),
    ...ops.map((_, i) => ({ ...step, [field]: ops.toSpliced(i, 1) })),
    ...ops.flatMap((op, i) => simplerFields(op).map((smaller) => ({ ...step, [field]: ops.toSpliced(i, 1, smaller) }))),
  ];
}

function simplerFields(step: Fields): Fields[] {
  const isWatches = step.op === "setWatches" || step.op === "setWatches2";
  const dropped = droppable.filter((field) => field in step && !(isWatches && field === "data"));
  const always = step.op === "setACL" ? dropped.filter((field) => field !== "acl") : dropped;
  return [
    ...lesserOperation(step),
    ...always.map((field) => without(step, field)),
    ...("acl" in step && step.acl !== "open" ? [{ ...step, acl: "open" }] : []),
    ...("acl" in step && Array.isArray(step.acl) && step.acl.length > 1
      ? (step.acl as unknown[]).map((_, i) => ({ ...step, acl: (step.acl as unknown[]).toSpliced(i, 1) }))
      : []),
    ...(typeof step.data === "object" && step.data !== null && !isWatches ? [{ ...step, data: "x" }] : []),
    ...("version" in step && step.version !== 0 ? [{ ...step, version: 0 }] : []),
    ...("since" in step && step.since !== 0 ? [{ ...step, since: 0 }] : []),
  ];
}

/** Forms of one step that say less, the boldest first. */
export const simplerSteps = (step: Step): Step[] =>
  [lesserMulti, shorterLists, simplerFields, (fields: Fields) => fewerInside(fields, "behind")].flatMap((simpler) =>
    simpler({ ...step }),
  ) as unknown as Step[];

/** The steps with each session after the first merged into an earlier one. */
export const fewerSessions = (steps: readonly Step[]): Step[][] => {
  const sessions = sessionsIn(steps);
  return sessions.flatMap((from, i) =>
    sessions.slice(0, i).map((to) => steps.map((step): Step => (step.by === from ? { ...step, by: to } : step))),
  );
};

/** The steps with sessions called a, b, c … in the order of their first step. */
export function canonicalSessions(steps: readonly Step[]): Step[] {
  const names = new Map<string, string>();
  for (const step of steps) if (!names.has(step.by)) names.set(step.by, String.fromCharCode(97 + names.size));
  return steps.map((step): Step => ({ ...step, by: names.get(step.by) ?? step.by }));
}

/** Puts something else for every path, wherever it stands. */
function withPaths(value: unknown, change: (path: PathValue) => PathValue): unknown {
  if (Array.isArray(value)) return value.map((item) => withPaths(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (key === "path") return [key, change(field as PathValue)];
      if (Array.isArray(field) && watchLists.includes(key)) return [key, field.map(change)];
      return [key, withPaths(field, change)];
    }),
  );
}

/** The plainest names, in the order in which they are wanted. */
const canonicalPaths: readonly string[] = ["/a", "/b", "/a/a", "/a/b"];

/** The steps with one path and all below it called by a plainer one everywhere. */
export function plainerPaths(steps: readonly Step[]): Step[][] {
  const found = new Map(pathsIn(steps).map((path) => [JSON.stringify(path), path]));
  return [...found.values()].flatMap((from) => {
    const rank = typeof from === "string" ? canonicalPaths.indexOf(from) : -1;
    const plainer = rank < 0 ? canonicalPaths : canonicalPaths.slice(0, rank);
    return plainer.map((to) => moved(steps, from, to));
  });
}

/** The steps with another path for one, and the same below it. */
function moved(steps: readonly Step[], from: PathValue, to: string): Step[] {
  const key = JSON.stringify(from);
  const change = (path: PathValue): PathValue => {
    if (typeof path === "string" && typeof from === "string" && from !== "")
      return isWithin(path, from) ? `${to}${path.slice(from.length)}` : path;
    return JSON.stringify(path) === key ? to : path;
  };
  return withPaths(steps, change) as Step[];
}
