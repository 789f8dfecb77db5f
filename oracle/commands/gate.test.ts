import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cellsLine, divergence, journal } from "../../reports/testdata/journals.ts";
import { asText, cleanRun, diedRun, divergingRun, mixedTraffic } from "../../reports/testdata/runs.ts";
import { writeReports } from "../../reports/write.ts";
import { BadKnownList } from "../compare/known.ts";
import type { JournalLine } from "../journal.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { gateCommand } from "./gate.ts";
import { reportCommand } from "./report.ts";

let root = "";
let said = "";
const stdout = {
  write(text: string) {
    said += text;
    return true;
  },
};
const around = { stdout, env: {} };
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
const cversion = () => journal([...mixedTraffic(20), ...divergence(21)]);
const tolerated = (expires: string) =>
  file(
    "known.yml",
    JSON.stringify([
      { id: "D-1", match: "**/getData", field: "stat.*", why: "so", issue: "https://example.org/1", expires },
    ]),
  );

describe("gate", () => {
  test.each([
    [0, "OPEN", cleanRun()],
    [1, "SHUT: diverges", divergingRun()],
    [2, "SHUT: undecided", diedRun()],
  ] as const)("answers %i and says %s", async (code, words, lines) => {
    expect(await gateCommand([directory(lines)], {}, around)).toBe(code);
    expect(said.startsWith(words)).toBe(true);
  });

  test("the floors are numbers of replies and percents of coverage", async () => {
    const dirs = [directory(cleanRun()), directory(cleanRun())];
    expect(await gateCommand(dirs, { minOperations: "480", coverageFloor: "2" }, around)).toBe(0);
    expect(await gateCommand(dirs, { minOperations: "481" }, around)).toBe(2);
    expect(await gateCommand(dirs, { coverageFloor: "99" }, around)).toBe(2);
    expect(said).toContain("the floor is 99 %");
    await expect(gateCommand(dirs, { coverageFloor: "101" }, around)).rejects.toThrow(BadArgument);
  });

  test("a floor of coverage cells is held against what all runs hit", async () => {
    const dirs = [cellsLine("0100"), cellsLine("4100")].map((line) => directory(journal([...mixedTraffic(24), line])));
    expect(await gateCommand(dirs, { minCells: "2" }, around)).toBe(0);
    expect(await gateCommand(dirs, { minCells: "3" }, around)).toBe(2);
    expect(said).toContain("2 coverage cells hit, the floor is 3");
    await expect(gateCommand(dirs, { minCells: "few" }, around)).rejects.toThrow(BadArgument);
  });

  test("a run counts once", async () => {
    const dir = directory(cleanRun());
    await expect(gateCommand([dir, dir], {}, around)).rejects.toThrow("is named twice");
    await expect(gateCommand([root], {}, around)).rejects.toThrow("has no journal.jsonl");
  });

  test("tells what is new, gone and still there since an earlier run", async () => {
    const before = directory(divergingRun());
    const now = directory(
      journal([...mixedTraffic(20), ...divergence(21), ...divergence(22, { fingerprint: "fresh" })]),
    );
    await writeReports(before);
    // What the earlier journal calls known is in no list of today's; its summary speaks of divergences alone.
    for (const [baseline, gone] of [
      [before, 4],
      [join(before, "summary.json"), 3],
    ] as const) {
      said = "";
      await gateCommand([now], { baseline }, around);
      expect(said).toContain(`since the baseline 1 new, 1 still there, ${gone} gone`);
      expect(said).toContain("new since the baseline: fresh");
      expect(said).toContain("still there: getData stat.cversion value");
      expect(said).toContain("gone since the baseline: addWatch reply layout");
    }
    rmSync(join(before, "journal.jsonl"));
    await gateCommand([now], { baseline: before }, around);
    expect(said.match(/new since the baseline: fresh/g)).toHaveLength(2);
  });

  test("what the list covers today is not new, whatever the earlier journal said", async () => {
    const baseline = directory(cversion());
    await gateCommand([directory(cleanRun())], { baseline, known: tolerated("2999-01-01") }, around);
    expect(said).not.toContain("gone since");
  });

  test("a list or a baseline that cannot be read is an error, not a verdict", async () => {
    const dirs = [directory(cleanRun())];
    await expect(gateCommand(dirs, { known: file("known.yml", "- id: 5") }, around)).rejects.toThrow(BadKnownList);
    for (const baseline of [file("a.json", "{}"), file("b.json", "no JSON"), root, "/nowhere"])
      await expect(gateCommand(dirs, { baseline }, around)).rejects.toThrow(BadArgument);
  });

  test("writes one report and one JUnit file of all shards, the list's debts among the tests", async () => {
    const reportDir = join(root, "merged");
    const dirs = [directory(cversion()), directory(cleanRun())];
    const known = tolerated("2020-01-01");
    expect(await gateCommand(dirs, { reportDir, known, minOperations: "9999" }, around)).toBe(1);
    expect(readFileSync(join(reportDir, "report.html"), "utf8")).toContain('"shards":2');
    const junit = readFileSync(join(reportDir, "junit.xml"), "utf8");
    const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(junit);
    const gate = testsuites.testsuite.find((suite: Record<string, unknown>) => suite["@_name"] === "gate");
    expect(gate).toMatchObject({ "@_tests": "2", "@_failures": "1", "@_errors": "1" });
    expect(testsuites["@_skipped"]).toBe("1");

    const alone = join(root, "alone.xml");
    await gateCommand([dirs[1] ?? ""], { junit: alone }, around);
    expect(readFileSync(alone, "utf8")).toContain("the known list and the floors are kept");
    expect(existsSync(join(dirs[1] ?? "", "report.html"))).toBe(false);
  });

  test("on GitHub it annotates causes and debts, and adds to the step summary", async () => {
    const summary = file("step-summary.md", "before\n");
    const github = { stdout, env: { GITHUB_STEP_SUMMARY: summary } };
    const dirs = [directory(cversion()), directory(divergingRun())];
    await gateCommand(dirs, { github: true, known: tolerated("2020-01-01"), minOperations: "99999" }, github);
    expect(said).toContain("::error title=addWatch body::");
    expect(said).toContain("::error title=gate::expired: D-1");
    expect(said).toContain("::warning title=gate::too little traffic");
    expect(said.match(/^::error title=gate::diverges/gm)).toBeNull();
    const text = readFileSync(summary, "utf8");
    expect(text).toMatch(/^before\n# ❌ Gate shut: diverges\n/);
    expect(text).toContain("expired: D&#45;1");
    expect(text).toContain("\n## ❌ The candidate diverges");
  });
});

describe("report", () => {
  test("writes each directory's reports and answers the worst exit code", async () => {
    expect(await reportCommand([directory(cleanRun())], {}, around)).toBe(0);
    expect(await reportCommand([directory(cleanRun()), directory(diedRun())], {}, around)).toBe(2);
    expect(
      await reportCommand([directory(diedRun()), directory(divergingRun()), directory(cleanRun())], {}, around),
    ).toBe(1);
    expect(said).toContain("report.html");
  });

  test("with a list of its own it judges again; without one the journal's word stands", async () => {
    const dir = directory(cversion());
    expect(await reportCommand([dir], {}, around)).toBe(1);
    expect(await reportCommand([dir], { known: tolerated("2999-01-01") }, around)).toBe(0);
  });

  test("writes one report of all where it is told to", async () => {
    const reportDir = join(root, "merged");
    const dirs = [directory(cleanRun()), directory(cleanRun())];
    const junit = join(root, "all.xml");
    expect(await reportCommand(dirs, { reportDir, junit }, around)).toBe(0);
    expect(JSON.parse(readFileSync(join(reportDir, "summary.json"), "utf8"))).toMatchObject({ operations: 480 });
    expect(readFileSync(junit, "utf8")).toContain("<testsuites");
    expect(existsSync(join(dirs[0] ?? "", "report.html"))).toBe(false);
    await expect(reportCommand(dirs, { junit }, around)).rejects.toThrow(BadArgument);
  });

  test("on GitHub it annotates, and adds to the step summary", async () => {
    const summary = file("step-summary.md", "before\n");
    await reportCommand(
      [directory(divergingRun())],
      { github: true },
      { stdout, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    expect(said).toContain("::error title=getData stat.cversion::");
    expect(readFileSync(summary, "utf8")).toMatch(/^before\n## ❌/);
  });
});
