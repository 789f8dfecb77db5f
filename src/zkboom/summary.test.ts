import { describe, expect, test } from "vitest";
import type { Measured } from "./load.ts";
import { report } from "./report.ts";
import { percentile, summarize } from "./summary.ts";

/** 1 … 1000 ms, shuffled, complete one by one every millisecond. */
const measured: Measured = {
  latenciesMs: Float64Array.from({ length: 1000 }, (_, i) => ((i * 7) % 1000) + 1),
  completedMs: Float64Array.from({ length: 1000 }, (_, i) => i + 1),
  elapsedMs: 1000,
  errors: new Map([["NODEEXISTS", 3]]),
  ended: "done",
};
const nothing: Measured = {
  ...measured,
  latenciesMs: new Float64Array(),
  completedMs: new Float64Array(),
  elapsedMs: 5,
};

describe("summarize", () => {
  test("the figures of a known run", () => {
    const summary = summarize(measured, 0);
    expect(summary).toMatchObject({
      ...{ succeeded: 1000, perSecond: 1000, fastestMs: 1, slowestMs: 1000, averageMs: 500.5, elapsedMs: 1000 },
      percentilesMs: { "10": 100, "25": 250, "50": 500, "75": 750, "90": 900, "95": 950, "99": 990, "99.9": 999 },
      errors: { NODEEXISTS: 3 },
      samples: [],
    });
    expect(summary.stddevMs).toBeCloseTo(288.675, 3);
    expect(summary.histogram).toHaveLength(11);
    expect(summary.histogram.map(({ count }) => count)).toEqual([1, 99, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
  });

  test("each request is in one bar and in one sample", () => {
    const { histogram, samples } = summarize(measured, 7);
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(samples).toHaveLength(7);
    expect(samples.reduce((sum, { requests }) => sum + requests, 0)).toBe(1000);
  });

  test("samples tell each slice", () => {
    const [first, second] = summarize(
      { ...measured, latenciesMs: Float64Array.from([2, 4, 9]), completedMs: Float64Array.from([1, 2, 800]) },
      2,
    ).samples;
    expect(first).toEqual({ atMs: 0, requests: 2, fastestMs: 2, averageMs: 3, slowestMs: 4, perSecond: 4 });
    expect(second).toEqual({ atMs: 500, requests: 1, fastestMs: 9, averageMs: 9, slowestMs: 9, perSecond: 2 });
  });

  test("a mixed run tells its gets and its sets apart", () => {
    const isWrite = Uint8Array.from({ length: 1000 }, (_, i) => Number((measured.latenciesMs[i] ?? 0) > 900));
    const { reads, writes } = summarize({ ...measured, isWrite }, 0);
    expect(reads).toMatchObject({ succeeded: 900, percentilesMs: { "50": 450, "99": 891 } });
    expect(writes).toMatchObject({ succeeded: 100, percentilesMs: { "50": 950, "99": 999 } });
    expect(summarize(measured, 0)).not.toHaveProperty("reads");
  });

  test("a run without success has zeros", () => {
    expect(summarize(nothing, 2)).toMatchObject({
      succeeded: 0,
      perSecond: 0,
      averageMs: 0,
      slowestMs: 0,
      histogram: [],
    });
  });

  test("percentiles are nearest ranks", () => {
    const values = Float64Array.from([1, 2, 3]);
    expect([0, 10, 33.3, 34, 50, 99, 100].map((percent) => percentile(values, percent))).toEqual([1, 1, 1, 2, 2, 3, 3]);
  });
});

describe("report", () => {
  test("is laid out like etcd's", () => {
    const text = report(summarize(measured, 2), { precise: false });
    expect(text).toMatch(
      /^\nSummary:\n {2}Total:\t1\.0000 secs\.\n {2}Slowest:\t1\.0000 secs\.\n {2}Fastest:\t0\.0010 secs\.\n/,
    );
    expect(text).toContain("  Average:\t0.5005 secs.\n  Stddev:\t0.2887 secs.\n  Requests/sec:\t1000.0000\n");
    expect(text).toContain(`\nResponse time histogram:\n  0.0010 [1]\t|\n  0.1009 [99]\t|${"∎".repeat(39)}\n`);
    expect(text).toContain(`  1.0000 [100]\t|${"∎".repeat(40)}\n`);
    expect(text).toContain("\nLatency distribution:\n  10% in 0.1000 secs.\n");
    expect(text).toContain("  99.9% in 0.9990 secs.\n");
    expect(text).toMatch(/\nSamples:\n.*\n {2}0\.0000\t499\t/);
    expect(text).toMatch(/\nError distribution:\n {2}\[3\]\tNODEEXISTS\n$/);
  });

  test("of a mixed run it tells gets and sets too", () => {
    const text = report(summarize({ ...measured, isWrite: new Uint8Array(1000).fill(1, 500) }, 0), { precise: false });
    expect(text.match(/^Latency distribution.*$/gm)).toEqual([
      "Latency distribution:",
      "Latency distribution of gets:",
      "Latency distribution of sets:",
    ]);
  });

  test("precise means all digits", () => {
    expect(report(summarize({ ...measured, elapsedMs: 1234.5 }, 0), { precise: true })).toContain("\t1.2345 secs.");
  });

  test("leaves out what did not happen", () => {
    const text = report(summarize({ ...nothing, errors: new Map() }, 0), { precise: false });
    expect(text).not.toMatch(/histogram|distribution|Samples/);
  });
});
