/** summary.json: the verdict for programs. The shape is published in summary.schema.json; `format` rises with every change that breaks a reader. */
import type { Both } from "../oracle/compare/difference.ts";
import type { Cause } from "./causes.ts";
import type { CellsView } from "./cells.ts";
import type { KnownEntry } from "./known.ts";
import type { LatencyView } from "./latency.ts";
import type { Severity } from "./severity.ts";
import type { CalibrationView, View } from "./view.ts";

/** The version of the summary's shape. */
export const summaryFormat = 1;

/** One cause, as programs read it. `replay` is null where nothing was shrunk, `minimalOperations` also where what was left did not
 *  show itself again. */
export interface SummaryDivergence {
  readonly fingerprint: string;
  readonly operation: string;
  readonly field: string;
  readonly severity: Severity;
  readonly candidate: string;
  readonly oracle: string;
  readonly occurrences: number;
  readonly firstSeen: number;
  readonly minimalOperations: number | null;
  readonly replay: string | null;
}

/** A known divergence that occurred. `issue`, `why` and `expires` are null where the list was not at hand. */
export interface SummaryKnown {
  readonly id: string;
  readonly fingerprint: string;
  readonly operation: string;
  readonly field: string;
  readonly occurrences: number;
  readonly issue: string | null;
  readonly why: string | null;
  readonly expires: string | null;
}

/** What was exercised: oracle's result codes by operation, events by kind of watch, and the plausible cells that never came. */
export interface SummaryCoverage {
  readonly exercised: number;
  readonly plausible: number;
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly watches: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly never: readonly string[];
  /** Absent where no cells were counted. */
  readonly cells?: SummaryCells;
}

/** Coverage cells, and the pairs of operation and result that never came. The list is capped; `neverCut` counts what it leaves out. */
export interface SummaryCells {
  readonly hit: number;
  readonly reachable: number;
  readonly never: readonly string[];
  readonly neverCut: number;
}

/** The behaviour table in brief: how many operations were tried on both sides, and the names of those with different effects. */
export interface SummaryBehaviour {
  readonly operations: number;
  readonly differing: readonly string[];
}

/** The whole of summary.json. */
export interface Summary {
  readonly format: typeof summaryFormat;
  readonly verdict: View["verdict"]["is"];
  readonly exitCode: number;
  readonly headline: string;
  readonly reasons: readonly string[];
  readonly mode: string | null;
  readonly seed: string | null;
  readonly replayToken: string | null;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  readonly interrupted: boolean;
  readonly ended: boolean;
  readonly runs: number;
  readonly operations: number;
  readonly checkedReplies: number;
  readonly checkedEvents: number;
  readonly opsPerSecond: number | null;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly divergences: readonly SummaryDivergence[];
  readonly known: readonly SummaryKnown[];
  readonly timing: readonly SummaryDivergence[];
  /** In which the oracle disagrees with its own twin. */
  readonly unstable: readonly SummaryDivergence[];
  /** Null where the oracle was not compared with a twin first. */
  readonly calibration: CalibrationView | null;
  /** Null where no table was made. */
  readonly behaviour: SummaryBehaviour | null;
  readonly coverage: SummaryCoverage;
  readonly latencyMs: Both<Omit<LatencyView, "buckets">>;
  readonly versions: { readonly tool: string } & Both<string>;
}

/** The summary of a view. */
export function summaryOf(view: View, known: readonly KnownEntry[] = []): Summary {
  const { run, end, counts, verdict } = view;
  return {
    format: summaryFormat,
    verdict: verdict.is,
    exitCode: verdict.exitCode,
    headline: verdict.headline,
    reasons: verdict.reasons,
    mode: run?.mode ?? null,
    seed: run?.seed ?? null,
    replayToken: run?.replayToken ?? null,
    startedAt: run?.startedAt ?? null,
    durationMs: counts.durationMs ?? null,
    interrupted: end?.interrupted ?? false,
    ended: end !== undefined,
    runs: counts.runs,
    operations: counts.operations,
    checkedReplies: counts.checkedReplies,
    checkedEvents: counts.checkedEvents,
    opsPerSecond: counts.opsPerSecond ?? null,
    verdicts: counts.verdicts,
    divergences: view.causes.diverges.map(divergenceOf),
    known: view.causes.known.map((cause) => knownOf(cause, known)),
    timing: view.causes.timing.map(divergenceOf),
    unstable: view.causes["oracle-unstable"].map(divergenceOf),
    calibration: view.calibration ?? null,
    behaviour:
      view.behaviour === undefined
        ? null
        : { operations: view.behaviour.operations, differing: view.behaviour.differing },
    coverage: coverageOf(view),
    latencyMs: { candidate: withoutBuckets(view.latency.candidate), oracle: withoutBuckets(view.latency.oracle) },
    versions: {
      tool: run?.tool ?? "unknown",
      candidate: run === undefined ? "unknown" : `${run.candidate.name} ${run.candidate.version}`,
      oracle: run === undefined ? "unknown" : `${run.oracle.name} ${run.oracle.version}`,
    },
  };
}

const divergenceOf = (cause: Cause): SummaryDivergence => ({
  fingerprint: cause.fingerprint,
  operation: cause.operation,
  field: cause.field,
  severity: cause.severity,
  candidate: cause.candidate,
  oracle: cause.oracle,
  occurrences: cause.occurrences,
  firstSeen: cause.firstSeen.n,
  minimalOperations: cause.shrinking?.reproduced ? cause.shrinking.operations : null,
  replay: cause.replay ?? null,
});

function knownOf(cause: Cause, known: readonly KnownEntry[]): SummaryKnown {
  const entry = known.find(({ id }) => id === cause.known);
  return {
    id: cause.known ?? "(unnamed)",
    fingerprint: cause.fingerprint,
    operation: cause.operation,
    field: cause.field,
    occurrences: cause.occurrences,
    issue: entry?.issue ?? null,
    why: entry?.why ?? null,
    expires: entry?.expires ?? null,
  };
}

function coverageOf(view: View): SummaryCoverage {
  const { rows, exercised, plausible, never } = view.coverage;
  const seen = (cells: readonly (readonly [string, number | null])[]): Record<string, number> =>
    Object.fromEntries(cells.flatMap(([name, count]) => (count !== null && count > 0 ? [[name, count]] : [])));
  return {
    exercised,
    plausible,
    operations: Object.fromEntries(rows.filter((row) => row.total > 0).map((row) => [row.op, seen(row.cells)])),
    watches: Object.fromEntries(view.watches.rows.map((row) => [row.kind, seen(row.events)])),
    never,
    ...(view.cells === undefined ? {} : { cells: cellsOf(view.cells) }),
  };
}

const cellsOf = ({ hit, reachable, never, neverCut }: CellsView): SummaryCells => ({ hit, reachable, never, neverCut });

function withoutBuckets({ buckets: _, ...rest }: LatencyView): Omit<LatencyView, "buckets"> {
  return rest;
}
