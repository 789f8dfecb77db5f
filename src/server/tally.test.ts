import { expect, test } from "vitest";
import { Tally } from "./tally.ts";

test("counts results and latencies by opcode; a bound counts as within", () => {
  const tally = new Tally();
  for (const code of [0, 0, -101]) tally.answered(4, code);
  for (const ms of [0, 1, 2, 3, 5_000, 5_001]) tally.took(4, ms);
  const { results, buckets, count, sumMs } = tally.byOpcode.get(4) ?? {};
  expect([...(results ?? [])]).toEqual([
    [0, 2],
    [-101, 1],
  ]);
  expect([buckets, count, sumMs]).toEqual([[2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], 6, 10_007]);
});

test("opcodes that somebody invents are counted together", () => {
  const tally = new Tally();
  for (let opcode = 1; opcode <= 1_000; opcode++) tally.answered(opcode, -6);
  expect(tally.byOpcode.size).toBe(101);
  expect(tally.byOpcode.get(0)?.results).toEqual(new Map([[-6, 900]]));
});
