/** The first guess of a shrink: the steps that a divergence most likely hangs on. Right far more often than not, and then a handful of steps is left
 *  after one try, where halving takes dozens. */
import { expires, type PathValue, type Step } from "../format.ts";
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

/** Where sessions expire a try takes seconds, and a few steps are likely: that alone, or what names the path too. */
function guessesOfExpiry(steps: readonly Step[], diverged: Diverged): Step[][] {
  if (!expires(steps)) return [];
  const path = sentPath(diverged);
  const isOfPath = (one: PathValue) => typeof one === "string" && one !== "" && path?.endsWith(one) === true;
  return [
    steps.filter(({ op }) => op === "expire"),
    steps.filter((step) => step.op === "expire" || pathsIn(step).some(isOfPath)),
  ];
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
    // A path that only the run knew may be any.
    pathsIn(step).some((one) => typeof one !== "string" || (typeof path === "string" && touches(one, path)));
  const near = upTo.filter(isNear);
  const withSessions = upTo.filter((step) => isNear(step) || ofSessions.includes(step.op));
  const guesses = [
    ...guessesOfExpiry(sent, diverged),
    ...(typeof path === "string" ? [near, withSessions] : []),
    ...[upTo, sent],
  ];
  return guesses.filter((guess) => guess.length > 0 && guess.length < steps.length);
}
