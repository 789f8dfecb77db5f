/** The verdict for a pull request: a step summary in GitHub's Markdown, and annotations as workflow commands. */
import { grouped } from "./bounds.ts";
import type { Cause } from "./causes.ts";
import type { View } from "./view.ts";

/** Rows of the table; a summary may hold a megabyte, a reader less. */
const rowsShown = 20;

const signs = { conforms: "✅", diverges: "❌", undecided: "⚠️" } as const;

/** A step summary (`$GITHUB_STEP_SUMMARY`). */
export function markdownOf(view: View): string {
  const { verdict, run, counts, coverage } = view;
  const lines = [`## ${signs[verdict.is]} ${escaped(verdict.headline)}`, ""];
  lines.push(...verdict.reasons.map((reason) => `- ${escaped(reason)}`), ...(verdict.reasons.length > 0 ? [""] : []));
  if (run !== undefined)
    lines.push(
      `${escaped(`${run.candidate.name} ${run.candidate.version}`)} against ${escaped(`${run.oracle.name} ${run.oracle.version}`)}: ` +
        `${grouped(counts.checkedReplies)} replies and ${grouped(counts.checkedEvents)} watch events checked, ` +
        `coverage ${coverage.exercised} of ${coverage.plausible}` +
        `${view.cells === undefined ? "" : `, ${grouped(view.cells.hit)} of ${grouped(view.cells.reachable)} coverage cells`}` +
        `${run.seed === undefined ? "" : `, seed ${code(run.seed)}`}.`,
      "",
    );
  const causes = view.causes.diverges;
  if (causes.length > 0)
    lines.push(
      "| Operation | Field | Candidate | Oracle | Seen | Replay |",
      "| --- | --- | --- | --- | ---: | --- |",
      ...causes.slice(0, rowsShown).map(row),
      "",
    );
  if (causes.length > rowsShown)
    lines.push(`… and ${grouped(causes.length - rowsShown)} more causes in the report.`, "");
  if (view.causes.known.length > 0) lines.push(`${grouped(view.causes.known.length)} known divergences occurred.`, "");
  return lines.join("\n");
}

function row(cause: Cause): string {
  const cells = [cause.operation, cause.field, cause.candidate, cause.oracle].map(code);
  return `| ${[...cells, grouped(cause.occurrences), cause.replay === undefined ? "" : code(cause.replay)].join(" | ")} |`;
}

/** Workflow commands: an error for each cause, a warning for each doubt. Source: GitHub's "Workflow commands", `::error`. */
export function annotationsOf(view: View): string {
  const causes = view.causes.diverges.slice(0, rowsShown).map((cause) => {
    const replay = cause.replay === undefined ? "" : `\nreplay: ${cause.replay}`;
    const message = `candidate: ${cause.candidate}\noracle: ${cause.oracle}\nseen ${cause.occurrences} times${replay}`;
    return `::error title=${property(`${cause.operation} ${cause.field}`)}::${commandText(message)}`;
  });
  const doubts = view.verdict.is === "conforms" ? [] : view.verdict.reasons;
  return [...causes, ...doubts.map((doubt) => `::warning title=zetcd::${commandText(doubt)}`)]
    .map((line) => `${line}\n`)
    .join("");
}

/** Text in which nothing is Markdown or HTML. */
export const escaped = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>()#+!|~-]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A code span inside a table cell: as an element, because a span of backticks can be closed from inside. */
const code = (text: string): string => `<code>${escaped(text)}</code>`;

/** A workflow command's message: what would end it is written as GitHub reads it back. */
export const commandText = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

const property = (text: string): string => commandText(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
