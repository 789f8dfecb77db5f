/** What a run exercised, and what it never did: operation by result code, and the variants of each operation. */
import type { StepLine } from "../oracle/journal.ts";
import { bounds, tally } from "./bounds.ts";
import { codeOrder, operations, plausibleCodes } from "./plausible.ts";

/** One row of the matrix. `cells` pairs a result code (the oracle's) with how often it came; plausible codes that never came have 0. */
export interface CoverageRow {
  readonly op: string;
  readonly total: number;
  readonly disagreed: number;
  readonly cells: readonly (readonly [code: string, count: number])[];
  readonly shapes: readonly (readonly [shape: string, count: number])[];
}

/** The matrix. `exercised` of `plausible` cells were reached; codes beyond the plausible ones are shown and not counted. */
export interface CoverageView {
  readonly columns: readonly string[];
  readonly rows: readonly CoverageRow[];
  readonly exercised: number;
  readonly plausible: number;
  readonly never: readonly string[];
}

/** Counts of one operation. */
interface Tallies {
  total: number;
  disagreed: number;
  readonly codes: Map<string, number>;
  readonly shapes: Map<string, number>;
}

/** Collects step lines. Memory is bounded by the opcode table and `bounds.namesMax`. */
export class Coverage {
  readonly #ops = new Map<string, Tallies>();

  add(step: StepLine): void {
    const tallies = this.#of(step.op);
    tallies.total += 1;
    if (step.verdict === "diverges") tallies.disagreed += 1;
    tally(tallies.codes, String(step.err?.oracle ?? "none"));
    for (const shape of (step.shape ?? "").split(/[\s,]+/)) if (shape !== "") tally(tallies.shapes, shape);
  }

  #of(op: string): Tallies {
    const key =
      this.#ops.has(op) || this.#ops.size < bounds.namesMax + operations.length ? op.slice(0, 80) : "(others)";
    const found = this.#ops.get(key);
    if (found !== undefined) return found;
    const fresh: Tallies = { total: 0, disagreed: 0, codes: new Map(), shapes: new Map() };
    this.#ops.set(key, fresh);
    return fresh;
  }

  /** Adds what another shard of the same run exercised. */
  merge(other: CoverageView): void {
    for (const row of other.rows) {
      const tallies = this.#of(row.op);
      tallies.total += row.total;
      tallies.disagreed += row.disagreed;
      for (const [code, count] of row.cells)
        if (count > 0) tallies.codes.set(code, (tallies.codes.get(code) ?? 0) + count);
      for (const [shape, count] of row.shapes) tallies.shapes.set(shape, (tallies.shapes.get(shape) ?? 0) + count);
    }
  }

  view(): CoverageView {
    const seenOps = [...this.#ops.keys()].filter((op) => !(operations as readonly string[]).includes(op)).sort();
    const rows = [...operations, ...seenOps].map((op) => this.#row(op));
    const codes = new Set(rows.flatMap((row) => row.cells.map(([code]) => code)));
    const cells = rows.flatMap((row) => row.cells.map(([code, count]) => ({ op: row.op, code, count })));
    const plausible = cells.filter(({ op, code }) => isPlausible(op, code));
    return {
      columns: [...codes].sort(byColumn),
      rows,
      exercised: plausible.filter(({ count }) => count > 0).length,
      plausible: plausible.length,
      never: plausible.filter(({ count }) => count === 0).map(({ op, code }) => `${op} → ${code}`),
    };
  }

  #row(op: string): CoverageRow {
    const tallies = this.#ops.get(op);
    const expected = operations.includes(op as (typeof operations)[number]) ? plausibleCodes(op) : [];
    const codes = new Set<string>([...expected, ...(tallies?.codes.keys() ?? [])]);
    return {
      op,
      total: tallies?.total ?? 0,
      disagreed: tallies?.disagreed ?? 0,
      cells: [...codes].sort(byColumn).map((code) => [code, tallies?.codes.get(code) ?? 0] as const),
      shapes: [...(tallies?.shapes ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)),
    };
  }
}

const isPlausible = (op: string, code: string): boolean =>
  (operations as readonly string[]).includes(op) && (plausibleCodes(op) as readonly string[]).includes(code);

function byColumn(a: string, b: string): number {
  const place = (code: string): number => {
    const at = (codeOrder as readonly string[]).indexOf(code);
    return at < 0 ? codeOrder.length : at;
  };
  return place(a) - place(b) || (a < b ? -1 : 1);
}
