import { expect, test } from "vitest";
import { LatencyHistogram } from "./latency.ts";

test("percentiles are within a tenth of the truth", () => {
  const histogram = new LatencyHistogram();
  for (let at = 1; at <= 10_000; at++) histogram.add(at / 100);
  const { p50, p90, p99, max, mean, count } = histogram.view();
  expect({ max, mean, count }).toEqual({ max: 100, mean: 50, count: 10_000 });
  for (const [found, truth] of [
    [p50, 50],
    [p90, 90],
    [p99, 99],
  ] as const)
    expect(Math.abs(found / truth - 1)).toBeLessThan(0.1);
});

test("no percentile is above the maximum", () => {
  const histogram = new LatencyHistogram();
  histogram.add(0.9);
  expect(histogram.view()).toMatchObject({ p50: 0.9, p999: 0.9, max: 0.9 });
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, undefined as unknown as number])("%s is no answer time", (ms) => {
  const histogram = new LatencyHistogram();
  histogram.add(ms);
  expect(histogram.view()).toMatchObject({ count: 0, mean: 0, max: 0, buckets: [] });
});

test("extremes land in the outer buckets", () => {
  const histogram = new LatencyHistogram();
  for (const ms of [0, 1e-9, 1e12]) histogram.add(ms);
  expect(histogram.view().buckets.map(([, count]) => count)).toEqual([2, 1]);
});
