/** Reads while others write. */
import type { Summary } from "../../src/zkboom/summary.ts";
import {
  type Bench,
  inTurns,
  loadFigures,
  loadTable,
  medianRow,
  type Section,
  unlessSpoiled,
  withContenders,
} from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { measureBeside, prepare } from "../measure.ts";
import { type Figures, type Measure, overFirst, type Result, type Row } from "../result.ts";
import { besideWorkloads, mixedWorkloads, workloadName } from "../workloads.ts";
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

const besideMeasures: readonly Measure[] = [
  { key: "perSecond", heading: "get/s", digits: 0 },
  { key: "p50Ms", heading: "p50 ms", digits: 2 },
  { key: "p99Ms", heading: "p99 ms", digits: 2 },
  { key: "setsPerSecond", heading: "set/s", digits: 0 },
];

/** Gets of some clients while others do nothing but set. */
async function besideTable(bench: Bench, contenders: readonly Contender[]): Promise<Result> {
  const rows: Row[] = [];
  for (const { gets, sets } of besideWorkloads(bench)) {
    const name = `${workloadName(gets)}, beside ${workloadName(sets)}`;
    const once = (contender: Contender) =>
      unlessSpoiled<Figures>(bench, `${contender.name}: ${name}`, async () => {
        const load = { load: gets, own: await prepare(contender, gets) };
        const beside = { load: sets, own: await prepare(contender, sets) };
        const measured = await measureBeside(contender, { load, beside }, bench.signal);
        bench.note(`${contender.name}: ${name}: ${measured.summary.perSecond.toFixed(0)} get/s`);
        return { ...loadFigures(measured.summary), setsPerSecond: measured.beside.perSecond };
      });
    rows.push(medianRow(name, await inTurns(bench.rounds, contenders, once)));
  }
  const names = contenders.map(({ name }) => name);
  return {
    ...{ section: "mixed", title: "Reads beside writes on other connections", measures: besideMeasures, rows },
    ...{ about: contenders.map(({ about }) => about), contenders: names },
    ...{ ratioOf: "perSecond", ratios: overFirst(names) },
  };
}

export const mixed: Section = {
  name: "mixed",
  about: "gets with 10% and 50% sets among them, latencies told apart; gets beside the sets of others",
  run: (bench) => {
    const title = "Reads and writes on the same connections";
    const table = { section: "mixed", title, workloads: mixedWorkloads(bench), measures, figuresOf: mixedFigures };
    return withContenders(bench, peers(bench), async (contenders) => [
      ...(await loadTable(bench, contenders, table)),
      await besideTable(bench, contenders),
    ]);
  },
};
