/** A result as text. Pure. */
import type { Figures, Measure, Result } from "./result.ts";

/** Title, what was measured, and one line per workload: each contender's figures, then the ratios. */
export function table({ title, about, contenders, measures, rows, ratioOf, ratios }: Result): string {
  const head = [
    "workload",
    ...contenders.flatMap((name) =>
      measures.map(({ heading }, place) => (place === 0 ? `${name} ${heading}` : heading)),
    ),
    ...ratios.map(([of, over]) => `${of} / ${over}`),
  ];
  const lines = rows.map(({ workload, figures }) => [
    workload,
    ...contenders.flatMap((name) => cells(figures[name], measures)),
    ...ratios.map(([of, over]) => ratio(figures[of]?.[ratioOf], figures[over]?.[ratioOf])),
  ]);
  return `${title}\n${about.map((line) => `${line}\n`).join("")}\n${aligned([head, ...lines])}`;
}

function cells(figures: Figures | undefined, measures: readonly Measure[]): string[] {
  return measures.map(({ key, digits }, place) => {
    const value = figures?.[key];
    if (figures === undefined && place === 0) return "failed";
    return value === undefined || Number.isNaN(value) ? "-" : value.toFixed(digits);
  });
}

function ratio(own: number | undefined, reference: number | undefined): string {
  const share = (own ?? Number.NaN) / (reference ?? Number.NaN);
  return Number.isFinite(share) ? `${share.toFixed(2)}x` : "-";
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
