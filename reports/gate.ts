/** The gate: what CI lets through. Shards of one run are merged and held against the known list, the floors and an earlier run. */
import { type KnownDivergence, knownFaults, knownMatcher } from "../oracle/compare/known.ts";
import { grouped } from "./bounds.ts";
import { Cells } from "./cells.ts";
import { Coverage, type CoverageView } from "./coverage.ts";
import { journalIn, readView } from "./read.ts";
import type { View } from "./view.ts";

/** What the gate demands. `today` is `YYYY-MM-DD`, passed in so that a gate can be judged again. */
export interface GateOptions {
  readonly known: readonly KnownDivergence[];
  readonly today: string;
  /** Least share of plausible coverage cells, 0 … 1. */
  readonly coverageFloor?: number;
  /** Fewest compared replies of all shards together. */
  readonly minOperations?: number;
  /** Fewest coverage cells of all shards together. */
  readonly minCells?: number;
  /** Fingerprints that diverged in an earlier run. */
  readonly baseline?: readonly string[];
}

/** Why the gate is shut. `exitCode` is what this reason alone would ask for. `of`: a divergence; an entry of the known list; a shard that proves
 *  nothing; a floor that all of them together miss. */
export interface GateReason {
  readonly of: "divergence" | "known" | "doubt" | "floor";
  readonly exitCode: 1 | 2;
  readonly text: string;
}

/** The gate's decision. 1 outweighs 2: a divergence is evidence, a doubt is none. */
export interface GateResult {
  readonly exitCode: 0 | 1 | 2;
  readonly reasons: readonly GateReason[];
  readonly checkedReplies: number;
  readonly coverage: CoverageView;
  /** Coverage cells that any shard hit, and declared ones; absent where none counted them. */
  readonly cells?: { readonly hit: number; readonly reachable: number };
  /** Causes by comparison with the baseline, as fingerprints. Absent without one. */
  readonly change?: {
    readonly fresh: readonly string[];
    readonly gone: readonly string[];
    readonly still: readonly string[];
  };
}

/** One report directory's name and view. */
export interface Shard {
  readonly name: string;
  readonly view: View;
}

/** Reads the journals of the directories and judges them. The list decides what is known, whatever the journals say. Errors: those of the file
 *  system. */
export async function gate(dirs: readonly string[], options: GateOptions): Promise<GateResult> {
  const isKnown = knownMatcher(options.known);
  const shards: Shard[] = [];
  for (const dir of dirs) shards.push({ name: dir, view: await readView(journalIn(dir), isKnown) });
  return judge(shards, options);
}

/** Judges views whose known divergences the list has already been applied to. */
export function judge(shards: readonly Shard[], options: GateOptions): GateResult {
  const merged = new Coverage();
  for (const { view } of shards) merged.merge(view.coverage);
  const coverage = merged.view();
  const cells = cellsOf(shards);
  const checkedReplies = shards.reduce((sum, { view }) => sum + view.counts.checkedReplies, 0);
  const reasons = [
    ...divergenceReasons(shards),
    ...knownReasons(shards, options),
    ...doubts(shards),
    ...floorReasons({ checkedReplies, coverage }, options),
    ...cellReasons(cells?.hit ?? 0, options),
  ];
  const exitCode = reasons.some((reason) => reason.exitCode === 1) ? 1 : reasons.length > 0 ? 2 : 0;
  const change = options.baseline === undefined ? {} : { change: compared(fingerprints(shards), options.baseline) };
  return { exitCode, reasons, checkedReplies, coverage, ...(cells === undefined ? {} : { cells }), ...change };
}

/** What the shards hit together: a cell counts once, however many hit it. */
function cellsOf(shards: readonly Shard[]): GateResult["cells"] {
  const all = new Cells();
  for (const { view } of shards) if (view.cells !== undefined) all.add(view.cells.sum);
  const view = all.view();
  return view === undefined ? undefined : { hit: view.hit, reachable: view.reachable };
}

const cellReasons = (hit: number, { minCells = 0 }: GateOptions): GateReason[] =>
  hit < minCells
    ? [shut("floor", 2, `too few cells: ${grouped(hit)} coverage cells hit, the floor is ${grouped(minCells)}`)]
    : [];

/** One reason per cause, however many shards saw it. */
function divergenceReasons(shards: readonly Shard[]): GateReason[] {
  const causes = new Map<string, { readonly words: string; times: number }>();
  for (const { view } of shards) {
    for (const cause of view.causes.diverges) {
      const seen = causes.get(cause.fingerprint) ?? { words: cause.words, times: 0 };
      seen.times += cause.occurrences;
      causes.set(cause.fingerprint, seen);
    }
  }
  const told = [...causes].sort(([a], [b]) => (a < b ? -1 : 1));
  const untold = shards.filter(({ view }) => view.verdict.is === "diverges" && view.causes.diverges.length === 0);
  return [
    ...told.map(([fingerprint, { words, times }]) =>
      shut("divergence", 1, `diverges: ${fingerprint} × ${grouped(times)} (${words})`),
    ),
    ...untold.map(({ name }) => shut("divergence", 1, `${name}: diverges, without a line that tells how`)),
  ];
}

/** Entries that no longer occur, and those past their day: both are debts that a list must not hide. */
function knownReasons(shards: readonly Shard[], options: GateOptions): GateReason[] {
  const seen = new Set(shards.flatMap(({ view }) => view.causes.known.map((cause) => cause.known ?? "")));
  const { stale, expired } = knownFaults(options.known, seen, options.today);
  // A run that checked nothing has not seen the entry disappear either.
  const looked = shards.some(({ view }) => view.counts.checkedReplies > 0);
  return [
    ...(looked ? stale : []).map(({ id }) => shut("known", 1, `stale: ${id} did not occur any more; delete its entry`)),
    ...expired.map(({ id, expires, issue }) =>
      shut("known", 1, `expired: ${id} was tolerated until ${expires}, see ${issue}`),
    ),
  ];
}

function doubts(shards: readonly Shard[]): GateReason[] {
  if (shards.length === 0) return [shut("doubt", 2, "no report directory was given: nothing was checked")];
  return shards.flatMap(({ name, view }) =>
    view.verdict.is === "conforms" ? [] : view.verdict.reasons.map((reason) => shut("doubt", 2, `${name}: ${reason}`)),
  );
}

function floorReasons(
  { checkedReplies, coverage }: Pick<GateResult, "checkedReplies" | "coverage">,
  { minOperations = 1, coverageFloor = 0 }: GateOptions,
): GateReason[] {
  const share = coverage.exercised / Math.max(1, coverage.plausible);
  return [
    ...(checkedReplies < minOperations
      ? [
          shut(
            "floor",
            2,
            `too little traffic: ${grouped(checkedReplies)} replies compared, the floor is ${grouped(minOperations)}`,
          ),
        ]
      : []),
    ...(share < coverageFloor
      ? [
          shut(
            "floor",
            2,
            `too little coverage: ${percent(share)} of the plausible cells, the floor is ${percent(coverageFloor)}`,
          ),
        ]
      : []),
  ];
}

const shut = (of: GateReason["of"], exitCode: 1 | 2, text: string): GateReason => ({ of, exitCode, text });

/** Rounded down, so that a floor that is missed never reads as met. */
const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;

const fingerprints = (shards: readonly Shard[]): string[] =>
  [...new Set(shards.flatMap(({ view }) => view.causes.diverges.map((cause) => cause.fingerprint)))].sort();

function compared(now: readonly string[], before: readonly string[]): NonNullable<GateResult["change"]> {
  return {
    fresh: now.filter((fingerprint) => !before.includes(fingerprint)),
    gone: before.filter((fingerprint) => !now.includes(fingerprint)),
    still: now.filter((fingerprint) => before.includes(fingerprint)),
  };
}
