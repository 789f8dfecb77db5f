/** The coverage cells of a run: how many were hit, by operation and result, and what never came. Of shards, the union. */
import type { CellPair, CellsLine } from "../oracle/journal.ts";
import { bounds, shortened } from "./bounds.ts";
import { codeOrder } from "./plausible.ts";

/** One pair of operation and result: `hit` of `reachable` cells, in `times` replies. `unmet` are the states of the znode in which it never came. */
export interface CellsEntry {
  readonly result: string;
  readonly times: number;
  readonly hit: number;
  readonly reachable: number;
  readonly unmet: readonly string[];
}

/** One operation's pairs. */
export interface CellsRow {
  readonly op: string;
  readonly entries: readonly CellsEntry[];
}

/** The cells of a run. `never` lists pairs that never came, as `delete → NOTEMPTY`, at most {@link bounds.neverMax}; `neverCut` counts the others. */
export interface CellsView {
  readonly hit: number;
  readonly reachable: number;
  readonly beyond: number;
  readonly columns: readonly string[];
  readonly rows: readonly CellsRow[];
  readonly never: readonly string[];
  readonly neverCut: number;
  /** All of it as one line again, to be added to other shards'. The page does not get it. */
  readonly sum: CellsLine;
}

/** A line as far as it can be added to another of the same numbering. */
interface Sheet {
  readonly pairs: CellPair[];
  readonly hit: Uint8Array;
  beyond: number;
}

const cellsIn = (pair: CellPair): number => pair.nodes.reduce((sum, [, cells]) => sum + cells, 0);

/** A pair with every text bounded, and no number that is none. Throws `TypeError` for one without its fields. */
const printable = (pair: CellPair): CellPair => ({
  op: shortened(String(pair.op), 80),
  result: shortened(String(pair.result), 80),
  times: count(pair.times),
  nodes: pair.nodes.slice(0, bounds.namesMax).map(([state, cells]) => [shortened(String(state), 80), count(cells)]),
});

const count = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? Math.min(value, 1_000_000_000) : 0;

/** Whether two lines number their cells alike. */
const areAlike = (one: readonly CellPair[], other: readonly CellPair[]): boolean => {
  const numbering = (pairs: readonly CellPair[]) =>
    JSON.stringify(pairs.map(({ op, result, nodes }) => [op, result, nodes]));
  return numbering(one) === numbering(other);
};

/** Adds up cell lines. */
export class Cells {
  #sheet: Sheet | undefined;

  /** Takes a line. One that numbers its cells otherwise, as another version's does, counts only if it is the first. Throws `TypeError` for one
   *  without its fields. */
  add(line: CellsLine): void {
    const pairs = line.pairs.slice(0, bounds.pairsMax).map(printable);
    const bytes = Math.ceil(pairs.reduce((sum, pair) => sum + cellsIn(pair), 0) / 8);
    if (bytes > bounds.cellBytesMax) throw new TypeError("a cells line of an impossible size");
    const hit = new Uint8Array(bytes);
    hit.set(Buffer.from(String(line.hit).slice(0, 2 * bytes), "hex"));
    const before = this.#sheet;
    if (before === undefined) this.#sheet = { pairs, hit, beyond: count(line.beyond) };
    else if (areAlike(before.pairs, pairs)) {
      for (const [at, byte] of hit.entries()) before.hit[at] = (before.hit[at] ?? 0) | byte;
      for (const [at, pair] of before.pairs.entries())
        before.pairs[at] = { ...pair, times: pair.times + (pairs[at]?.times ?? 0) };
      before.beyond = Math.max(before.beyond, count(line.beyond));
    }
  }

  /** What the lines so far add up to; undefined without any. */
  view(): CellsView | undefined {
    if (this.#sheet === undefined) return undefined;
    const { pairs, hit, beyond } = this.#sheet;
    const rows = new Map<string, CellsEntry[]>();
    let first = 0;
    for (const pair of pairs) {
      rows.set(pair.op, [...(rows.get(pair.op) ?? []), entryOf(pair, hit, first)]);
      first += cellsIn(pair);
    }
    const all = [...rows].flatMap(([op, entries]) => entries.map((entry) => ({ op, ...entry })));
    const never = all.filter((entry) => entry.hit === 0 && entry.reachable > 0);
    return {
      hit: all.reduce((sum, entry) => sum + entry.hit, 0),
      reachable: first,
      beyond,
      columns: [...new Set(all.map(({ result }) => result))].sort(byColumn),
      rows: [...rows].map(([op, entries]) => ({ op, entries: entries.sort((a, b) => byColumn(a.result, b.result)) })),
      never: never.slice(0, bounds.neverMax).map(({ op, result }) => `${op} → ${result}`),
      neverCut: Math.max(0, never.length - bounds.neverMax),
      sum: { event: "cells", pairs: [...pairs], hit: Buffer.from(hit).toString("hex"), beyond },
    };
  }
}

/** Counts the bits of one pair, whose cells begin at `first`. */
function entryOf({ result, times, nodes }: CellPair, hit: Uint8Array, first: number): CellsEntry {
  const unmet: string[] = [];
  let at = first;
  let found = 0;
  for (const [state, cells] of nodes) {
    let here = 0;
    for (const end = at + cells; at < end; at++) if (((hit[at >> 3] ?? 0) >> (at & 7)) & 1) here++;
    if (here === 0 && cells > 0) unmet.push(state);
    found += here;
  }
  return { result, times, hit: found, reachable: at - first, unmet };
}

function byColumn(a: string, b: string): number {
  const place = (code: string): number => {
    const at = (codeOrder as readonly string[]).indexOf(code);
    return at < 0 ? codeOrder.length : at;
  };
  return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}
