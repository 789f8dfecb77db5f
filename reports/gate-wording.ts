/** The gate's decision in words: for a terminal, for GitHub, and as testcases. */
import type { GateReason, GateResult } from "./gate.ts";
import { commandText, escaped } from "./markdown.ts";

/** Reasons listed one by one in a step summary; a log has room for all. */
const reasonsShown = 30;

const heads = { 0: "OPEN", 1: "SHUT: diverges", 2: "SHUT: undecided" } as const;

/** What changed since the baseline: the numbers, then a line for each cause, what is new first. */
const changes = ({ change }: GateResult): string[] =>
  change === undefined
    ? []
    : [
        `since the baseline ${change.fresh.length} new, ${change.still.length} still there, ${change.gone.length} gone`,
        ...change.fresh.map((each) => `new since the baseline: ${each}`),
        ...change.still.map((each) => `still there: ${each}`),
        ...change.gone.map((each) => `gone since the baseline: ${each}`),
      ];

const traffic = ({ checkedReplies, coverage, cells }: GateResult): string => {
  const inCells = cells === undefined ? "" : `, ${cells.hit} of ${cells.reachable} cells`;
  return `${checkedReplies} replies compared, coverage ${coverage.exercised} of ${coverage.plausible}${inCells}`;
};

/** The decision for a terminal or a log, with a newline at the end. */
export const gateText = (result: GateResult): string =>
  [
    `${heads[result.exitCode]}  ${traffic(result)}`,
    ...result.reasons.map(({ text }) => `  ${text}`),
    ...changes(result).map((line) => `  ${line}`),
    "",
  ].join("\n");

/** What the merged view does not say by itself: the known list's debts and the floors. */
const ownReasons = ({ reasons }: GateResult): GateReason[] =>
  reasons.filter((reason) => reason.of === "known" || reason.of === "floor");

/** The decision for a step summary, to stand before the view's. */
export function gateMarkdown(result: GateResult): string {
  const sign = { 0: "✅", 1: "❌", 2: "⚠️" }[result.exitCode];
  const lines = [...ownReasons(result).map(({ text }) => text), ...changes(result)];
  const more = lines.length - reasonsShown;
  return [
    `# ${sign} Gate ${heads[result.exitCode].toLowerCase()}`,
    "",
    ...lines.slice(0, reasonsShown).map((line) => `- ${escaped(line)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(lines.length > 0 ? [""] : []),
    "",
  ].join("\n");
}

/** Workflow commands for what the view's own do not say. */
export const gateAnnotations = (result: GateResult): string =>
  ownReasons(result)
    .map(({ exitCode, text }) => `::${exitCode === 1 ? "error" : "warning"} title=gate::${commandText(text)}\n`)
    .join("");

/** The same for JUnit: a debt of the known list is a failure, a missed floor an error. */
export const gateTests = (result: GateResult): { readonly is: "failure" | "error"; readonly message: string }[] =>
  ownReasons(result).map(({ exitCode, text }) => ({ is: exitCode === 1 ? "failure" : "error", message: text }));
