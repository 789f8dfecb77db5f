/** What every section has at hand, and what most of them do: start servers, let them take turns, put medians in rows. */
import type { ZooKeeperOptions } from "../oracle/servers/zookeeper.ts";
import type { Summary } from "../src/zkboom/summary.ts";
import { type Contender, type Reference, type Start, zooKeeper } from "./contenders.ts";
import { attemptName, measure, prepare, Spoiled } from "./measure.ts";
import type { Options } from "./options.ts";
import { type Figures, type Measure, medians, overFirst, type Result, type Row } from "./result.ts";
import { type Workload, warmUp, workloadName } from "./workloads.ts";

/** A run of the benchmark, as sections see it. */
export interface Bench extends Options {
  /** Aborted when the user wants to stop; its reason is thrown by whatever notices. */
  readonly signal: AbortSignal;
  /** One line of progress. */
  note(line: string): void;
}

/** One part of the benchmark, with servers of its own. */
export interface Section {
  readonly name: string;
  /** What it measures, for `--help`. */
  readonly about: string;
  run(bench: Bench): Promise<Result[]>;
}

/** Throughput and latency: what most tables tell. */
export const loadMeasures: readonly Measure[] = [
  { key: "perSecond", heading: "req/s", digits: 0 },
  { key: "p50Ms", heading: "p50 ms", digits: 2 },
  { key: "p99Ms", heading: "p99 ms", digits: 2 },
];

/** The figures of {@link loadMeasures}. */
export const loadFigures = ({ perSecond, percentilesMs }: Summary): Figures => ({
  perSecond,
  p50Ms: percentilesMs["50"] ?? Number.NaN,
  p99Ms: percentilesMs["99"] ?? Number.NaN,
});

/** Starts a ZooKeeper, as `options` say, and the others one after the other, and stops all of them, however `use` ends. */
export async function withContenders<T>(
  bench: Bench,
  starts: readonly Start[],
  use: (contenders: readonly [Reference, ...Contender[]]) => Promise<T>,
  options: ZooKeeperOptions = {},
): Promise<T> {
  const others: Contender[] = [];
  bench.note("starting servers");
  const reference = await zooKeeper(options);
  try {
    for (const start of starts) {
      bench.signal.throwIfAborted();
      others.push(await start(reference));
    }
    return await use([reference, ...others]);
  } finally {
    await Promise.all([reference, ...others].map((contender) => contender.stop()));
  }
}

/** Lets everyone answer a while before anything is measured. */
export async function warm(bench: Bench, contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) {
    bench.note(`warming up ${contender.name}`);
    for (const workload of warmUp(bench)) await attempt(bench, contender, workload, loadFigures);
  }
}

/** One measurement, with a line of progress; undefined when it was spoiled. `onStart` comes when its znodes are there and before its load. */
export async function attempt(
  bench: Bench,
  contender: Contender,
  workload: Workload,
  figuresOf: (summary: Summary) => Figures,
  onStart: () => void = () => undefined,
): Promise<Figures | undefined> {
  const own = await prepare(contender, workload);
  onStart();
  return unlessSpoiled(bench, attemptName(contender, workload), async () => {
    const summary = await measure(contender, workload, own, bench.signal);
    bench.note(`${attemptName(contender, workload)}: ${summary.perSecond.toFixed(0)} req/s`);
    return figuresOf(summary);
  });
}

/** What `act` answers; undefined, with a line of progress, when it was spoiled. */
export async function unlessSpoiled<T>(bench: Bench, what: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof Spoiled)) throw cause;
    bench.note(`${what}: spoiled, ${cause.message}`);
    return undefined;
  }
}

/** Everyone's figures of all rounds. The order is reversed from round to round, so that neither always goes first. */
export async function inTurns<C extends { readonly name: string }>(
  rounds: number,
  contenders: readonly C[],
  figuresOf: (contender: C) => Promise<Figures | undefined>,
): Promise<Map<string, Figures[]>> {
  const results = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const figures = await figuresOf(contender);
      if (figures !== undefined) results.get(contender.name)?.push(figures);
    }
  }
  return results;
}

/** A row of the medians of everyone's rounds. */
export const medianRow = (workload: string, rounds: ReadonlyMap<string, readonly Figures[]>): Row => ({
  workload,
  figures: Object.fromEntries([...rounds].map(([name, figures]) => [name, medians(figures)])),
});

/** One table of loads: everyone warmed up, every workload in turns, and the ratios to the first. */
export async function loadTable(bench: Bench, contenders: readonly Contender[], table: LoadTable): Promise<Result[]> {
  const { section, title, workloads, measures = loadMeasures, figuresOf = loadFigures, ratios = overFirst } = table;
  await warm(bench, contenders);
  const names = contenders.map(({ name }) => name);
  return [
    {
      ...{ section, title, about: contenders.map(({ about }) => about), contenders: names, measures },
      rows: await sideBySide(bench, contenders, workloads, figuresOf),
      ...{ ratioOf: "perSecond", ratios: ratios(names) },
    },
  ];
}

/** What makes a table of loads one of its own. */
export interface LoadTable {
  readonly section: string;
  readonly title: string;
  readonly workloads: readonly Workload[];
  readonly measures?: readonly Measure[];
  readonly figuresOf?: (summary: Summary) => Figures;
  /** Of whom over whom, by the names of all; default: everyone over the first. */
  readonly ratios?: (names: readonly string[]) => [string, string][];
}

/** Every workload on every contender, in turns. */
export async function sideBySide(
  bench: Bench,
  contenders: readonly Contender[],
  workloads: readonly Workload[],
  figuresOf: (summary: Summary) => Figures = loadFigures,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workload of workloads) {
    const row = medianRow(
      workloadName(workload),
      await inTurns(bench.rounds, contenders, (contender) => attempt(bench, contender, workload, figuresOf)),
    );
    const { op, connections, pipeline, isHot } = workload;
    rows.push(pipeline === 1 && isHot !== true ? { ...row, at: { op, connections } } : row);
  }
  return rows;
}
