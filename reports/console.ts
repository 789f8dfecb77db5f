/** The verdict for a terminal: a screenful at most, in colour where someone watches, plain where a file or a pipe does. */
import { stripVTControlCharacters, styleText } from "node:util";
import { grouped } from "./bounds.ts";
import type { Cause } from "./causes.ts";
import type { View } from "./view.ts";

/** Where the text goes. */
export interface Terminal {
  readonly colour: boolean;
  readonly columns: number;
}

/** What is known of a stream: colour on a terminal only, and never with NO_COLOR (https://no-color.org) or TERM=dumb. */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const refused = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return { colour: stream.isTTY === true && !refused, columns: stream.columns ?? 100 };
}

type Style = Parameters<typeof styleText>[0];

const verdictStyle: Readonly<Record<View["verdict"]["is"], Style>> = {
  conforms: ["bold", "green"],
  diverges: ["bold", "red"],
  undecided: ["bold", "yellow"],
};

/** Causes listed one by one; the report has the others. */
const causesShown = 10;

/** Renders a view, lines no wider than the terminal, with a newline at the end. `report` is where the page was written. */
export function consoleText(view: View, terminal: Terminal, report?: string): string {
  const styled = (style: Style, text: string): string =>
    terminal.colour ? styleText(style, text, { validateStream: false }) : text;
  const { verdict, run, counts } = view;
  const lines = [
    `${styled(verdictStyle[verdict.is], verdict.is.toUpperCase())}  ${verdict.headline}`,
    ...verdict.reasons.map((reason) => `  ${styled("yellow", "!")} ${reason}`),
    ...(run === undefined
      ? []
      : [`  ${run.candidate.name} ${run.candidate.version} against ${run.oracle.name} ${run.oracle.version}`]),
    `  ${traffic(view)}`,
    ...causeLines(view.causes.diverges, styled),
    ...(counts.verdicts.timing > 0
      ? [`  ${grouped(counts.verdicts.timing)} differences healed by themselves (timing only)`]
      : []),
    ...(view.causes.known.length > 0 ? [`  ${grouped(view.causes.known.length)} known divergences occurred`] : []),
    `  coverage ${view.coverage.exercised} of ${view.coverage.plausible} pairs of operation and result`,
    ...(view.cells === undefined
      ? []
      : [`  cells ${grouped(view.cells.hit)} of ${grouped(view.cells.reachable)} (operation, result, states)`]),
    ...(run?.seed === undefined ? [] : [`  seed ${run.seed}`]),
    ...(run?.replayToken === undefined ? [] : [`  replay token ${run.replayToken}`]),
    ...(report === undefined ? [] : [`  report ${report}`]),
  ];
  return `${lines.map((line) => fitted(line, terminal)).join("\n")}\n`;
}

function traffic({ counts }: View): string {
  const parts = [`${grouped(counts.checkedReplies)} replies`, `${grouped(counts.checkedEvents)} events checked`];
  if (counts.durationMs !== undefined) parts.push(`${(counts.durationMs / 1000).toFixed(1)} s`);
  if (counts.opsPerSecond !== undefined) parts.push(`${grouped(counts.opsPerSecond)} operations/s`);
  return parts.join(", ");
}

function causeLines(causes: readonly Cause[], styled: (style: Style, text: string) => string): string[] {
  const lines = causes
    .slice(0, causesShown)
    .flatMap((cause) => [
      `  ${styled("red", "≠")} ${styled("bold", `${cause.operation} ${cause.field}`)}  ${cause.candidate}, must be ${cause.oracle}  × ${grouped(cause.occurrences)}`,
      ...(cause.replay === undefined ? [] : [`      ${cause.replay}`]),
    ]);
  const more = causes.length - causesShown;
  return more > 0 ? [...lines, `  … and ${grouped(more)} more causes in the report`] : lines;
}

/** Cuts a line that would wrap, except where cutting would break what is there to be copied (commands, tokens, file names). */
function fitted(line: string, { columns }: Terminal): string {
  const plain = stripVTControlCharacters(line);
  if (plain.length <= columns || /^\s+(\S*xchk |seed |replay token |report )/.test(plain)) return line;
  // Styles only wrap the line's head; a cut line loses them rather than leaking one.
  return `${plain.slice(0, Math.max(1, columns - 1))}…`;
}
