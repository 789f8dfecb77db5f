/** The picture of a concurrent history in a real Chromium, with as many calls as it promises to hold. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { journal } from "../reports/testdata/journals.ts";
import { asText, historyLine, mixedTraffic } from "../reports/testdata/runs.ts";
import { writeReports } from "../reports/write.ts";
import { hasChromium, launchChromium } from "./chromium.fixture.ts";

describe.skipIf(!hasChromium)("a history of 100,000 calls", () => {
  let browser: Browser;
  let page: Page;
  let dir = "";
  let bytes = 0;
  const complaints: string[] = [];
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "history-live-"));
    writeFileSync(join(dir, "journal.jsonl"), asText(journal([...mixedTraffic(200), historyLine(100_000)])));
    const { files } = await writeReports(dir);
    bytes = statSync(files.html).size;
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(pathToFileURL(files.html).href);
    await page.waitForSelector("html[data-ready=yes]");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true });
  });

  /** The picture's pixels as a text that changes when they do. */
  const pixels = async (): Promise<string> => {
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    return (await page.evaluate("document.querySelector('.timeline canvas').toDataURL()")) as string;
  };
  const chosen = async (): Promise<string> => (await page.locator("#history output").textContent()) ?? "";

  test("fits into the promised size and is drawn", async () => {
    expect(bytes).toBeLessThan(5_000_000);
    expect(await page.locator("#history").textContent()).toContain(
      "100,000 calls of 16 sessions. 2 violations of 2 rules",
    );
    expect((await pixels()).length).toBeGreaterThan(2_000);
  });

  test("jumps to the first violation, and on by keyboard", async () => {
    const before = await pixels();
    await page.getByRole("button", { name: "First violation" }).click();
    const first = await chosen();
    expect(first).toMatch(/^(getData|setData|create2) \/a/);
    expect(await pixels()).not.toBe(before);
    await page.locator(".timeline").focus();
    await page.keyboard.press("n");
    expect(await chosen()).not.toBe(first);
    await page.keyboard.press("p");
    expect(await chosen()).toBe(first);
    const near = await pixels();
    await page.keyboard.press("+");
    const nearer = await pixels();
    expect(nearer).not.toBe(near);
    await page.keyboard.press("End");
    expect(await pixels()).not.toBe(nearer);
  });

  test("shows each violation in words, and hostile names as text", async () => {
    const table = page.getByRole("region", { name: "Broken rules" });
    expect(await table.locator("tbody tr").count()).toBe(2);
    expect(await table.textContent()).toContain("zxid 9 or later");
    await table.getByRole("button", { name: "show" }).nth(1).click();
    expect(await chosen()).toContain("/a/<b>x</b>");
    expect(await page.locator("#history b").count()).toBe(0);
  });

  test("says which connections were lost, and when", async () => {
    expect(await page.locator("#history .faults").textContent()).toBe(
      "s4 · 127.0.0.1:2181: connection lost after 4500 ms",
    );
    expect(await page.locator("#history .legend").textContent()).toContain("connection lost");
  });

  test("follows the theme", async () => {
    const before = await pixels();
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await pixels()).not.toBe(before);
    expect(complaints).toEqual([]);
  });
});
