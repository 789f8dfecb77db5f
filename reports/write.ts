/** Turns the journal of a report directory into its reports. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pageOf } from "./html.ts";
import { junitOf } from "./junit.ts";
import type { KnownEntry } from "./known.ts";
import { journalIn, readMergedView } from "./read.ts";
import { type Summary, summaryOf } from "./summary.ts";
import type { RunVerdict } from "./verdict.ts";
import type { KnownCheck, View } from "./view.ts";

/** What was written, and what it says. `files` are full paths. */
export interface WrittenReports {
  readonly verdict: RunVerdict;
  readonly exitCode: number;
  readonly summary: Summary;
  readonly view: View;
  readonly files: { readonly html: string; readonly summary: string; readonly junit: string };
}

/** How reports are written. */
export interface WriteOptions {
  /** Explains the known divergences; it does not decide about them, the journal's lines do. */
  readonly known?: readonly KnownEntry[];
  /** Decides what is known in the place of the journal's lines. */
  readonly isKnown?: KnownCheck;
  /** Report directories whose journals are told as one; the directory itself without it. */
  readonly from?: readonly string[];
}

/** Reads `journal.jsonl` in the directory (or in those of `from`) and writes `report.html`, `summary.json` and `junit.xml` into it. Errors: those of
 *  the file system. */
export async function writeReports(reportDir: string, options: WriteOptions = {}): Promise<WrittenReports> {
  const { known = [], isKnown, from = [reportDir] } = options;
  const view = await readMergedView(from.map(journalIn), isKnown);
  const summary = summaryOf(view, known);
  const files = {
    html: join(reportDir, "report.html"),
    summary: join(reportDir, "summary.json"),
    junit: join(reportDir, "junit.xml"),
  };
  await mkdir(reportDir, { recursive: true });
  await replaceFile(files.html, pageOf(view, known));
  await replaceFile(files.summary, `${JSON.stringify(summary, null, 2)}\n`);
  await replaceFile(files.junit, junitOf(view, known));
  return { verdict: view.verdict, exitCode: view.verdict.exitCode, summary, view, files };
}

/** Writes beside the file and moves it into place: who reads meanwhile sees the old one or the new one, never half of one. */
export async function replaceFile(file: string, content: string): Promise<void> {
  await writeFile(`${file}.part`, content);
  await rename(`${file}.part`, file);
}
