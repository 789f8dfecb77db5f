import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { divergence, journal, valueDifference } from "../../reports/testdata/journals.ts";
import { asText, divergingRun } from "../../reports/testdata/runs.ts";
import { BadKnownList, loadKnown } from "../compare/known.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { gateCommand } from "./gate.ts";
import { fieldGlob, knownAddCommand, knownListCommand, withEntry } from "./known.ts";

let root = "";
let from = "";
let known = "";
let said = "";
const stdout = {
  write(text: string) {
    said += text;
  },
};
const around = { stdout, env: {} };
const shipped = readFileSync(new URL("../../scenarios/known-divergences.yml", import.meta.url), "utf8");
const reason = { why: "etcd counts: otherwise # really", issue: "https://example.org/issues/7" };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "known-"));
  from = mkdtempSync(join(root, "run-"));
  known = join(root, "known.yml");
  said = "";
  writeFileSync(join(from, "journal.jsonl"), asText(divergingRun()));
  writeFileSync(known, shipped);
});
afterEach(() => rmSync(root, { recursive: true }));

const add = (fingerprint: string, more: Record<string, string> = {}) =>
  knownAddCommand(fingerprint, { from, known, ...reason, ...more }, around);

describe("known add", () => {
  test("covers each cause of a run until the gate opens", async () => {
    const causes = [
      "getData stat.cversion value",
      "getChildren event absent",
      "addWatch reply layout",
      "create err OK≠NOCHILDRENFOREPHEMERALS",
      "create2 stat.pzxid value",
    ];
    expect(await gateCommand([from], { known }, around)).toBe(1);
    for (const cause of causes) expect(await add(cause)).toBe(0);
    said = "";
    expect(await gateCommand([from], { known }, around)).toBe(0);
    expect(loadKnown(known).map(({ id }) => id)).toEqual(["D-001", "D-002", "D-003", "D-004", "D-005"]);
  });

  test("keeps comments, order and quoting of what is there", async () => {
    await add("getData stat.cversion value", { id: "first", expires: "2031-02-28", owner: "storage" });
    const once = readFileSync(known, "utf8");
    const comments = shipped.split("\n").filter((line) => line.startsWith("#"));
    expect(once.split("\n").filter((line) => line.startsWith("#"))).toEqual(comments);
    writeFileSync(
      known,
      once.replace('why: "etcd', '# why, in full\n  why: "etcd').replace('"storage"', "storage # for now"),
    );
    await add("addWatch reply layout");
    const twice = readFileSync(known, "utf8");
    expect(twice).toContain("# why, in full");
    expect(twice).toContain("owner: storage # for now");
    expect(loadKnown(known)).toMatchObject([
      { id: "first", expires: "2031-02-28", owner: "storage", why: reason.why, field: "stat.cversion" },
      { id: "D-001", match: "**/addWatch", fingerprint: "addWatch reply layout" },
    ]);
  });

  test("an entry without an end is tolerated for ninety days", async () => {
    await add("addWatch");
    const [{ expires = "" } = {}] = loadKnown(known);
    const days = (Date.parse(expires) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(88);
    expect(days).toBeLessThan(91);
  });

  test("makes a list where there is none", async () => {
    rmSync(known);
    await add("addWatch reply layout");
    expect(loadKnown(known)).toHaveLength(1);
    writeFileSync(known, "# only words\n");
    await add("addWatch reply layout");
    expect(readFileSync(known, "utf8")).toMatch(/^# only words\n/);
  });

  test("refuses what it cannot do, and leaves the file alone", async () => {
    await expect(add("nothing like it")).rejects.toThrow("does not occur");
    await expect(add("create")).rejects.toThrow(
      "is the beginning of several: create err OK≠NOCHILDRENFOREPHEMERALS; create2",
    );
    await expect(add("addWatch", { issue: "by mail" })).rejects.toThrow(BadKnownList);
    await expect(add("addWatch", { expires: "tomorrow" })).rejects.toThrow(BadKnownList);
    await expect(add("addWatch", { from: root })).rejects.toThrow(BadArgument);
    await expect(add("addWatch", { why: " " })).rejects.toThrow(BadArgument);
    expect(readFileSync(known, "utf8")).toBe(shipped);
    await add("addWatch");
    await expect(add("addWatch")).rejects.toThrow("is known already, as D-001");
  });

  test("what healed by itself needs no entry", async () => {
    await expect(add("exists err late")).rejects.toThrow("does not occur");
  });

  test("an entry covers every occurrence, not the first one's fields alone", async () => {
    const both = ["cversion", "pzxid"].map((name, at) =>
      divergence(at + 1, { fingerprint: "one", differences: [valueDifference(`stat.${name}`, "1", "2")] }),
    );
    writeFileSync(join(from, "journal.jsonl"), asText(journal(both.flat(), { run: { operationsFloor: 1 } })));
    await add("one");
    expect(await gateCommand([from], { known }, around)).toBe(0);
  });
});

test("a list that is no list is not added to", () => {
  const entry = { id: "D", match: "**", field: "**", ...reason, expires: "2031-01-01" };
  expect(() => withEntry("- id: [", entry, "x.yml")).toThrow(BadKnownList);
});

test.each([
  [["err"], "err"],
  [["stat.cversion", "stat.pzxid"], "stat.*"],
  [["results.0.stat.mzxid", "results.2.stat.mzxid"], "results.*.stat.mzxid"],
  [["stat.cversion", "stat"], "**"],
  [["results.0.err", "results.0.stat.mzxid"], "results.0.**"],
  [["err", "stat.mzxid"], "**"],
])("the fields %j are covered by %s", (fields, glob) => {
  expect(fieldGlob(fields)).toBe(glob);
});

test("known list tells what is there and what has expired", async () => {
  await add("addWatch", { expires: "2020-01-01", owner: "storage" });
  await add("getData stat", { expires: "2999-01-01" });
  said = "";
  expect(await knownListCommand({ known }, around)).toBe(0);
  expect(said).toMatch(/D-001 {2}\*\*\/addWatch .*\n.*\n.*, storage, expired on 2020-01-01\n/);
  expect(said).toContain("until 2999-01-01");
  expect(said).toContain("2 known divergences in ");
  expect(said).toContain(", 1 of them expired");
});
