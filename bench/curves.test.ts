import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { curves } from "./curves.ts";
import type { Head, Result } from "./result.ts";

const head: Head = {
  ...{ date: "2030-01-02T03:04:05Z", cpus: 2, cpu: "A & B <CPU>", memoryGiB: 16, node: "24.0.0", stores: "/tmp" },
  ...{ quick: false, rounds: 3 },
};
const row = (op: string, connections: number, zooKeeper: number, zetcd: number | undefined) => ({
  workload: `${op}, ${connections} conn`,
  at: { op, connections },
  figures: {
    ZooKeeper: { perSecond: zooKeeper },
    zetcd: zetcd === undefined ? undefined : { perSecond: zetcd },
  },
});
const result: Result = {
  ...{ section: "throughput", title: "", about: ["ZooKeeper 3.9.3", "zetcd on etcd 3.5"], measures: [] },
  contenders: ["ZooKeeper", "zetcd"],
  rows: [
    row("create", 1, 500, 600),
    row("create", 50, 4000, undefined),
    { workload: "create, 50 conn x 20 in flight", figures: { ZooKeeper: { perSecond: 99_999 } } },
    row("get", 1, 10_000, 12_345),
    row("get", 50, 20_000, 19_000),
  ],
  ...{ ratioOf: "perSecond", ratios: [] },
};

test("the drawing is well-formed and says what it shows", () => {
  const svg = curves(head, result);
  expect(XMLValidator.validate(svg)).toBe(true);
  for (const text of ["requests per second", "connections", "2030-01-02", "A &amp; B &lt;CPU&gt;", "ZooKeeper 3.9.3"])
    expect(svg).toContain(text);
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toMatch(/NaN|undefined|99,999/);
});

test("a panel per operation, a line per server, a mark per figure", () => {
  const { svg } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(curves(head, result));
  const panels = (svg.g as { path?: unknown[] | object }[]).filter(({ path }) => Array.isArray(path));
  expect(panels).toHaveLength(2);
  const count = (panel: { path?: unknown }, kind: string) =>
    (panel.path as { class?: string }[]).filter((path) => (path.class ?? "mark") === kind).length;
  expect(panels.map((panel) => [count(panel, "line"), count(panel, "mark")])).toEqual([
    [2, 3],
    [2, 4],
  ]);
});

test("more is higher, and further to the right is more connections", () => {
  const lines = [...curves(head, result).matchAll(/class="line"[^>]* d="M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)"/g)];
  const [x1, y1, x2, y2] = (lines[0] ?? []).slice(1).map(Number) as [number, number, number, number];
  expect(x2).toBeGreaterThan(x1);
  expect(y2).toBeLessThan(y1);
});

test("nothing measured is still a drawing", () => {
  expect(XMLValidator.validate(curves(head, { ...result, rows: [] }))).toBe(true);
});
