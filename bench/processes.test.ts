import { expect, test } from "vitest";
import { parseUsage, usage } from "./processes.ts";

test("time and memory of a process whose name is odd", () => {
  const stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 100 0 0 0 123 45 0 0 20 0 11 0 99 1000 200\n";
  expect(parseUsage(stat, "Name:\ta\nVmPeak:\t  9999 kB\nVmRSS:\t    2048 kB\n")).toEqual({
    cpuMs: 1680,
    rssBytes: 2 * 2 ** 20,
  });
});

test("a process that is gone has none", () => {
  expect(usage(2 ** 22 + 1)).toBeUndefined();
});

test.runIf(process.platform === "linux")("our own is there", () => {
  expect(usage(process.pid)?.rssBytes).toBeGreaterThan(2 ** 20);
});
