import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asText, cleanRun, diedRun, divergingRun } from "../../reports/testdata/runs.ts";
import { BadKnownList } from "../compare/known.ts";
import type { JournalLine } from "../journal.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { runGate } from "./gate.ts";
import { runReport } from "./report.ts";

let root = "";
let said = "";
const out = {
  write(text: string) {
    said += text;
    return true;
  },
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "commands-"));
  said = "";
});
afterEach(() => rmSync(root, { recursive: true }));

function directory(lines: readonly JournalLine[]): string {
  const dir = mkdtempSync(join(root, "run-"));
  writeFileSync(join(dir, "journal.jsonl"), asText(lines));
  return dir;
}
function file(name: string, content: string): string {
  writeFileSync(join(root, name), content);
  return join(root, name);
}

describe("gate", () => {
  test.each([
    [0, "OPEN", cleanRun()],
    [1, "SHUT: diverges", divergingRun()],
    [2, "SHUT: undecided", diedRun()],
  ] as const)("answers %i and says %s", async (code, words, lines) => {
    expect(await runGate([directory(lines)], { out })).toBe(code);
    expect(said.startsWith(words)).toBe(true);
  });

  test("reads the list and an earlier summary from their files", async () => {
    const known = file("known.yml", "");
    const baseline = file("summary.json", JSON.stringify({ divergences: [{ fingerprint: "gone" }] }));
    await runGate([directory(divergingRun())], { out, known, baseline });
    expect(said).toContain("gone since the baseline: gone");
    expect(said).toContain("new since the baseline: getData stat.cversion value");
  });

  test("a list or a baseline that cannot be read is an error, not a verdict", async () => {
    const dir = directory(cleanRun());
    await expect(runGate([dir], { out, known: file("known.yml", "- id: 5") })).rejects.toThrow(BadKnownList);
    await expect(runGate([dir], { out, baseline: file("a.json", "{}") })).rejects.toThrow(BadArgument);
    await expect(runGate([dir], { out, baseline: file("b.json", "no JSON") })).rejects.toThrow(BadArgument);
  });
});

describe("report", () => {
  test("writes each directory's reports and answers the worst exit code", async () => {
    expect(await runReport([directory(cleanRun())], { out, env: {} })).toBe(0);
    expect(await runReport([directory(cleanRun()), directory(diedRun())], { out, env: {} })).toBe(2);
    expect(
      await runReport([directory(diedRun()), directory(divergingRun()), directory(cleanRun())], { out, env: {} }),
    ).toBe(1);
    expect(said).toContain("report.html");
  });

  test("on GitHub it annotates, and adds to the step summary", async () => {
    const summary = file("step-summary.md", "before\n");
    await runReport([directory(divergingRun())], { out, env: { GITHUB_STEP_SUMMARY: summary }, github: true });
    expect(said).toContain("::error title=getData stat.cversion::");
    expect(readFileSync(summary, "utf8")).toMatch(/^before\n## ❌/);
  });
});
