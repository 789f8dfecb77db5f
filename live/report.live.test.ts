/** report.html in a real Chromium, opened from disk as a reader would. */
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { JournalLine } from "../oracle/journal.ts";
import { divergence, endLine, runLine } from "../reports/testdata/journals.ts";
import { asText, cleanRun, divergingRun, hostileRun, mixedTraffic, thirtyCauses } from "../reports/testdata/runs.ts";
import { writeReports } from "../reports/write.ts";
import { hasChromium, launchChromium } from "./chromium.fixture.ts";

/** Interactive within this, ms. The promise is 2,000; a shared machine gets room. */
const interactiveMs = 6_000;

let browser: Browser;
let root = "";
const pages: Page[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "report-live-"));
  if (hasChromium) browser = await launchChromium();
});
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true });
});

/** Writes the reports of a journal; answers the page's address and size. */
async function report(name: string, lines: Iterable<JournalLine>): Promise<{ url: string; bytes: number }> {
  const dir = mkdtempSync(join(root, `${name}-`));
  await pipeline(Readable.from(jsonLines(lines)), createWriteStream(join(dir, "journal.jsonl")));
  const { files } = await writeReports(dir);
  return { url: pathToFileURL(files.html).href, bytes: statSync(files.html).size };
}

/** Lines of JSON a few hundred at a time, so that a million is neither a million writes nor one string. */
function* jsonLines(lines: Iterable<JournalLine>): Generator<string> {
  let held: JournalLine[] = [];
  for (const line of lines) {
    held.push(line);
    if (held.length < 500) continue;
    yield asText(held);
    held = [];
  }
  yield asText(held);
}

/** A page that fails its test over any console error, uncaught error, or request beyond its own file. */
async function open(url: string, options: Parameters<Browser["newPage"]>[0] = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  pages.push(page);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const started = performance.now();
  await page.goto(url);
  await page.waitForSelector("html[data-ready]", { timeout: 20_000 });
  return { page, complaints, readyMs: performance.now() - started };
}

const shown = (page: Page) => page.locator("#divergences .cause:visible");

describe.skipIf(!hasChromium)("report.html in Chromium", () => {
  test("a clean run", async () => {
    const { url } = await report("clean", cleanRun(2_000));
    const { page, complaints, readyMs } = await open(url);
    expect(await page.locator("h1").textContent()).toContain("The candidate conforms: 2,000 replies");
    expect(await page.locator("#divergences").textContent()).toContain("None.");
    expect(readyMs).toBeLessThan(interactiveMs);
    expect(complaints).toEqual([]);
  });

  test("thirty causes: the filters find operation, field and path; the keyboard reaches everything", async () => {
    const { url } = await report("thirty", thirtyCauses());
    const { page, complaints, readyMs } = await open(url);
    expect(readyMs).toBeLessThan(interactiveMs);
    expect(await shown(page).count()).toBe(30);

    await page.keyboard.press("/");
    await page.keyboard.type("setData");
    expect(await shown(page).count()).toBe(5);
    expect(await page.locator(".filter output").textContent()).toBe("5 of 30 shown");
    expect(await page.locator("#live").textContent()).toBe("5 of 30 shown");
    await page.keyboard.press("Escape");
    expect(await shown(page).count()).toBe(30);

    await page.getByLabel("Filter by field").selectOption("stat.pzxid");
    expect(await shown(page).count()).toBe(6);
    await page.getByLabel("Filter by operation").selectOption("exists");
    expect(await shown(page).count()).toBe(1);
    await page.getByLabel("Filter by operation").selectOption("");
    await page.getByLabel("Filter by field").selectOption("");
    await page.getByRole("searchbox").fill("/multi/stat.ctime");
    expect(await shown(page).count()).toBe(1);

    await shown(page).locator("> summary").focus();
    await page.keyboard.press("Enter");
    await shown(page).locator(".story").waitFor();
    await page.keyboard.press("Enter");
    expect(await shown(page).evaluate((row) => (row as unknown as { open: boolean }).open)).toBe(false);
    expect(complaints).toEqual([]);
  });

  test("the story: lanes, scrubber, both trees, fields and bytes", async () => {
    const { url } = await report("story", divergingRun());
    const { page, complaints } = await open(url);
    const row = shown(page).filter({ hasText: "stat.cversion" });
    await row.locator("> summary").click();
    // What unfolds is made then, and lists of locators wait for nothing.
    await row.locator(".lanes").waitFor();
    expect(await row.locator(".lanes thead th").allTextContents()).toEqual(["Step", "session a", "session b"]);
    expect(await row.locator(".sidebyside tr.differs th").allTextContents()).toContain("stat.cversion");
    expect(await row.locator(".hex mark").count()).toBeGreaterThan(2);
    expect(await row.locator(".rule").textContent()).toContain("DataNode.copyStat");

    const slider = row.getByRole("slider");
    await slider.focus();
    for (const _ of [1, 2, 3]) await page.keyboard.press("ArrowLeft");
    expect(await slider.getAttribute("aria-valuetext")).toBe("Step 1 of 4: create");
    expect(await row.locator(".tree tbody tr").count()).toBe(1);
    await page.keyboard.press("ArrowRight");
    expect(await row.locator(".tree tbody th").allTextContents()).toEqual(["/n", "\u00a0\u00a0/n/x"]);
    expect(await row.locator('.step[aria-current="step"]').textContent()).toContain("/n/x");
    await row.locator(".step").nth(3).click();
    expect(await row.locator(".tree tr.differs .ne").allTextContents()).toEqual(["cversion 1", "cversion 2"]);

    const ghost = shown(page).filter({ hasText: "NOCHILDRENFOREPHEMERALS" });
    await ghost.locator("> summary").click();
    expect(await ghost.locator(".tree tr.differs").textContent()).toContain("absent");
    expect(complaints).toEqual([]);
  });

  test("the replay command is copied", async () => {
    const { url } = await report("copy", divergingRun());
    const { page, complaints } = await open(url, { permissions: ["clipboard-read", "clipboard-write"] });
    const row = shown(page).filter({ hasText: "stat.cversion" });
    await row.locator("> summary").click();
    await row.getByRole("button", { name: "Copy the replay command" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe("bin/xchk replay zx1:1234567:mixed:12:4:0:2");
    expect(complaints).toEqual([]);
  });

  test("dark follows the system and the button", async () => {
    const { url } = await report("dark", cleanRun());
    const paper = "getComputedStyle(document.body).backgroundColor";
    const { page: dark } = await open(url, { colorScheme: "dark" });
    const { page: light, complaints } = await open(url, { colorScheme: "light" });
    const [darkPaper, lightPaper] = [await dark.evaluate(paper), await light.evaluate(paper)];
    expect(darkPaper).not.toBe(lightPaper);
    const button = light.getByRole("button", { name: /^Theme/ });
    await button.click();
    await button.click();
    expect(await light.evaluate(paper)).toBe(darkPaper);
    await button.click();
    expect(await light.evaluate(paper)).toBe(lightPaper);
    expect(complaints).toEqual([]);
  });

  test("a narrow window needs no sideways scrolling", async () => {
    const { url } = await report("narrow", divergingRun());
    const { page } = await open(url, { viewport: { width: 380, height: 800 } });
    for (const summary of await shown(page).locator("> summary").all()) await summary.click();
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });

  test("print opens the causes", async () => {
    const { url } = await report("print", divergingRun());
    const { page, complaints } = await open(url);
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(20_000);
    expect(await page.locator("#divergences .cause[open] .story").count()).toBe(4);
    expect(complaints).toEqual([]);
  });

  test("every control has a name, every table its heads, one h1, headings in order", async () => {
    const { url } = await report("named", divergingRun());
    const { page } = await open(url);
    for (const summary of await shown(page).locator("> summary").all()) await summary.click();
    const nameless = await page.evaluate(`[...document.querySelectorAll("button, input, select, a, summary")]
      .filter((control) => !(control.textContent.trim() || control.getAttribute("aria-label"))).length`);
    expect(nameless).toBe(0);
    expect(
      await page.evaluate(
        '[...document.querySelectorAll("table")].filter((each) => !each.querySelector("th[scope]")).length',
      ),
    ).toBe(0);
    const levels = await page.evaluate(
      '[...document.querySelectorAll("h1, h2, h3")].map((head) => Number(head.tagName[1]))',
    );
    expect((levels as number[]).filter((level) => level === 1)).toHaveLength(1);
    (levels as number[]).reduce((before, level) => {
      expect(level).toBeLessThanOrEqual(before + 1);
      return level;
    }, 0);
  });

  test("hostile names and data are shown, and do nothing", async () => {
    const { url, bytes } = await report("hostile", hostileRun());
    expect(bytes).toBeLessThan(5_000_000);
    const { page, complaints } = await open(url);
    for (const summary of await shown(page).locator("> summary").all()) await summary.click();
    expect(await shown(page).count()).toBe(7);
    expect(await page.evaluate("globalThis.broken")).toBeUndefined();
    expect(await page.locator("main img, main script, main b b").count()).toBe(0);
    const text = await page.locator("main").innerText();
    expect(text).toContain("</script><script>globalThis.broken = true</script>");
    expect(text).toContain("\\u202egnp.exe");
    expect(text).toContain("\\u0000");
    expect(text).not.toMatch(/[\u0000\u202e\u001b]/);
    expect(complaints).toEqual([]);
  });

  test("a script that got in all the same would not run", async () => {
    const { url } = await report("policy", cleanRun());
    const { page, complaints } = await open(url);
    await page.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "globalThis.broken = true";
      document.body.append(script);
      const image = document.createElement("img");
      image.src = "https://example.org/x.png";
      document.body.append(image);
    }`);
    expect(await page.evaluate("globalThis.broken")).toBeUndefined();
    expect(complaints.join("\n")).toContain("Content Security Policy");
  });

  test("junit.xml is well-formed for the browser's XML parser too", async () => {
    const dir = mkdtempSync(join(root, "xml-"));
    writeFileSync(join(dir, "journal.jsonl"), asText(hostileRun()));
    const { files } = await writeReports(dir);
    const page = await browser.newPage();
    pages.push(page);
    await page.goto(pathToFileURL(files.junit).href);
    expect(await page.locator("parsererror").count()).toBe(0);
  });

  test("a million operations: small, quick to open, bounded in memory while it is written", {
    timeout: 300_000,
  }, async () => {
    const operations = 1_000_000;
    function* million(): Generator<JournalLine> {
      yield runLine();
      yield* mixedTraffic(operations);
      for (let n = 1; n <= 2_000; n++) yield* divergence(operations + n, { fingerprint: `cause ${n % 40}` });
      yield { ...endLine([]), steps: operations + 2_000, notifications: operations / 8 };
    }
    const { url, bytes } = await report("million", million());
    expect(bytes).toBeLessThan(1_000_000);
    const { page, complaints, readyMs } = await open(url);
    console.info(`1,000,000 operations: ${bytes} bytes, interactive after ${Math.round(readyMs)} ms`);
    expect(await page.locator("h1").textContent()).toContain("2,000 times, for 40 causes");
    await page.getByRole("searchbox").fill("cause 39");
    expect(await shown(page).count()).toBe(1);
    expect(readyMs).toBeLessThan(interactiveMs);
    expect(process.memoryUsage().rss).toBeLessThan(1_000_000_000);
    expect(complaints).toEqual([]);
  });
});
