/** The first guess of a shrink: the steps that a divergence most likely hangs on. Right far more often than not, and then a handful of steps is left
 *  after one try, where halving takes dozens. */
import { isWithin } from "../../src/protocol/paths.ts";
import { type FlagsValue, isSlow, type PathValue, type Step } from "../format.ts";
import { pathsIn } from "../paths.ts";

/** The request or event that diverged, as the journal describes it: its path is the one that was sent. */
export interface Diverged {
  readonly op?: string;
  readonly path?: PathValue;
}

type Fields = Readonly<Record<string, unknown>>;

/** What happens to a session rather than to a znode. */
const ofSessions: readonly Step["op"][] = ["auth", "drop", "reconnect", "closeSession", "expire"];

/** Whether what happens to one path shows at the other: the same, a parent and its child, or further above. */
const touches = (path: string, at: string): boolean =>
  path === at || at.startsWith(`${path}/`) || path.slice(0, path.lastIndexOf("/")) === at;

/** The path as it was sent. */
const sentPath = ({ path }: Diverged): string | undefined =>
  typeof path === "object" && path !== null && "exact" in path
    ? path.exact
    : typeof path === "string"
      ? path
      : undefined;

/** Flags that decide, whatever the operation is called in a multi. */
const passingFlags: readonly (FlagsValue | undefined)[] = ["container", "ttl", "ttl-sequential", 4, 5, 6];

/** Whether a server may remove by itself what the step makes. */
const makesPassing = (step: Step): boolean =>
  ("ops" in step ? step.ops : [step]).some(
    (one) =>
      one.op === "createContainer" || one.op === "createTTL" || ("flags" in one && passingFlags.includes(one.flags)),
  );

/** Whether a path below the root lies above, at or below one as it was sent, as far as its name tells. */
function isRelated(own: string, sent: string): boolean {
  const plain = sent.replace(/\d{10}$/, ""); // a name that the server completed
  const names = own.split("/");
  return plain.includes(`${own}/`) || names.some((_, i) => i > 0 && plain.endsWith(names.slice(0, i + 1).join("/")));
}

/** Where servers are waited for a try takes seconds, and a few steps are likely: the wait alone, with it what names the path, then what lies above and
 *  below it, then what goes by itself. */
function guessesOfWaits(steps: readonly Step[], diverged: Diverged): Step[][] {
  if (!steps.some(isSlow)) return [];
  const path = sentPath(diverged);
  const passing = steps.filter(makesPassing).flatMap(pathsIn);
  const withWaits = (isLikely: (path: string) => boolean) =>
    steps.filter((step) => isSlow(step) || pathsIn(step).some((one) => typeof one === "string" && isLikely(one)));
  const isOfPath = (one: string) => one !== "" && path?.endsWith(one) === true;
  const isNearPath = (one: string) => one === "" || (path !== undefined && isRelated(one, path));
  const isPassing = (one: string) => passing.some((from) => typeof from === "string" && isWithin(one, from));
  return [
    steps.filter(isSlow),
    withWaits(isOfPath),
    withWaits(isNearPath),
    withWaits((one) => isNearPath(one) || isPassing(one)),
  ];
}

/** Where servers remove znodes by themselves, it may have been the time that went by, which no step stands for: the same with some before the culprit, or
 *  at the end. Undefined where nothing goes by itself, or time is given already. */
export function withTime(steps: readonly Step[], culprit?: Step): Step[] | undefined {
  const [first] = steps;
  if (first === undefined || !steps.some(makesPassing) || steps.some(isSlow)) return undefined;
  const at = culprit === undefined ? steps.length : steps.lastIndexOf(culprit);
  return at < 0 ? undefined : steps.toSpliced(at, 0, { by: first.by, op: "reap" });
}

/** The step that was answered differently: of those of its kind the one that names most of the path, and of these the last. */
function culpritAmong(steps: readonly Step[], diverged: Diverged): Step | undefined {
  const { op } = diverged;
  const sent = sentPath(diverged);
  const named = (step: Step): number => {
    const { path: own } = step as Fields;
    return typeof own === "string" && sent?.endsWith(own) ? own.length : -1;
  };
  return steps
    .filter((step) => step.op === op)
    .reduce<Step | undefined>(
      (best, step) => (best !== undefined && named(best) > named(step) ? best : step),
      undefined,
    );
}

/** Sequences worth trying before anything else, the boldest first. `executed`: how many steps had been sent when it was noticed. */
export function guessesAt(steps: readonly Step[], diverged: Diverged, executed: number): Step[][] {
  const sent = steps.slice(0, executed);
  const culprit = culpritAmong(sent, diverged);
  const { path } = (culprit ?? {}) as Fields;
  const upTo = culprit === undefined ? sent : sent.slice(0, sent.lastIndexOf(culprit) + 1);
  const isNear = (step: Step) =>
    step === culprit ||
    step.op === "reap" ||
    // A path that only the run knew may be any.
    pathsIn(step).some((one) => typeof one !== "string" || (typeof path === "string" && touches(one, path)));
  const near = upTo.filter(isNear);
  const withSessions = upTo.filter((step) => isNear(step) || ofSessions.includes(step.op));
  const likely = typeof path === "string" ? [near, withSessions] : [];
  const guesses = [...guessesOfWaits(sent, diverged), ...likely, upTo, sent];
  return [
    ...guesses.filter((guess) => guess.length > 0 && guess.length < steps.length),
    ...[...likely, upTo].flatMap((guess) => [withTime(guess, culprit)].filter((timed) => timed !== undefined)),
  ];
}
