import { expect, test } from "vitest";
import type { Result } from "./result.ts";
import { table } from "./table.ts";

const result: Result = {
  section: "throughput",
  title: "Title",
  about: ["ZooKeeper 1", "zetcd on etcd 2"],
  contenders: ["ZooKeeper", "zetcd"],
  measures: [
    { key: "perSecond", heading: "req/s", digits: 0 },
    { key: "p50Ms", heading: "p50 ms", digits: 2 },
  ],
  rows: [
    {
      workload: "get, 1 conn",
      figures: { ZooKeeper: { perSecond: 1000, p50Ms: 0.5 }, zetcd: { perSecond: 1500, p50Ms: 0.25 } },
    },
    { workload: "set", figures: { ZooKeeper: { perSecond: 10 }, zetcd: undefined } },
  ],
  ratioOf: "perSecond",
  ratios: [["zetcd", "ZooKeeper"]],
};

test("figures, gaps and ratios in aligned columns", () => {
  expect(table(result)).toBe(`Title
ZooKeeper 1
zetcd on etcd 2

workload     ZooKeeper req/s  p50 ms  zetcd req/s  p50 ms  zetcd / ZooKeeper
get, 1 conn             1000    0.50         1500    0.25              1.50x
set                       10       -       failed       -                  -
`);
});
