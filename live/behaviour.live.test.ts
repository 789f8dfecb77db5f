/** The behaviour section of report.html in a real Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asText, cleanRun, divergingRun } from "../reports/testdata/runs.ts";
import { writeReports } from "../reports/write.ts";
import { hasChromium, launchChromium } from "./chromium.fixture.ts";

let browser: Browser;
const root = mkdtempSync(join(tmpdir(), "behaviour-live-"));

beforeAll(async () => {
  if (hasChromium) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true });
});

/** Opens the report of a journal. */
async function open(lines: ReturnType<typeof cleanRun>) {
  const dir = mkdtempSync(join(root, "report-"));
  writeFileSync(join(dir, "journal.jsonl"), asText(lines));
  const { files } = await writeReports(dir);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(pathToFileURL(files.html).href);
  await page.waitForSelector("html[data-ready]");
  return { page, complaints };
}

test.skipIf(!hasChromium)("shows the rows that differ, and all of them to unfold", async () => {
  const { page, complaints } = await open(divergingRun(48));
  const section = page.locator("#behaviour");
  expect(await section.locator("p").first().textContent()).toContain("1 of 3 operations");
  expect(await section.locator("> div > .scroll tbody tr").count()).toBe(1);
  expect(await section.locator("> div > .scroll td.ne").textContent()).toBe("· ≠ op");
  await section.locator("summary").click();
  expect(await section.locator("details tbody tr:visible").count()).toBe(3);
  expect(await page.locator('#nav a[href="#behaviour"]').count()).toBe(1);
  expect(complaints).toEqual([]);
  const clean = await open(cleanRun(48));
  expect(await clean.page.locator("#behaviour").count()).toBe(0);
});
