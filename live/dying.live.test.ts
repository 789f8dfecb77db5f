import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Summary } from "../reports/summary.ts";
import { type Fragile, startFragile } from "./fragile.fixture.ts";

const xchk = fileURLToPath(new URL("../bin/xchk", import.meta.url));
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

/** Fuzzes a server that dies of setACL. */
async function fuzzed(fragile: Fragile): Promise<{ code: number | null; summary: Summary }> {
  const dir = join(home, "report");
  const servers = ["--candidate", `zk://${fragile.address}`, "--oracle", `zk://${oracle.address}`];
  const child = spawn(xchk, ["fuzz", "--seed", "3", ...servers, "--report-dir", dir], {
    stdio: "ignore",
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, summary: JSON.parse(readFileSync(join(dir, "summary.json"), "utf8")) as Summary };
}

test("a candidate that dies ends the run with a divergence, and one only", { timeout: 60_000 }, async () => {
  const fragile = await startFragile(behind, "setACL");
  const { code, summary } = await fuzzed(fragile);
  expect(fragile.deaths).toBe(1);
  expect(code).toBe(1);
  expect(summary).toMatchObject({ verdict: "diverges", ended: true });
  expect(summary.divergences).toMatchObject([
    { fingerprint: "server connection closed candidate died", occurrences: 1 },
  ]);
  await fragile.close();
});
