import { describe, expect, test } from "vitest";
import { decodeToken } from "../../scenarios/generate/replay-token.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { ourSetup, timingOf } from "./acquaintance.ts";
import { type RawFlags, stageFlags } from "./flags.ts";
import { fuzzRequest, tokenOf } from "./fuzz.ts";
import { flagsLike, versionFlags } from "./proxy.ts";
import { wholeRun } from "./replay.ts";
import { findScenarios } from "./run.ts";
import { isInRange } from "./versions.ts";

describe("the flags of a fuzz run", () => {
  test("without a limit mean a minute, in which a thousand operations must be compared", () => {
    const { limits, operationsFloor } = fuzzRequest({ seed: "1" });
    expect(limits).toMatchObject({ operations: Number.POSITIVE_INFINITY, runs: Number.POSITIVE_INFINITY });
    expect(limits).toMatchObject({ timeLimitMs: 60_000, maxCauses: 5, shrinkMs: 20_000, inFlight: 32 });
    expect(operationsFloor).toBe(1_000);
  });

  test("with a limit mean no other", () => {
    expect(fuzzRequest({ runs: "3" }).limits).toMatchObject({ runs: 3, operations: Number.POSITIVE_INFINITY });
    expect(fuzzRequest({ timeLimit: "2" }).limits).toMatchObject({
      timeLimitMs: 2_000,
      runs: Number.POSITIVE_INFINITY,
    });
    expect(fuzzRequest({ timeLimit: "2" }).operationsFloor).toBe(1);
    expect(fuzzRequest({ ops: "500" })).toMatchObject({
      operationsFloor: 250,
      limits: { operations: 500, timeLimitMs: Number.POSITIVE_INFINITY },
    });
  });

  test("may ask for coverage cells, as many as there are", () => {
    expect(fuzzRequest({ seed: "1" })).not.toHaveProperty("cellsFloor");
    expect(fuzzRequest({ seed: "1", minCells: "900" }).cellsFloor).toBe(900);
    expect(fuzzRequest({ seed: "1", shard: "1/4", minCells: "900" }).cellsFloor).toBe(900);
    for (const minCells of ["-1", "many", "9.5"]) expect(() => fuzzRequest({ minCells })).toThrow(BadArgument);
    expect(() => fuzzRequest({ minCells: "1000000" })).toThrow(/^--min-cells: "1000000" is more than there are: \d+$/);
  });

  test("leave the choice of sequences to what they reach, unless the order is asked for or a calibration has to send the same", () => {
    expect(fuzzRequest({ seed: "1" }).limits.isSteered).toBe(true);
    expect(fuzzRequest({ seed: "1", inOrder: true }).limits.isSteered).toBe(false);
    expect(fuzzRequest({ seed: "1", calibrate: true }).limits.isSteered).toBe(false);
  });

  test("end up in the token", () => {
    const request = fuzzRequest({ seed: "7", profile: "multi", sessions: "5", surface: "full", ops: "100" });
    expect(decodeToken(tokenOf(request, 3))).toMatchObject({
      ...{ seed: 7, index: 3, profile: "multi", sessions: 5, surface: "full", operations: 100, isSteered: true },
    });
  });

  test("make the token of a whole run again, of its operations or as long as a run without a limit", () => {
    const again = (raw: RawFlags) => wholeRun(decodeToken(tokenOf(fuzzRequest({ seed: "7", ...raw }))), {});
    expect(again({ ops: "300", inOrder: true })).toMatchObject({
      ...{ mode: "replay", seed: 7, limits: { operations: 300, isSteered: false } },
    });
    expect(again({ timeLimit: "5" }).limits).toMatchObject({
      ...{ operations: Number.POSITIVE_INFINITY, timeLimitMs: 60_000, isSteered: true },
    });
  });

  test("name a surface, or leave it to what both servers serve", () => {
    expect(fuzzRequest({ seed: "1" }).profile).not.toHaveProperty("surface");
    expect(fuzzRequest({ seed: "1", profile: "live" }).profile.surface).toBe("core");
    expect(fuzzRequest({ seed: "1", surface: "full", profile: "live" }).profile.surface).toBe("full");
  });

  test.each<RawFlags>([{ ops: "0" }, { ops: "1e3" }, { sessions: "-1" }, { timeLimit: "soon" }, { seed: "0x1" }])(
    "refuse %j",
    (raw) => {
      expect(() => fuzzRequest(raw)).toThrow(BadArgument);
    },
  );

  test("split a run: each shard has its part of the limits, all have one token", () => {
    const shard = (i: number) => fuzzRequest({ seed: "7", ops: "1000", runs: "21", shard: `${i}/4` });
    expect(shard(2)).toMatchObject({
      limits: { operations: 250, runs: 6, shard: { index: 2, count: 4 } },
      operationsFloor: 125,
    });
    expect(tokenOf(shard(1))).toBe(tokenOf(fuzzRequest({ seed: "7", ops: "1000" })));
    expect(tokenOf(shard(3))).toBe(tokenOf(shard(1)));
    for (const text of ["0/4", "5/4", "1", "1/0", "a/b", "-1/2"])
      expect(() => fuzzRequest({ seed: "7", shard: text })).toThrow(BadArgument);
    expect(() => fuzzRequest({ shard: "1/2" })).toThrow("needs --seed");
  });

  test("have defaults that find or start both servers", () => {
    expect(stageFlags({})).toMatchObject({
      candidate: "auto",
      oracle: "auto",
      answerFrom: "oracle",
      cleanup: true,
      reveal: false,
    });
  });
});

describe("a range of versions", () => {
  test.each([
    ["3.9.5", ">=3.9", true],
    ["3.8.0", ">=3.9", false],
    ["3.8.10", ">3.8.9", true],
    ["3.8", "=3.8.0", true],
    ["3.8.6", ">=3.8.2 <3.9", true],
    ["3.9.0", ">=3.8.2 <3.9", false],
    ["unknown", ">=9", true],
  ] as const)("%s in %s: %s", (version, range, isIn) => {
    expect(isInRange(version, range)).toBe(isIn);
  });

  test("that is none is refused", () => {
    expect(() => isInRange("3.8.0", "3.8+")).toThrow(TypeError);
  });
});

test("a proxy is told which ZooKeeper to be like", () => {
  expect(versionFlags("3.8.0")).toEqual(["--zk-version", "3.8"]);
  expect(versionFlags("3.10.0")).toEqual([]);
  const timing = ["--tick-time", "2000", "--min-session-timeout", "4000", "--max-session-timeout", "40000"];
  expect(flagsLike("3.9.5", ourSetup)).toEqual(["--zk-version", "3.9", "--extended-types", ...timing]);
  expect(flagsLike("3.10.0", { ...ourSetup, allowsTtl: false })).toEqual(timing);
});

describe("the timing that explains the granted timeouts", () => {
  const clamped = (low: number, high: number) => async (ms: number) => Math.min(Math.max(ms, low), high);

  test.each([
    [4_000, 40_000, 2_000],
    [6_000, 60_000, 3_000],
    [4_000, 120_000, 2_000],
    [5_001, 50_010, 2_000],
  ])("%i to %i ms: a tick of %i ms", async (shortestMs, longestMs, tickMs) => {
    expect(await timingOf(clamped(shortestMs, longestMs))).toEqual({ tickMs, shortestMs, longestMs });
  });

  test.each<[string, (ms: number) => Promise<number | undefined>]>([
    ["grants all that is asked", clamped(1, 2 ** 31 - 1)],
    ["grants the double", async (ms) => 2 * (await clamped(4_000, 40_000)(ms))],
    ["grants whole seconds", async (ms) => Math.round((await clamped(4_000, 41_000)(ms)) / 1_000) * 1_000],
    ["grants none", async () => undefined],
    ["grants less the more is asked", async (ms) => (ms === 1 ? 40_000 : 4_000)],
  ])("a server that %s has none", async (_, granted) => {
    expect(await timingOf(granted)).toBeUndefined();
  });
});

describe("scenarios by pattern", () => {
  test.each([
    [[], 60],
    [["watch/**"], 10],
    [["scenarios/create/node-exists.json"], 1],
    [["*/node-exists"], 1],
    [["nothing/**"], 0],
  ] as const)("%j", (patterns, atLeast) => {
    expect(findScenarios(patterns).length).toBeGreaterThanOrEqual(atLeast);
  });
});
