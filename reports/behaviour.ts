/** The behaviour table as reports show it: what each operation did to each Stat field on both sides, bounded and printable. */
import type { BehaviourRow, BehaviourTable } from "../oracle/journal.ts";
import { shortened } from "./bounds.ts";

/** One operation on one znode. `result` and each of `cells` hold one word where the sides agree, else the candidate's and the oracle's. */
export interface BehaviourRowView {
  readonly operation: string;
  readonly on: string;
  readonly result: readonly string[];
  readonly cells: readonly (readonly string[])[];
  readonly differs: boolean;
}

/** The table. `operations` were observed, `differing` of them came out differently. */
export interface BehaviourView {
  readonly fields: readonly string[];
  readonly rows: readonly BehaviourRowView[];
  readonly operations: number;
  readonly differing: readonly string[];
}

/** Far more than `xchk` writes; a foreign journal may hold anything. */
const behaviourBounds = { rowsMax: 300, fieldsMax: 20, wordCharsMax: 80 } as const;

const printable = (text: unknown): string => shortened(String(text), behaviourBounds.wordCharsMax);

/** Both sides' words, or the one that they share. */
function wordsOf([candidate, oracle]: readonly unknown[]): string[] {
  const words = [printable(candidate), printable(oracle)];
  return words[0] === words[1] ? words.slice(0, 1) : words;
}

function rowOf(row: BehaviourRow, fields: number): BehaviourRowView {
  const result = wordsOf(row.result);
  const cells = row.cells.slice(0, fields).map(wordsOf);
  const differs = [result, ...cells].some((words) => words.length > 1);
  return { operation: printable(row.operation), on: printable(row.on), result, cells, differs };
}

/** The view of a table. */
export function behaviourOf(table: BehaviourTable): BehaviourView {
  const fields = table.fields.slice(0, behaviourBounds.fieldsMax).map(printable);
  const rows = table.rows.slice(0, behaviourBounds.rowsMax).map((row) => rowOf(row, fields.length));
  const operations = new Set(rows.map(({ operation }) => operation)).size;
  const differing = [...new Set(rows.filter(({ differs }) => differs).map(({ operation }) => operation))];
  return { fields, rows, operations, differing };
}
