/** Two answers laid side by side, one row per field: what a reader compares by eye. */

import type { Both, Difference, Side } from "../oracle/compare/difference.ts";
import type { Answer } from "../oracle/journal.ts";
import { bounds, grouped, shortened } from "./bounds.ts";
import { answerWords, sidesOf } from "./wording.ts";

/** One field of a reply. `same`: equal. `related`: not equal, and rightly so (a zxid, a clock). `differs`: what the comparator objects to. */
export interface FieldRow {
  readonly at: string;
  readonly candidate: string;
  readonly oracle: string;
  readonly mark: "same" | "related" | "differs";
}

/** What stands in a cell where one side has no such field. */
const nothing = "—";

/** Rows for the answers' heads and bodies, then for every difference that no field stands for. At most `bounds.rowsMax`; rows that differ are
 *  kept first when it does not fit. */
export function fieldRows(answers: Both<Answer>, differences: readonly Difference[]): FieldRow[] {
  const candidate = flattened(answers.candidate);
  const oracle = flattened(answers.oracle);
  const rows: FieldRow[] = [];
  for (const at of new Set([...candidate.keys(), ...oracle.keys()])) {
    const both = { candidate: candidate.get(at) ?? nothing, oracle: oracle.get(at) ?? nothing };
    const differs = differences.some((difference) => covers(difference.at, at));
    rows.push({ at, ...both, mark: differs ? "differs" : both.candidate === both.oracle ? "same" : "related" });
  }
  for (const difference of differences) {
    const plain = difference.is === "value" || difference.is === "absent";
    if (plain && rows.some((row) => covers(difference.at, row.at))) continue;
    rows.push({ at: shortened(difference.at, 120), ...sidesOf(difference), mark: "differs" });
  }
  if (rows.length <= bounds.rowsMax) return rows;
  const differing = rows.filter((row) => row.mark === "differs").slice(0, bounds.rowsMax);
  const others = rows.filter((row) => row.mark !== "differs").slice(0, bounds.rowsMax - differing.length);
  const cut = `(${grouped(rows.length - differing.length - others.length)} more fields)`;
  return [...differing, ...others, { at: cut, candidate: "", oracle: "", mark: "same" }];
}

/** A difference at `stat` covers `stat.pzxid`; one at `err` covers `err` alone. */
const covers = (difference: string, field: string): boolean =>
  field === difference || field.startsWith(`${difference}.`);

/** A reply as dotted field paths in wire order. Lists of plain values stay one row. */
function flattened(answer: Answer): Map<string, string> {
  const rows = new Map<string, string>([["answer", answer.is === "reply" ? "reply" : answerWords(answer)]]);
  if (answer.err !== undefined) rows.set("err", shortened(answer.err));
  if (answer.zxid !== undefined) rows.set("zxid", shortened(answer.zxid));
  collect(answer.body, "", rows);
  return rows;
}

function collect(value: unknown, at: string, rows: Map<string, string>): void {
  // One past the bound is enough to know that something is cut.
  if (value === undefined || rows.size > bounds.rowsMax * 2) return;
  const plainList = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  if (typeof value !== "object" || value === null || plainList) {
    rows.set(shortened(at === "" ? "body" : at, 120), printed(value));
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0 && at !== "") rows.set(shortened(at, 120), Array.isArray(value) ? "[]" : "{}");
  for (const [name, inner] of entries) collect(inner, at === "" ? name : `${at}.${name}`, rows);
}

/** A value as text. Journals hold data in printed form already: quoted, as hex, or as a digest. */
function printed(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) {
    const shown = value.slice(0, 50).map((item) => (item === null ? "null" : shortened(String(item), 100)));
    const more = value.length - shown.length;
    return shortened(`[${shown.join(", ")}${more > 0 ? `, and ${grouped(more)} more` : ""}]`);
  }
  const text = String(value);
  return typeof value === "string" && value === "" ? "“”" : shortened(text);
}

/** The part of two raw frames that a reader needs: a window of `bounds.hexBytesMax` bytes that starts on the line of the first byte that differs,
 *  or at the front. `bytes` are the frames' whole lengths. */
export interface HexWindow {
  readonly offset: number;
  readonly candidate: string;
  readonly oracle: string;
  readonly bytes: Both<number>;
}

/** A window into both frames; `undefined` where neither was kept. */
export function hexWindow(answers: Both<Answer>): HexWindow | undefined {
  const candidate = cleanHex(answers, "candidate");
  const oracle = cleanHex(answers, "oracle");
  if (candidate === "" && oracle === "") return undefined;
  // The xid and the zxid of the reply header differ by right; the window is for what comes after them.
  let first = 24;
  const shorter = Math.min(candidate.length, oracle.length);
  while (first < shorter && candidate.charCodeAt(first) === oracle.charCodeAt(first)) first++;
  const longer = Math.max(candidate.length, oracle.length) / 2;
  // Two lines of context, and no shift at all where everything fits.
  const offset = longer <= bounds.hexBytesMax ? 0 : Math.max(0, (Math.floor(first / 2 / 16) - 2) * 16);
  const cut = (hex: string): string => hex.slice(offset * 2, (offset + bounds.hexBytesMax) * 2);
  return {
    offset,
    candidate: cut(candidate),
    oracle: cut(oracle),
    bytes: { candidate: candidate.length / 2, oracle: oracle.length / 2 },
  };
}

function cleanHex(answers: Both<Answer>, side: Side): string {
  const hex = answers[side].hex ?? "";
  return /^(?:[0-9a-f]{2})*$/i.test(hex) ? hex.toLowerCase() : "";
}
