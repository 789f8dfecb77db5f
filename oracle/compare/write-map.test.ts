import { expect, test } from "vitest";
import { Renaming } from "./renaming.ts";
import { WriteMap } from "./write-map.ts";

/** Writes n of the candidate and 100 + n of the oracle. */
function mapOf(...writes: number[]): WriteMap {
  const map = new WriteMap(8);
  for (const n of writes) expect(map.record({ candidate: n, oracle: 100 + n }, 0)).toBe(true);
  return map;
}

test("a zxid names one write, on both sides", () => {
  const map = mapOf(1, 2);
  expect(map.record({ candidate: 2, oracle: 103 }, 0)).toBe(false);
  expect(map.record({ candidate: 3, oracle: 102 }, 0)).toBe(false);
  expect(map.kinship({ candidate: 2, oracle: 102 })).toBe("same");
  expect(map.kinship({ candidate: 2, oracle: 101 })).toBe("different");
  expect(map.kinship({ candidate: 2, oracle: 150 })).toBe("different");
});

test("0 and less stand for themselves", () => {
  const map = mapOf(1);
  expect(map.kinship({ candidate: 0, oracle: 0 })).toBe("same");
  expect(map.kinship({ candidate: 0, oracle: 101 })).toBe("different");
  expect(map.kinship({ candidate: -1, oracle: 0 })).toBe("different");
});

test("what nobody saw is unknown in the run and paired for good when older", () => {
  const map = mapOf(10, 11);
  expect(map.kinship({ candidate: 12, oracle: 130 })).toBe("unknown");
  expect(map.kinship({ candidate: 12, oracle: 131 })).toBe("unknown");
  expect(map.kinship({ candidate: 5, oracle: 50 })).toBe("same");
  expect(map.kinship({ candidate: 5, oracle: 51 })).toBe("different");
  expect(map.kinship({ candidate: 4, oracle: 130 })).toBe("straddles");
});

test("forgotten writes are unknown, never wrong", () => {
  const map = mapOf(...Array.from({ length: 11 }, (_, n) => n + 1));
  expect(map.kinship({ candidate: 1, oracle: 102 })).toBe("unknown");
  expect(map.kinship({ candidate: 11, oracle: 111 })).toBe("same");
});

test("a zxid between two writes is translated to the write before it", () => {
  const map = mapOf(10, 20, 30);
  expect(map.translate("candidate", 25)).toBe(120);
  expect(map.translate("oracle", 129)).toBe(20);
  expect(map.translate("candidate", 30)).toBe(130);
  expect(map.translate("candidate", 9)).toBeUndefined();
});

test("where neighbours changed places, the newest of those before counts", () => {
  const map = new WriteMap(1_000);
  map.record({ candidate: 1, oracle: 102 }, 0);
  map.record({ candidate: 2, oracle: 101 }, 0);
  expect(map.translate("candidate", 5)).toBe(102);
});

test("a renaming is one-to-one, forgets in pairs, and knows that 0 is none", () => {
  const renaming = new Renaming<number>(2);
  expect(renaming.pairs({ candidate: 1, oracle: 11 })).toBe(true);
  expect(renaming.pairs({ candidate: 1, oracle: 12 })).toBe(false);
  expect(renaming.pairs({ candidate: 2, oracle: 11 })).toBe(false);
  expect(renaming.pairs({ candidate: 0, oracle: 11 })).toBe(false);
  expect(renaming.pairs({ candidate: 0, oracle: 0 })).toBe(true);
  for (const n of [2, 3]) renaming.pairs({ candidate: n, oracle: 10 + n });
  expect(renaming.pairs({ candidate: 1, oracle: 21 })).toBe(true);
});
