import { expect, test } from "vitest";
import { type AuditResult, Findings } from "./findings.ts";
import { auditHeadline, auditJson, auditText } from "./print.ts";

const facts = { servers: { candidate: "3.8.0 at a", oracle: "3.8.0 at b" }, root: "/", peakMemoryMb: 120 };
const resultOf = (findings: Findings, over: Partial<AuditResult> = {}): AuditResult => ({
  ...{ verdict: "same", reasons: [], znodes: 1_200_000, ephemerals: 1, sessions: 1, durationMs: 60_000 },
  ...{ differingZnodes: findings.differingZnodes, differences: findings.differences },
  changed: { count: findings.changed.count, first: findings.changed.first },
  unreadable: { count: findings.unreadable.count, first: findings.unreadable.first },
  ...over,
});

test("trees that agree are told in a sentence", () => {
  const text = auditText(resultOf(new Findings(5, new Set())), facts);
  expect(text).toContain("1,200,000 znodes compared in 60.0 s (20,000/s), 1 ephemeral of 1 session, 120 MB at most");
  expect(text).toMatch(/The trees agree: 1,200,000 znodes\.\n$/);
});

test("differences are grouped by field, counted, and the first ones shown; no terminal obeys a path", () => {
  const findings = new Findings(2, new Set(["version"]));
  for (const path of ["/a\u001b[2J", "/b", "/c"])
    findings.add(
      path,
      findings.relevant([
        { field: "data", candidate: "x", oracle: "y" },
        { field: "version", candidate: "1", oracle: "2" },
      ]),
    );
  const result = resultOf(findings, { verdict: "differs" });
  expect(auditHeadline(result)).toBe("The trees differ at 3 znodes: data 3.");
  const text = auditText(result, facts);
  expect(text).toContain("data: 3\n  /a\\u{1b}[2J\n    candidate x\n    oracle    y\n  /b");
  expect(text).toContain("  and 1 more");
  expect(text).not.toContain("\u001b");
});

test("what could not be compared is said, and why", () => {
  const findings = new Findings(2, new Set());
  findings.changed.add("/busy");
  const text = auditText(resultOf(findings, { verdict: "undecided", reasons: ["One znode changed."] }), facts);
  expect(text).toContain("changed during audit: 1\n  /busy");
  expect(text).toContain("Undecided: what could be compared agrees.\n  One znode changed.");
});

test("JSON holds the same, with the exit code", () => {
  const printed = JSON.parse(auditJson(resultOf(new Findings(2, new Set())), 0, facts)) as Record<string, unknown>;
  expect(printed).toMatchObject({ format: 1, exitCode: 0, verdict: "same", root: "/", peakMemoryMb: 120 });
});
