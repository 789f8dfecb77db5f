/** What is measured. */

/** One line of a table: an operation over so many connections with so many requests in flight on each. */
export interface Workload {
  readonly op: "create" | "set" | "get" | "mixed" | "multi";
  readonly connections: number;
  readonly pipeline: number;
  readonly total: number;
  /** Of `set`: all go to one znode instead of many in turn. */
  readonly isHot?: true;
  /** Of `mixed`, how many requests of 100 are gets. */
  readonly readPercent?: number;
  /** Of `multi`, how many creates are in each. */
  readonly batch?: number;
}

/** Whether a tenth of the requests will do. */
export interface Scale {
  readonly quick: boolean;
}

/** Requests per run, by connections: enough for seconds on a small machine, few enough for a coffee break in all. */
const totals: Readonly<Record<number, number>> = { 1: 2_000, 10: 10_000, 50: 20_000, 200: 20_000 };

/** Requests in flight per connection where a workload is pipelined. */
const deepPipeline = 20;

/** The operations of the main tables. */
const mainOps = ["create", "set", "get"] as const;

/** So many requests, or a tenth. */
export const scaled = (total: number, { quick }: Scale): number => Math.round(quick ? total / 10 : total);

/** The same for an operation: gets are answered several times as fast, so there are more of them. */
const scaledFor = (op: Workload["op"], total: number, scale: Scale): number =>
  scaled(op === "get" ? total * 3 : total, scale);

/** The main workloads, over 1 to 200 connections, and gets with as many in flight again on a few; then sets of one znode. */
export const workloads = (scale: Scale): Workload[] => [
  ...mainOps.flatMap((op) => [...spread(op, scale), pipelined(op, scale)]),
  { ...pipelined("get", scale), connections: 10, pipeline: 100 },
  ...[...spread("set", scale), pipelined("set", scale)].map((workload) => ({ ...workload, isHot: true as const })),
];

const spread = (op: Workload["op"], scale: Scale): Workload[] =>
  Object.entries(totals).map(([connections, total]) => ({
    ...{ op, connections: Number(connections), pipeline: 1 },
    total: scaledFor(op, total, scale),
  }));

const pipelined = (op: Workload["op"], scale: Scale): Workload => ({
  ...{ op, connections: 50, pipeline: deepPipeline },
  total: scaledFor(op, 60_000, scale),
});

/** Those of the main workloads that CPU time is told of: enough requests for a clock that ticks every 10 ms. */
export const cpuWorkloads = (scale: Scale): Workload[] =>
  mainOps.flatMap((op) => [{ op, connections: 50, pipeline: 1, total: scaled(20_000, scale) }, pipelined(op, scale)]);

/** What a server answers before anything is measured: its compilers and caches get warm, also for what is done once for many requests in flight. */
export const warmUp = ({ quick }: Scale): Workload[] =>
  mainOps.flatMap((op) => [
    { op, connections: 20, pipeline: 10, total: quick ? 3_000 : 20_000 },
    { op, connections: 5, pipeline: 1, total: quick ? 1_000 : 10_000 },
  ]);

/** What the cross-check is measured with: every request is put to both servers and compared. */
export const crossCheckWorkloads = (scale: Scale): Workload[] =>
  mainOps.map((op) => ({ op, connections: 50, pipeline: 1, total: scaled(10_000, scale) }));

/** Reads while others write: mostly reads, and as many reads as writes. */
export const mixedWorkloads = (scale: Scale): Workload[] =>
  [90, 50].flatMap((readPercent) =>
    [10, 50, 200].map((connections) => ({
      ...({ op: "mixed", pipeline: 1 } as const),
      ...{ connections, readPercent, total: scaled(20_000, scale) },
    })),
  );

/** Gets on connections of their own, and the sets of others meanwhile: more than are sent in that time. */
export const besideWorkloads = (scale: Scale): { readonly gets: Workload; readonly sets: Workload }[] =>
  [5, 50].map((pipeline) => ({
    gets: { op: "get", connections: 10, pipeline: 1, total: scaled(20_000, scale) },
    sets: { op: "set", connections: 20, pipeline, total: 4_000_000 },
  }));

/** Several creates in one request. */
export const multiWorkloads = (scale: Scale): Workload[] =>
  [1, 10, 50].map((connections) => ({
    ...({ op: "multi", pipeline: 1, batch: 10 } as const),
    ...{ connections, total: scaled(connections === 1 ? 1_000 : 5_000, scale) },
  }));

/** For servers of several processes: 60 connections go evenly over one, two and three proxies. */
export const spreadWorkloads = (scale: Scale): Workload[] =>
  mainOps.flatMap((op) =>
    [1, deepPipeline].map((pipeline) => ({
      ...{ op, pipeline, connections: 60 },
      total: scaled(pipeline === 1 ? 20_000 : 60_000, scale),
    })),
  );

/** A workload in words. */
export const workloadName = ({ op, connections, pipeline, readPercent, batch, isHot }: Workload): string => {
  const what =
    op === "mixed"
      ? `${readPercent}% get, ${100 - (readPercent ?? 0)}% set`
      : op === "multi"
        ? `multi of ${batch} creates`
        : isHot === true
          ? `${op} one znode`
          : op;
  return `${what}, ${connections} conn${pipeline === 1 ? "" : ` x ${pipeline} in flight`}`;
};
