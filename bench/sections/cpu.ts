/** What requests cost each server process. */
import { attempt, type Bench, inTurns, loadFigures, type Section, warm, withContenders } from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { usage } from "../processes.ts";
import { type Figures, type Measure, medians, type Row } from "../result.ts";
import { cpuWorkloads, type Workload, workloadName } from "../workloads.ts";
import { peers } from "./throughput.ts";

const measures: readonly Measure[] = [
  { key: "cpuUs", heading: "µs/req", digits: 1 },
  { key: "rssMiB", heading: "RSS MiB", digits: 0 },
];

/** The names that a contender has in the table: each of its processes and, of several, their sum. */
function columns(contender: Contender): string[] {
  const names = contender.processes().map(({ name }) => name);
  return names.length === 1 ? names : [...names, names.join(" + ")];
}

/** Runs a workload; answers what each column used in it, `<column> <measure>` by key, or undefined when it was spoiled. */
async function cost(bench: Bench, contender: Contender, workload: Workload): Promise<Figures | undefined> {
  const pids = contender.processes().map(({ pid }) => pid);
  const look = () => pids.map(usage);
  let before = look();
  const start = () => {
    before = look();
  };
  if ((await attempt(bench, contender, workload, loadFigures, start)) === undefined) return undefined;
  const each = look().map((after, i) => ({
    cpuUs: (((after?.cpuMs ?? Number.NaN) - (before[i]?.cpuMs ?? Number.NaN)) * 1000) / workload.total,
    rssMiB: (after?.rssBytes ?? Number.NaN) / 2 ** 20,
  }));
  const sum = {
    cpuUs: each.reduce((total, { cpuUs }) => total + cpuUs, 0),
    rssMiB: each.reduce((total, { rssMiB }) => total + rssMiB, 0),
  };
  const all = each.length === 1 ? each : [...each, sum];
  return Object.fromEntries(
    columns(contender).flatMap((name, i) =>
      Object.entries(all[i] ?? {}).map(([measure, value]) => [`${name} ${measure}`, value]),
    ),
  );
}

/** A row of every column's medians. */
async function costRow(bench: Bench, contenders: readonly Contender[], workload: Workload): Promise<Row> {
  const rounds = await inTurns(bench.rounds, contenders, (contender) => cost(bench, contender, workload));
  const figures = contenders.flatMap((contender) => {
    const middle = medians(rounds.get(contender.name) ?? []);
    const of = (name: string) =>
      Object.fromEntries(measures.map(({ key }) => [key, middle?.[`${name} ${key}`] ?? Number.NaN]));
    return columns(contender).map((name) => [name, middle === undefined ? undefined : of(name)] as const);
  });
  return { workload: workloadName(workload), figures: Object.fromEntries(figures) };
}

export const cpu: Section = {
  name: "cpu",
  about: "CPU time per request and resident memory of each server process",
  run: (bench) =>
    withContenders(bench, peers(bench), async (contenders) => {
      await warm(bench, contenders);
      const rows: Row[] = [];
      for (const workload of cpuWorkloads(bench)) rows.push(await costRow(bench, contenders, workload));
      const [first = "", ...others] = contenders.map((contender) => columns(contender).at(-1) ?? "");
      return [
        {
          section: "cpu",
          title: "CPU time per request, all threads, and resident memory afterwards; ratios of CPU time",
          about: contenders.map(({ about }) => about),
          contenders: contenders.flatMap(columns),
          measures,
          rows,
          ratioOf: "cpuUs",
          ratios: others.map((name) => [name, first] as const),
        },
      ];
    }),
};
