import { expect, test } from "vitest";
import { Tally } from "./tally.ts";

test("counts results and latencies by opcode; a bound counts as within", () => {
  const tally = new Tally();
  tally.answered(4, { code: 0, ms: 0, times: 2 });
  for (const ms of [2, 3, 5_000, 5_001]) tally.answered(4, { code: -101, ms, times: 1 });
  const { results, buckets, count, sumMs } = tally.byOpcode.get(4) ?? {};
  expect([...(results ?? [])]).toEqual([
    [0, 2],
    [-101, 4],
  ]);
  expect([buckets, count, sumMs]).toEqual([[2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], 6, 10_006]);
});

test("opcodes that somebody invents are counted together", () => {
  const tally = new Tally();
  for (let opcode = 1; opcode <= 1_000; opcode++) tally.answered(opcode, { code: -6, ms: 0, times: 1 });
  expect(tally.byOpcode.size).toBe(101);
  expect(tally.byOpcode.get(0)?.results).toEqual(new Map([[-6, 900]]));
});
