/** The verdict of a run: what it proved, in a word, in a sentence, and as an exit code. */
import type { EndLine, RunLine } from "../oracle/journal.ts";
import { grouped } from "./bounds.ts";

/** What a run proved. `undecided` is never green: too little was compared, or the comparison itself cannot be trusted. */
export interface RunVerdict {
  readonly is: "conforms" | "diverges" | "undecided";
  readonly exitCode: 0 | 1 | 2;
  readonly headline: string;
  /** Why, each a sentence of its own. Empty for a plain `conforms`. */
  readonly reasons: readonly string[];
}

/** Exit codes by verdict: 0 conforms, 1 an unexpected divergence, 2 undecided. */
const exitCodes = { conforms: 0, diverges: 1, undecided: 2 } as const;

/** What a verdict depends on. */
export interface Evidence {
  readonly run: RunLine | undefined;
  readonly end: EndLine | undefined;
  /** The run goes on, so that it needs no end yet. */
  readonly isRunning: boolean;
  readonly operations: number;
  readonly checkedReplies: number;
  readonly checkedEvents: number;
  /** Causes nobody expected, and how often they were seen. */
  readonly causes: number;
  readonly divergences: number;
  readonly known: number;
  readonly unstable: number;
  readonly unchecked: number;
  /** Coverage cells that were hit; undefined where none were counted. */
  readonly cells: number | undefined;
  /** Why the side that is gone at the end is gone. */
  readonly lost: string | undefined;
  /** Lines that could not be read, a torn last one not counted. */
  readonly damagedLines: number;
  readonly newerFormat: boolean;
}

/** Judges a run. A divergence decides, even in a run that died; without one, anything that could have hidden one leaves it undecided. */
export function verdictOf(evidence: Evidence): RunVerdict {
  const doubts = doubtsAbout(evidence);
  const soFar = evidence.isRunning ? "So far the" : "The";
  if (evidence.divergences > 0) {
    const causes = evidence.causes === 1 ? "one cause" : `${grouped(evidence.causes)} causes`;
    const times = evidence.divergences === 1 ? "once" : `${grouped(evidence.divergences)} times`;
    return verdict("diverges", `${soFar} candidate diverges from the oracle ${times}, for ${causes}.`, doubts);
  }
  if (doubts.length > 0) {
    const words = evidence.isRunning ? "nothing is proven either way so far" : "this run proves nothing either way";
    return verdict("undecided", `Undecided: ${words}.`, doubts);
  }
  const events = evidence.checkedEvents > 0 ? ` and ${grouped(evidence.checkedEvents)} watch events` : "";
  const except = evidence.known > 0 ? ", known divergences aside" : "";
  const notes = [
    ...(evidence.end?.interrupted === true ? ["The run was interrupted; what it had checked by then agrees."] : []),
    ...(evidence.unchecked > 0
      ? [`${operations(evidence.unchecked)} not checked: a side had gone or hung up, or a doubt was left.`]
      : []),
  ];
  return verdict(
    "conforms",
    `${soFar} candidate conforms: ${grouped(evidence.checkedReplies)} replies${events} agree${except}.`,
    notes,
  );
}

const verdict = (is: RunVerdict["is"], headline: string, reasons: readonly string[]): RunVerdict => ({
  is,
  exitCode: exitCodes[is],
  headline,
  reasons,
});

/** Everything that keeps a run without a divergence from being green. */
function doubtsAbout(evidence: Evidence): string[] {
  const { run, end } = evidence;
  const floor = run?.operationsFloor ?? 1;
  const doubts: string[] = [];
  if (evidence.newerFormat) doubts.push("The journal was written by a newer version; this one would misread it.");
  if (run === undefined) doubts.push("The journal has no header: nothing says what was compared.");
  if (end === undefined && !evidence.isRunning) doubts.push("The journal has no end: the run died.");
  if (evidence.damagedLines > 0) doubts.push(`${grouped(evidence.damagedLines)} lines of the journal cannot be read.`);
  if (end !== undefined && end.steps !== evidence.operations)
    doubts.push(`The journal holds ${operations(evidence.operations)}, its end speaks of ${grouped(end.steps)}.`);
  if (evidence.checkedReplies === 0) doubts.push("Not a single reply was compared.");
  else if (evidence.checkedReplies < floor)
    doubts.push(`Only ${grouped(evidence.checkedReplies)} replies were compared; the floor is ${grouped(floor)}.`);
  if (run?.cellsFloor !== undefined && (evidence.cells ?? 0) < run.cellsFloor && !evidence.isRunning)
    doubts.push(
      `Only ${grouped(evidence.cells ?? 0)} coverage cells were hit; the floor is ${grouped(run.cellsFloor)}.`,
    );
  if (evidence.unstable > 0)
    doubts.push(
      `The oracle disagrees with itself: ${operations(evidence.unstable)} came out differently in two runs of it.`,
    );
  if (evidence.lost !== undefined) doubts.push(evidence.lost);
  return doubts;
}

const operations = (count: number): string => `${grouped(count)} ${count === 1 ? "operation" : "operations"}`;
