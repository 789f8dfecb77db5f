/** The programs of `bin/` as child processes: what they print, how they end, and what they leave behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Summary } from "../reports/summary.ts";

/** How a run ended: the exit code, null when a signal ended it, and everything that it printed. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts a program; `input` is all that it reads. Its output is collected from the start. */
export function startBin(program: "xchk" | "zetcd" | "zkboom" | "zkctl", argv: readonly string[], input = "") {
  const child = spawn(fileURLToPath(new URL(`../bin/${program}`, import.meta.url)), argv);
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  child.stdin.on("error", () => undefined); // who does not read to the end may be gone before it
  child.stdin.end(input);
  const ended: Promise<Ended> = once(child, "close").then(([code]) => ({ code: code as number | null, ...said }));
  /** Waits for it to print something. Throws when it ends first. */
  const hasSaid = async (pattern: RegExp): Promise<void> => {
    const end = ended.then(() => true);
    const more = () => [child.stdout, child.stderr].map((stream) => once(stream, "data").then(() => false));
    while (!pattern.test(said.out) && !pattern.test(said.err))
      if (await Promise.race([end, ...more()])) throw new Error(`${program} ended without ${pattern}: ${said.err}`);
  };
  return { child, ended, hasSaid };
}

/** Runs a program to its end. */
export const runBin = (...run: Parameters<typeof startBin>): Promise<Ended> => startBin(...run).ended;

/** The summary in a report directory. */
export const summaryIn = (reportDir: string): Summary =>
  JSON.parse(readFileSync(join(reportDir, "summary.json"), "utf8")) as Summary;

/** What a run of `bin/xchk` left behind: all that it printed, its report directory, and the summary in it. */
export interface XchkRun {
  readonly code: number | null;
  readonly out: string;
  readonly dir: string;
  readonly summary: Summary;
}

/** Starts `bin/xchk` with a report directory of its own below `home`. */
export function startXchk(home: string, words: readonly string[]) {
  const dir = mkdtempSync(join(home, "report-"));
  const { child, ended, hasSaid } = startBin("xchk", [...words, "--report-dir", dir]);
  const run = ended.then(({ code, out, err }): XchkRun => ({ code, out: out + err, dir, summary: summaryIn(dir) }));
  return { child, run, hasSaid };
}

/** Runs it to its end; `interruptMs` sends it a SIGINT after a while. */
export function runXchk(home: string, words: readonly string[], interruptMs?: number): Promise<XchkRun> {
  const { child, run } = startXchk(home, words);
  if (interruptMs !== undefined) setTimeout(() => child.kill("SIGINT"), interruptMs);
  return run;
}
