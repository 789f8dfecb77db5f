/** Reads while others write. */
import type { Summary } from "../../src/zkboom/summary.ts";
import { loadTable, type Section, withContenders } from "../bench.ts";
import type { Figures, Measure } from "../result.ts";
import { mixedWorkloads } from "../workloads.ts";
import { peers } from "./throughput.ts";

const measures: readonly Measure[] = [
  { key: "perSecond", heading: "req/s", digits: 0 },
  { key: "readP50Ms", heading: "get p50 ms", digits: 2 },
  { key: "readP99Ms", heading: "get p99 ms", digits: 2 },
  { key: "writeP50Ms", heading: "set p50 ms", digits: 2 },
  { key: "writeP99Ms", heading: "set p99 ms", digits: 2 },
];

const mixedFigures = ({ perSecond, reads, writes }: Summary): Figures => ({
  perSecond,
  readP50Ms: reads?.percentilesMs["50"] ?? Number.NaN,
  readP99Ms: reads?.percentilesMs["99"] ?? Number.NaN,
  writeP50Ms: writes?.percentilesMs["50"] ?? Number.NaN,
  writeP99Ms: writes?.percentilesMs["99"] ?? Number.NaN,
});

export const mixed: Section = {
  name: "mixed",
  about: "gets with 10% and 50% sets among them, latencies told apart",
  run: (bench) => {
    const title = "Reads while others write";
    const table = { section: "mixed", title, workloads: mixedWorkloads(bench), measures, figuresOf: mixedFigures };
    return withContenders(bench, peers(bench), (contenders) => loadTable(bench, contenders, table));
  },
};
