/** The result as text. Pure. */
import type { Summary } from "../src/zkboom/summary.ts";

/** What is told of a measurement. */
export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A workload's figures by contender; undefined where it could not be measured. */
export interface Row {
  readonly workload: string;
  readonly figures: Readonly<Record<string, Figures | undefined>>;
}

/** The middle of several values; of an even number the lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The medians of several rounds, each figure on its own. */
export function medians(rounds: readonly Summary[]): Figures | undefined {
  if (rounds.length === 0) return undefined;
  return {
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    p50Ms: median(rounds.map(({ percentilesMs }) => percentilesMs["50"] ?? Number.NaN)),
    p99Ms: median(rounds.map(({ percentilesMs }) => percentilesMs["99"] ?? Number.NaN)),
  };
}

/** One line per workload: each contender's figures, then every other's share of the first's throughput. */
export function table(rows: readonly Row[], contenders: readonly string[]): string {
  const [first = "", ...others] = contenders;
  const head = ["workload", ...contenders.flatMap((name) => [`${name} req/s`, "p50 ms", "p99 ms"])];
  const lines = rows.map(({ workload, figures }) => [
    workload,
    ...contenders.flatMap((name) => {
      const own = figures[name];
      return own === undefined
        ? ["failed", "-", "-"]
        : [own.perSecond.toFixed(0), own.p50Ms.toFixed(2), own.p99Ms.toFixed(2)];
    }),
    ...others.map((name) => ratio(figures[name], figures[first])),
  ]);
  return aligned([[...head, ...others.map((name) => `${name} / ${first}`)], ...lines]);
}

function ratio(own: Figures | undefined, reference: Figures | undefined): string {
  return own === undefined || reference === undefined ? "-" : `${(own.perSecond / reference.perSecond).toFixed(2)}x`;
}

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}
