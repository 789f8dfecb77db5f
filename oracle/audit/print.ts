/** An audit's result in print. */
import type { Both } from "../compare/difference.ts";
import type { AuditResult } from "./findings.ts";

/** Names of the servers, and what the run cost. */
export interface AuditFacts {
  readonly servers: Both<string>;
  readonly root: string;
  readonly peakMemoryMb: number;
}

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const plural = (count: number, word: string): string => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;

/** Paths hold whatever a client put there: controls are written out, so that no terminal obeys them. */
const legible = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

/** The sentence that tells how it ended. */
export function auditHeadline(result: AuditResult): string {
  const fields = result.differences.map(({ field, count }) => `${field} ${grouped(count)}`).join(", ");
  if (result.verdict === "differs") return `The trees differ at ${plural(result.differingZnodes, "znode")}: ${fields}.`;
  if (result.verdict === "undecided") return "Undecided: what could be compared agrees.";
  return `The trees agree: ${plural(result.znodes, "znode")}.`;
}

/** Text for terminals, newline at its end. */
export function auditText(result: AuditResult, { servers, root, peakMemoryMb }: AuditFacts): string {
  const seconds = result.durationMs / 1_000;
  const speed = Math.round(result.znodes / Math.max(seconds, 0.001));
  const lines = [
    `candidate ${servers.candidate}, oracle ${servers.oracle}, below ${legible(root)}`,
    `${plural(result.znodes, "znode")} compared in ${seconds.toFixed(1)} s (${grouped(speed)}/s), ${plural(result.ephemerals, "ephemeral")} of ${plural(result.sessions, "session")}, ${peakMemoryMb} MB at most`,
  ];
  for (const { field, count, first } of result.differences) {
    lines.push("", `${field}: ${grouped(count)}`);
    for (const { path, candidate, oracle } of first)
      lines.push(`  ${legible(path)}`, `    candidate ${legible(candidate)}`, `    oracle    ${legible(oracle)}`);
    if (count > first.length) lines.push(`  and ${grouped(count - first.length)} more`);
  }
  for (const [title, few] of [
    ["changed during audit", result.changed],
    ["shown by neither side", result.unreadable],
  ] as const)
    if (few.count > 0)
      lines.push("", `${title}: ${grouped(few.count)}`, ...few.first.map((path) => `  ${legible(path)}`));
  lines.push("", auditHeadline(result), ...result.reasons.map((reason) => `  ${reason}`), "");
  return lines.join("\n");
}

/** JSON for programs, newline at its end. */
export const auditJson = (result: AuditResult, exitCode: number, facts: AuditFacts): string =>
  `${JSON.stringify({ format: 1, exitCode, headline: auditHeadline(result), ...facts, ...result }, null, 2)}\n`;
