/** A concurrent history as reports show it: the columns of the journal's line, checked, bounded, names printable. */
import type { HistoryLine } from "../oracle/journal.ts";
import { shortened } from "./bounds.ts";

/** A broken rule in words; `call` and `witness` are positions in the columns. */
export interface HistoryViolationView {
  readonly rule: string;
  readonly call: number;
  readonly witness: number | null;
  readonly expected: string;
  readonly found: string;
}

/** The columns have one entry per call, as the journal has them (`HistoryLine`). */
export interface HistoryView {
  readonly name: string;
  readonly lanes: readonly string[];
  readonly operations: readonly string[];
  readonly paths: readonly string[];
  readonly calls: HistoryLine["calls"];
  readonly violations: readonly HistoryViolationView[];
  /** How many there were before they were cut. */
  readonly violated: number;
  readonly faults: HistoryLine["faults"];
  readonly diverging: number | null;
  readonly cut: number;
}

/** Far more than `xchk` writes; a foreign journal may hold anything. */
const historyBounds = {
  callsMax: 100_000,
  lanesMax: 256,
  namesMax: 2_000,
  nameCharsMax: 120,
  violationsMax: 200,
} as const;

const columns = ["lane", "start", "took", "op", "path", "zxid", "err", "wrote"] as const;

const names = (list: readonly unknown[]): string[] =>
  list.slice(0, historyBounds.namesMax).map((name) => shortened(String(name), historyBounds.nameCharsMax));

/** The view of a line. Throws `TypeError` on a line without its columns. */
export function historyOf(line: HistoryLine): HistoryView {
  const lengths = columns.map((column) => line.calls[column].length);
  const kept = Math.min(...lengths, historyBounds.callsMax);
  const calls = Object.fromEntries(
    columns.map((column) => [column, line.calls[column].slice(0, kept).map(Number)]),
  ) as unknown as HistoryLine["calls"];
  const isKept = (at: number | null): boolean => at !== null && Number.isInteger(at) && at >= 0 && at < kept;
  return {
    name: shortened(String(line.case), historyBounds.nameCharsMax),
    lanes: names(line.lanes.slice(0, historyBounds.lanesMax).map(({ session, server }) => `${session} · ${server}`)),
    operations: names(line.operations),
    paths: names(line.paths),
    calls,
    violations: line.violations
      .slice(0, historyBounds.violationsMax)
      .filter(({ call }) => isKept(call))
      .map(({ rule, call, witness, expected, found }) => ({
        rule: shortened(String(rule), historyBounds.nameCharsMax),
        call,
        witness: isKept(witness) ? witness : null,
        expected: shortened(String(expected), 200),
        found: shortened(String(found), 200),
      })),
    violated: Number(line.violated),
    faults: line.faults.slice(0, historyBounds.lanesMax).map(({ lane, start, what }) => ({
      lane: Number(lane),
      start: Number(start),
      what: shortened(String(what), historyBounds.nameCharsMax),
    })),
    diverging: isKept(line.diverging) ? line.diverging : null,
    cut: Number(line.cut) + Math.max(...lengths) - kept,
  };
}

/** The history worth showing: the first one that breaks something, else the last. */
export const moreTelling = (before: HistoryView | undefined, next: HistoryView): HistoryView =>
  before !== undefined && (before.violations.length > 0 || before.diverging !== null) ? before : next;
