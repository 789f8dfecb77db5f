import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mutants } from "../oracle/mutants.ts";
import { startZooKeeper } from "../oracle/servers/zookeeper.ts";
import { readScenario } from "../scenarios/validate.ts";
import { runXchk } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-fuzz-"));
let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(async () => {
  await pair.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs `bin/xchk` on the pair. */
const run = (words: readonly string[], interruptMs?: number) => runXchk(home, [...words, ...pair.flags], interruptMs);

describe("two ZooKeepers of the same version", () => {
  test("never disagree, over the whole surface", async () => {
    const { code, out, summary } = await run(["fuzz", "--ops", "5000", "--seed", "1"]);
    expect(summary.divergences, out).toEqual([]);
    expect(code, out).toBe(0);
    expect(summary).toMatchObject({ verdict: "conforms", seed: "1", mode: "fuzz", interrupted: false, ended: true });
    expect(summary.checkedReplies).toBeGreaterThan(5_000);
    expect(summary.checkedEvents).toBeGreaterThan(100);
  });

  test.each(["expiry", "sessions"])("nor with profile %s", async (profile) => {
    const words = [
      "fuzz",
      "--profile",
      profile,
      "--ops",
      "600",
      "--seed",
      "2",
      "--time-limit",
      "60",
      "--in-flight",
      "16",
    ];
    const { code, out, summary } = await run(words);
    expect(summary.divergences, out).toEqual([]);
    expect(code, out).toBe(0);
  });
});

test("a ZooKeeper as it is shipped agrees with the one that is started beside it", async () => {
  const config = { maxClientCnxns: "60", extendedTypesEnabled: "false", tickTime: "3000", maxSessionTimeout: "90000" };
  const shipped = await startZooKeeper({ config });
  try {
    const words = ["fuzz", "--ops", "3000", "--seed", "1", "--sessions", "8", "--candidate", `zk://${shipped.address}`];
    const { code, out, summary } = await runXchk(home, words);
    expect(summary.divergences, out).toEqual([]);
    expect(code, out).toBe(0);
    expect(out).toContain("the candidate takes 60 connections of this host at a time");
    const adapted =
      "the oracle was started without TTL znodes and with session timeouts of 6000 to 90000 ms, as the candidate is";
    expect(out).toContain(adapted);
  } finally {
    await shipped.stop();
  }
});

/** Lies of many classes; each must be seen, and shown in a few steps. `npm run mutants` tries all there are. */
const lies = [
  "stat-cversion-creates",
  "error-set-version",
  "name-sequence-ahead",
  "acl-leaks",
  "zxid-zero",
  "watch-lost",
  "session-ephemerals-stay",
  "stat-version-reborn",
  "persistent-fires-once",
  "handshake-timeout-resumed",
] as const;

describe("a candidate that lies", () => {
  // Shrinking is mostly waiting for what does not come. Each run has a seed of its own, and a rare one is hard to shrink on a busy machine.
  test.concurrent.each(lies)(
    "%s is caught, and shown in at most six operations",
    { timeout: 180_000, retry: 1 },
    async (name) => {
      expect(mutants.map((mutant) => mutant.name)).toContain(name);
      const words = ["fuzz", "--ops", "20000", "--time-limit", "60", "--mutant", name];
      const { code, out, dir, summary } = await run([...words, "--end-on-failure", "--shrink-time", "40"]);
      expect(code, out).toBe(1);
      const [file] = readdirSync(join(dir, "counterexamples"));
      const saved = readScenario(join(dir, "counterexamples", file ?? ""));
      expect(saved.steps.length, JSON.stringify(saved.steps)).toBeLessThanOrEqual(6);
      const smallest = summary.divergences.flatMap((cause) => cause.minimalOperations ?? []);
      expect(Math.min(...smallest)).toBeLessThanOrEqual(6);
    },
  );
});

describe("what a run leaves behind", () => {
  test("replays: the saved counterexample and the token", { timeout: 120_000 }, async () => {
    const lie = ["--mutant", "data-truncated"];
    const found = await run(["fuzz", "--ops", "5000", "--end-on-failure", "--shrink-time", "10", ...lie]);
    const [file] = readdirSync(join(found.dir, "counterexamples"));
    const counterexample = join(found.dir, "counterexamples", file ?? "");
    expect((await run(["replay", counterexample, ...lie])).code).toBe(1);
    expect((await run(["replay", counterexample])).code).toBe(0);
    const token = /zx1:[\w-]+/.exec(readScenario(counterexample).source)?.[0] ?? "";
    const again = await run(["replay", token, ...lie]);
    expect(again.code, again.out).toBe(1);
    expect(again.summary.divergences.map((cause) => cause.fingerprint)).toContain(
      found.summary.divergences[0]?.fingerprint,
    );
  });

  test("is whole after Ctrl-C", async () => {
    const { out, summary } = await run(["fuzz", "--time-limit", "60", "--seed", "3"], 4_000);
    expect(summary, out).toMatchObject({ interrupted: true, ended: true, divergences: [] });
  });
});
