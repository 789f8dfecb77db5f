/** Coverage cells from end to end: counted by a run, asked for on the command line, and shown by the page. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JournalLine } from "../oracle/journal.ts";
import { runBin, summaryIn } from "./bin.fixture.ts";
import { hasChromium, launchChromium } from "./chromium.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-cells-"));
let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(async () => {
  await pair.stop();
  rmSync(home, { recursive: true, force: true });
});

const run = (words: readonly string[]) => runBin("xchk", words);
const against = (dir: string) => [...pair.flags, "--report-dir", dir];

/** What a run left behind. */
function left(dir: string) {
  const text = readFileSync(join(dir, "journal.jsonl"), "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JournalLine);
  return { lines, cells: summaryIn(dir).coverage.cells };
}

test("a run that hits too few is undecided, and its journal and page have what it hit", async () => {
  const dir = join(home, "few");
  const words = ["fuzz", "--ops", "600", "--seed", "4", "--surface", "full", "--min-cells", "20000"];
  const { code, out } = await run([...words, ...against(dir)]);
  expect(code, out).toBe(2);
  expect(out).toMatch(/Only [\d,]+ coverage cells were hit; the floor is 20,000\./);
  const { lines, cells } = left(dir);
  expect(lines.map(({ event }) => event).slice(-2)).toEqual(["cells", "end"]);
  expect(cells?.hit).toBeGreaterThan(300);
  expect(cells?.reachable).toBeGreaterThan(20_000);
  const gate = await run(["gate", dir, "--min-cells", "20000"]);
  expect(gate.code).toBe(2);
  expect(gate.out).toContain("the floor is 20,000");
  expect(await run(["gate", dir, "--min-cells", "few"])).toMatchObject({
    code: 254,
    err: 'xchk: --min-cells: "few" is not a whole number from 0 up\n',
  });

  if (!hasChromium) return;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("pageerror", (error) => void complaints.push(String(error)));
    await page.goto(pathToFileURL(join(dir, "report.html")).href);
    await page.waitForSelector("html[data-ready]", { timeout: 20_000 });
    const shown = (cells?.hit ?? 0).toLocaleString("en-US");
    expect(await page.locator("#coverage").textContent()).toContain(`${shown} of`);
    const never = page.locator("#coverage details", { hasText: "states that others never met" });
    await never.locator("> summary").click();
    expect(await never.locator("tbody tr").count()).toBeGreaterThan(10);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(1280);
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
}, 120_000);

test("written scenarios count as well", async () => {
  const dir = join(home, "corpus");
  const { code, out } = await run(["run", "watch/exists-*", ...against(dir)]);
  expect(code, out).toBe(0);
  expect(left(dir).cells?.hit).toBeGreaterThan(10);
}, 120_000);

test.each([
  [["fuzz", "--min-cells", "many"], '--min-cells: "many" is not a whole number from 0 up'],
  [["fuzz", "--min-cells", "9999999"], '--min-cells: "9999999" is more than there are: '],
])("%j is refused in one line", async (words, said) => {
  const { code, err } = await run(words);
  expect([code, err.trimEnd().split("\n").length]).toEqual([254, 1]);
  expect(err).toContain(said);
});
