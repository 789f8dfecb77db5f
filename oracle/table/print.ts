/** The behaviour table in print: text for terminals, Markdown for issues and step summaries, JSON for programs. */
import type { BehaviourRow, BehaviourTable } from "../journal.ts";
import { rowDiffers } from "./table.ts";

/** How a table can be printed. */
export const tableFormats = ["text", "markdown", "json"] as const;
export type TableFormat = (typeof tableFormats)[number];

/** The table as JSON: each row says whether it differs. */
export interface PrintedTable extends Omit<BehaviourTable, "rows"> {
  readonly format: 1;
  readonly headline: string;
  readonly rows: readonly (BehaviourRow & { readonly differs: boolean })[];
}

/** What the words mean; stands under every printed table. */
const legend = [
  "·: unchanged; +1: by how much; op: the operation's own zxid; now: the operation's time; ctime: equal to ctime; session: the session that asked.",
  "A znode that was not there before shows its first values, one that is not there afterwards shows gone.",
];

const shown = (word: string): string => (word === "unchanged" ? "·" : word);

/** A cell: one word where the servers agree, else both with a mark between them. */
const cell = (words: readonly string[]): string =>
  words.every((word) => word === words[0]) ? shown(words[0] ?? "") : words.map(shown).join(" ≠ ");

const named = ({ servers }: BehaviourTable): string =>
  servers.map(({ name, version, address }) => `${name} ${version} (${address})`).join(" against ");

/** One sentence on how many operations differ. */
export function tableHeadline(table: BehaviourTable): string {
  const operations = new Set(table.rows.map(({ operation }) => operation)).size;
  if (table.servers.length < 2) return `${operations} operations observed.`;
  const differing = new Set(table.rows.filter(rowDiffers).map(({ operation }) => operation)).size;
  return differing === 0
    ? `${operations} operations, no difference.`
    : `${differing} of ${operations} operations differ.`;
}

/** A row's printed cells behind its mark. */
const cellsOf = (row: BehaviourRow): string[] => [row.operation, row.on, cell(row.result), ...row.cells.map(cell)];

function textOf(table: BehaviourTable): string {
  const marks = table.rows.map((row) => (rowDiffers(row) ? "≠" : " "));
  const rows = [["operation", "on", "result", ...table.fields], ...table.rows.map(cellsOf)];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const lines = rows.map((row, at) => {
    const mark = at === 0 ? " " : marks[at - 1];
    return `${mark} ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  });
  return [named(table), "", ...lines, "", ...legend, tableHeadline(table), ""].join("\n");
}

/** Text that Markdown shows as it is, also inside a table. */
const plain = (text: string): string => text.replace(/[\\`*_[\]<>|]/g, "\\$&");

function markdownOf(table: BehaviourTable): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const emphasised = (words: readonly string[]) => {
    const text = plain(cell(words));
    return words.every((word) => word === words[0]) ? text : `**${text}**`;
  };
  const rows = table.rows.map((row) =>
    line([plain(row.operation), row.on, emphasised(row.result), ...row.cells.map(emphasised)]),
  );
  const heads = ["operation", "on", "result", ...table.fields];
  return [
    `${plain(named(table))}: ${tableHeadline(table)}`,
    "",
    line(heads),
    line(heads.map(() => "---")),
    ...rows,
    "",
    ...legend,
    "",
  ].join("\n");
}

/** Prints a table, newline at its end. */
export function printTable(table: BehaviourTable, format: TableFormat): string {
  if (format === "text") return textOf(table);
  if (format === "markdown") return markdownOf(table);
  const rows = table.rows.map((row) => ({ ...row, differs: rowDiffers(row) }));
  const printed: PrintedTable = { format: 1, headline: tableHeadline(table), ...table, rows };
  return `${JSON.stringify(printed, null, 2)}\n`;
}
