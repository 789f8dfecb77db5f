import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { startXchk } from "./bin.fixture.ts";
import { startFragile } from "./fragile.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-dying-"));
let behind: ZooKeeperServer;
let oracle: ZooKeeperServer;

beforeAll(async () => {
  [behind, oracle] = await Promise.all([startZooKeeper(), startZooKeeper()]);
});
afterAll(async () => {
  await Promise.all([behind.stop(), oracle.stop()]);
  rmSync(home, { recursive: true, force: true });
});

/** Fuzzes a candidate; `meanwhile` begins with the first sequences. */
async function fuzzed(
  candidate: string,
  words: readonly string[] = [],
  meanwhile?: (xchk: ChildProcess) => Promise<void>,
) {
  const servers = ["--candidate", `zk://${candidate}`, "--oracle", `zk://${oracle.address}`];
  const { child, run, hasSaid } = startXchk(home, ["fuzz", "--seed", "3", ...words, ...servers]);
  const [ended] = await Promise.all([run, meanwhile && hasSaid(/^seed 3,/m).then(() => meanwhile(child))]);
  return ended;
}

test("a candidate that dies ends the run with a divergence, and one only", { timeout: 60_000 }, async () => {
  const fragile = await startFragile(behind, "setACL");
  const { code, summary } = await fuzzed(fragile.address, ["--comeback-wait", "5"]);
  expect(fragile.deaths).toBe(1);
  expect(code).toBe(1);
  expect(summary).toMatchObject({ verdict: "diverges", ended: true });
  expect(summary.divergences).toMatchObject([
    { fingerprint: "server connection closed candidate died", occurrences: 1 },
  ]);
  await fragile.close();
});

/** For a server that is started on a machine which runs other tests beside. */
const patience = ["--comeback-wait", "45"];

const full = ["--surface", "full", "--sessions", "8"];

test.each([
  ["", ["--ops", "8000"]],
  // Its sessions live on at the candidate for longer than the oracle keeps those that it hears nothing of.
  [", while sessions are let expire", ["--profile", "expiry", "--ops", "3000"]],
])("an oracle that is killed and started again is held against nobody%s", { timeout: 150_000 }, async (_, words) => {
  const { code, out, summary } = await fuzzed(behind.address, [...full, ...patience, ...words], async () => {
    await sleep(2_000);
    await oracle.kill();
    await oracle.restart();
  });
  expect(summary.divergences).toEqual([]);
  expect(summary, out).toMatchObject({ verdict: "conforms", ended: true });
  expect(summary.verdicts.unchecked).toBeGreaterThan(0);
  expect(code).toBe(0);
});

test("one that stays away ends the run without a verdict", { timeout: 60_000 }, async () => {
  const { code, out, summary } = await fuzzed(
    behind.address,
    [...full, "--ops", "100000", "--comeback-wait", "5"],
    async () => {
      await sleep(1_000);
      await oracle.kill();
    },
  );
  await oracle.restart();
  expect(summary.divergences).toEqual([]);
  expect(summary).toMatchObject({ verdict: "undecided", ended: true });
  expect(out).toContain("did not come back within 5 s");
  expect(code).toBe(255);
});

test("a run that is stopped for a while and goes on blames nobody", { timeout: 60_000 }, async () => {
  const { code, out, summary } = await fuzzed(behind.address, ["--time-limit", "30"], async (xchk) => {
    await sleep(2_000);
    xchk.kill("SIGSTOP");
    // Longer than most sessions live, and than any answer is waited for.
    await sleep(13_000);
    xchk.kill("SIGCONT");
  });
  expect(code, out).toBe(0);
  expect(summary).toMatchObject({ verdict: "conforms", ended: true, divergences: [] });
});
