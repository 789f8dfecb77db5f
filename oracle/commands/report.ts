/** `xchk report DIR...`: writes the reports of finished runs again from their journals. */
import { appendFile } from "node:fs/promises";
import { consoleText, terminalOf } from "../../reports/console.ts";
import { annotationsOf, markdownOf } from "../../reports/markdown.ts";
import { writeReports } from "../../reports/write.ts";
import { loadKnown } from "../compare/known.ts";

/** Options of the command. `known` is the list's file; `github` writes annotations, and the step summary where the environment names its file. */
export interface ReportOptions {
  readonly known?: string;
  readonly github?: boolean;
  readonly out?: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Writes `report.html`, `summary.json` and `junit.xml` into each directory and prints each verdict. Answers the worst exit code: 1 before 2 before 0.
 *  Errors: `BadKnownList`, those of the file system. */
export async function runReport(dirs: readonly string[], options: ReportOptions = {}): Promise<number> {
  const { out = process.stdout, env = process.env } = options;
  const known = options.known === undefined ? [] : loadKnown(options.known);
  const codes: number[] = [];
  for (const dir of dirs) {
    const { view, exitCode, files } = await writeReports(dir, { known });
    codes.push(exitCode);
    out.write(consoleText(view, terminalOf(out, env), files.html));
    if (options.github !== true) continue;
    out.write(annotationsOf(view));
    const summaryFile = env.GITHUB_STEP_SUMMARY;
    if (summaryFile !== undefined && summaryFile !== "") await appendFile(summaryFile, markdownOf(view));
  }
  return codes.includes(1) ? 1 : Math.max(0, ...codes);
}
