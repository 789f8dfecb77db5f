/** What runs against the members of an ensemble, which answers like a server of its own, but does not survive the same. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runXchk } from "./bin.fixture.ts";
import { type Ensemble, startEnsemble } from "./ensemble.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-ensemble-test-"));
let ensemble: Ensemble;

beforeAll(async () => {
  ensemble = await startEnsemble();
}, 60_000);
afterAll(async () => {
  await ensemble.stop();
  rmSync(home, { recursive: true, force: true });
});

const leftOut = [
  "multi/a-null-path-is-malformed",
  "multi/createttl-is-always-decoded",
  "multi/reads-without-a-path",
  "wire/reconfig-is-disabled",
];

test.each(["follower", "leader"] as const)("a %s agrees with a ZooKeeper of its own, and survives", async (role) => {
  const candidate = ["--candidate", `zk://${ensemble[role].address}`];
  const fuzzed = await runXchk(home, ["fuzz", "--ops", "6000", "--seed", "1", "--surface", "full", ...candidate]);
  expect(fuzzed.summary.divergences, fuzzed.out).toEqual([]);
  expect(fuzzed.code, fuzzed.out).toBe(0);

  const written = await runXchk(home, ["run", "create/**", "data/**", "multi/**", "wire/**", ...candidate]);
  expect(written.summary.divergences, written.out).toEqual([]);
  expect(written.code, written.out).toBe(0);
  const journal = readFileSync(join(written.dir, "journal.jsonl"), "utf8");
  expect(journal.match(/(?<=")[^" ]+(?= would wedge a member of an ensemble)/g)).toEqual(leftOut);
});
