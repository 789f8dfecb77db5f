import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { findScenarios } from "../oracle/commands/run.ts";
import { isInRange } from "../oracle/commands/versions.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import { installFromMaven } from "../oracle/servers/maven.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { Arena } from "../scenarios/arena.ts";
import { Casebook } from "../scenarios/casebook.ts";
import { inWords } from "../scenarios/generate/counterexample.ts";

/** The release to run beside the machine's own: the other line, so that what its cases say of 3.9 is seen too. */
const other = "3.9.5";
const canHaveOther = await installFromMaven(other).then(
  () => true,
  () => false,
);

describe.each([undefined, ...(canHaveOther ? [other] : [])])(
  "the corpus on two ZooKeepers of the same version (%s)",
  (release) => {
    let servers: ZooKeeperServer[] = [];
    let arena: Arena;
    let close = async () => {};

    beforeAll(async () => {
      const options = release === undefined ? {} : { version: release };
      servers = await Promise.all([startZooKeeper(options), startZooKeeper(options)]);
      const [candidate, oracle] = servers;
      if (candidate === undefined || oracle === undefined) throw new Error("two servers are needed");
      const book = new Casebook(() => undefined);
      const check = crosscheck({
        ...{ candidate: bridge(candidate), oracle: bridge(oracle), answerFrom: "oracle", emit: book.emit },
        ...{ settleMs: 5_000, replyWaitMs: 10_000, serial: false, keepAnswers: true, reveal: true },
      });
      arena = new Arena(check, book);
      close = () => check.close();
    });
    afterAll(async () => {
      await close();
      await Promise.all(servers.map((server) => server.stop()));
    });

    const found = findScenarios([]).filter(({ scenario }) => isInRange(release ?? "3.8", scenario.versions));
    test.concurrent.each(found)("$name", async ({ name, scenario }) => {
      const { record, outcome } = await arena.run(scenario, name);
      expect(outcome, outcome.reason).toMatchObject({ is: "done", steps: scenario.steps.length });
      expect(record.divergence?.differences.map(inWords) ?? []).toEqual([]);
      expect(record.steps).toBeGreaterThan(scenario.steps.filter((step) => step.op !== "drop").length);
    });
  },
);
