/** What other languages' clients are built with: looked for on this machine, used once, kept in the cache. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cacheFolder } from "../oracle/servers/maven.ts";
import { type ModeName, type Modes, modeNames, startModes } from "./modes.fixture.ts";
import { type Account, runProgram } from "./program.fixture.ts";

/** Where the programs are kept. */
const programs = fileURLToPath(new URL("clients/", import.meta.url));

/** How long one build step may take, in milliseconds: the first one downloads. */
const buildWaitMs = 240_000;

/** A program, written in another language, that works through its client's recipes. */
export interface ForeignProgram {
  /** Words that run the tools it needs, like `["mvn", "--version"]`. */
  readonly needs: readonly (readonly string[])[];
  /** What is built, relative to `live/clients`; it is built again when these change. */
  readonly sources: readonly string[];
  /** Downloads and builds into an empty folder. `at` is where the sources are. */
  build(folder: string, at: string): Promise<void>;
  /** The words that run it. */
  command(folder: string, at: string): readonly string[];
  /** The checks it makes, in order. */
  readonly checks: readonly string[];
  /** Fewer replies than these in the cross-check prove nothing. */
  readonly repliesMin: number;
}

/** Declares the tests of a program: once in each mode, and the cross-check's verdict. Without its tools they are skipped, and fail in CI. */
export function testForeignProgram(name: string, program: ForeignProgram): void {
  const missing = program.needs.find(([tool = "", ...args]) => spawnSync(tool, args).status !== 0);
  if (missing !== undefined) {
    const reason = `${name} needs "${missing.join(" ")}" to work`;
    if (process.env.CI) throw new Error(reason);
    test.skip(reason);
    return;
  }
  let modes: Modes | undefined;
  const accounts: Partial<Record<ModeName, Promise<Account>>> = {};
  const started = async (): Promise<Modes> => {
    const folder = await built(name, program);
    modes = await startModes();
    for (const mode of modeNames) accounts[mode] = runProgram(program.command(folder, programs), modes[mode]);
    return modes;
  };
  let starting: Promise<Modes> | undefined;
  const timeout = buildWaitMs + 120_000;

  test.each(modeNames)(`${name}: %s`, { timeout }, async (mode) => {
    starting ??= started();
    await starting;
    expect(await accounts[mode]).toEqual({ passed: program.checks, failed: [], exitCode: 0, trouble: "" });
  });

  test(`${name}: the cross-check compared it all and found nothing`, { timeout: 60_000 }, async () => {
    try {
      const summary = await modes?.verdict();
      expect(summary).toMatchObject({ divergences: [], exitCode: 0 });
      expect(summary?.checkedReplies).toBeGreaterThan(program.repliesMin);
    } finally {
      await modes?.stop();
    }
  });
}

/** The folder with a program, built from these very sources. */
export async function built(name: string, program: Pick<ForeignProgram, "sources" | "build">): Promise<string> {
  const hash = createHash("sha256");
  for (const source of program.sources) hash.update(await readFile(join(programs, source)));
  const folder = join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.part-`);
  try {
    await program.build(unfinished, programs);
    if (!existsSync(folder)) await rename(unfinished, folder); // another process may have been faster
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Runs one step of a build to its end. Throws with what it said when it fails. */
export async function step(program: string, args: readonly string[], options: { cwd?: string; env?: object } = {}) {
  const env = { ...process.env, ...options.env };
  const child = spawn(program, args, { ...options, env, stdio: ["ignore", "pipe", "pipe"], timeout: buildWaitMs });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${output.slice(-4_000)}`);
}
