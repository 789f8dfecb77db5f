import { expect, test } from "vitest";
import type { Arena } from "../arena.ts";
import type { Scenario } from "../format.ts";
import { loadProfile } from "./profile.ts";
import { type FuzzLimits, fuzz } from "./property.ts";

const plan = { seed: 7, profile: loadProfile("default"), allowHazards: false };
const limits: FuzzLimits = {
  ...{ runs: 4, operations: Number.POSITIVE_INFINITY, timeLimitMs: 60_000, inFlight: 2 },
  ...{ maxCauses: 5, shrinkMs: 0, endOnFailure: false },
};

/** The sequences that a run sends, by name and content. */
async function sequencesOf(own: FuzzLimits): Promise<Map<string, Scenario>> {
  const sent = new Map<string, Scenario>();
  const arena = {
    run: async (scenario: Scenario, name: string) => {
      sent.set(name, scenario);
      return { outcome: { is: "done", steps: scenario.steps.length }, record: { name } };
    },
  } as unknown as Arena;
  const nothing = () => "";
  await fuzz(plan, own, {
    ...{ arena, lab: arena, journal: () => undefined, reportDir: "", replayOf: nothing, replayFile: nothing },
    stop: new AbortController().signal,
  });
  return sent;
}

test("shards send each sequence of the seed once", async () => {
  const whole = await sequencesOf({ ...limits, runs: 12 });
  const shards = await Promise.all([1, 2, 3].map((index) => sequencesOf({ ...limits, shard: { index, count: 3 } })));
  expect(shards.map((shard) => [...shard.keys()])[1]).toEqual(["seq-1", "seq-4", "seq-7", "seq-10"]);
  const all = shards.flatMap((shard) => [...shard]);
  expect(all).toHaveLength(12);
  expect(new Map(all)).toEqual(new Map([...whole].sort()));
});
