/** Chromium for the tests of pages. Where there is none they are skipped, except in CI. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (executablePath === undefined && process.env.CI) throw new Error("no Chromium: install the package chromium");

/** Whether this machine has one. */
export const hasChromium = executablePath !== undefined;

/** Starts it. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: ["--no-sandbox"] });
