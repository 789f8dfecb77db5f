import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { findScenarios } from "../oracle/commands/run.ts";
import { isInRange } from "../oracle/commands/versions.ts";
import type { Observation } from "../oracle/crosscheck/options.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import { installFromMaven } from "../oracle/servers/maven.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { Arena } from "../scenarios/arena.ts";
import { Casebook } from "../scenarios/casebook.ts";
import { answersAlone, answersInside } from "../scenarios/coverage/replies.ts";
import { inWords } from "../scenarios/generate/counterexample.ts";

/** The release to run beside the machine's own: the other line, so that what its cases say of 3.9 is seen too. */
const other = "3.9.5";
const canHaveOther = await installFromMaven(other).then(
  () => true,
  () => false,
);

/** What the oracles answered, as `create OK` and `multi/create NONODE`. */
const answered = new Set<string>();

/** Notes the result code of a request, and those inside a multi or multiRead. */
function note({ is, op, request, answers }: Observation): void {
  const { err, body } = answers.oracle;
  if (is !== "step" || op === "connect" || op === "unknown" || err === undefined) return;
  // Whether a server says so, behind a closeSession, or has hung up before is a race.
  if (err === "SESSIONEXPIRED") return;
  answered.add(`${op} ${err}`);
  const { results } = (body ?? {}) as { results?: readonly { err: string }[] };
  const { ops } = request as { ops?: readonly { op: string }[] };
  for (const [index, inner] of (ops ?? []).entries())
    if (results?.[index] !== undefined) answered.add(`${op}/${inner.op} ${results[index].err}`);
}

describe.each([undefined, ...(canHaveOther ? [other] : [])])(
  "the corpus on two ZooKeepers of the same version (%s)",
  (release) => {
    let servers: ZooKeeperServer[] = [];
    let arena: Arena;
    let close = async () => {};

    beforeAll(async () => {
      const options = release === undefined ? {} : { version: release, config: { enforceQuota: "true" } };
      servers = await Promise.all([startZooKeeper(options), startZooKeeper(options)]);
      const [candidate, oracle] = servers;
      if (candidate === undefined || oracle === undefined) throw new Error("two servers are needed");
      const book = new Casebook(() => undefined);
      const check = crosscheck({
        ...{ candidate: bridge(candidate), oracle: bridge(oracle), answerFrom: "oracle", emit: book.emit },
        ...{ settleMs: 5_000, replyWaitMs: 10_000, serial: false, keepAnswers: true, reveal: true },
        observe: note,
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

test.runIf(canHaveOther)("the table of result codes says what both releases answered, no more and no less", () => {
  const declared = Object.entries({ ...answersAlone, ...answersInside }).flatMap(([op, cases]) =>
    Object.values(cases).flatMap((codes) => codes.map((code) => `${op} ${code}`)),
  );
  expect([...answered].sort()).toEqual(declared.sort());
});
