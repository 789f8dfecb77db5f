/** Containers and TTL znodes, which servers remove by themselves: `bin/xchk` waits for it where that does not take long. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forAnswersReaping } from "../oracle/servers/zookeeper.ts";
import { runXchk } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-reaping-"));
const everyMs = 300;

/** All the scenarios' events; seven of them tell of what nobody asked for. */
const reapedEvents = 13;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair(forAnswersReaping(everyMs));
});
afterAll(async () => {
  await pair.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs the written scenarios. */
const runScenarios = (words: readonly string[]) => runXchk(home, ["run", "reaping/**", ...words]);

test("servers that xchk starts remove what is due while it waits, and zetcd does as ZooKeeper does", async () => {
  const { code, out, summary } = await runScenarios([]);
  expect(code, out).toBe(0);
  expect(summary.checkedEvents).toBe(reapedEvents);
});

describe("servers that were given", () => {
  test("are waited for when somebody says how often they look", async () => {
    const { code, out, summary } = await runScenarios([...pair.flags, "--reap-every", String(everyMs)]);
    expect(code, out).toBe(0);
    expect(summary.checkedEvents).toBe(reapedEvents);
  });

  test.concurrent.each([
    "reaping-containers-stay",
    "reaping-of-unused-containers",
    "reaping-ttl-stays",
    "reaping-untold",
  ])("%s is seen", async (lie) => {
    const words = [...pair.flags, "--reap-every", String(everyMs), "--settle-ms", "1000"];
    const { code, out } = await runScenarios([...words, "--mutant", lie]);
    expect(code, out).toBe(1);
  });
});
