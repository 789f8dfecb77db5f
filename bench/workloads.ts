/** What is measured. */

/** One line of the table: an operation over so many connections with so many requests in flight on each. */
export interface Workload {
  readonly op: "create" | "set" | "get";
  readonly connections: number;
  readonly pipeline: number;
  readonly total: number;
}

/** Requests per run, by connections: enough for seconds on a small machine, few enough for a coffee break in all. */
const totals: Readonly<Record<number, number>> = { 1: 2_000, 10: 10_000, 50: 20_000, 200: 20_000 };

/** Requests in flight per connection where a workload is pipelined. */
const deepPipeline = 20;

/** All workloads; `--quick` takes a tenth of the requests. */
export function workloads({ quick }: { readonly quick: boolean }): Workload[] {
  const scale = quick ? 0.1 : 1;
  return (["create", "set", "get"] as const).flatMap((op) => [
    ...Object.entries(totals).map(([connections, total]) => ({
      ...{ op, connections: Number(connections), pipeline: 1 },
      total: Math.round(total * scale),
    })),
    { op, connections: 50, pipeline: deepPipeline, total: Math.round(60_000 * scale) },
  ]);
}

/** What a server answers before anything is measured: its compilers and caches get warm. */
export const warmUp = ({ quick }: { readonly quick: boolean }): Workload[] =>
  (["create", "set", "get"] as const).map((op) => ({
    op,
    connections: 20,
    pipeline: 10,
    total: quick ? 3_000 : 20_000,
  }));

/** What the cross-check is measured with: every request is put to both servers and compared. */
export const crossCheckWorkloads = ({ quick }: { readonly quick: boolean }): Workload[] =>
  (["create", "set", "get"] as const).map((op) => ({
    op,
    connections: 50,
    pipeline: 1,
    total: quick ? 1_000 : 10_000,
  }));

/** A workload in words. */
export const workloadName = ({ op, connections, pipeline }: Workload): string =>
  `${op}, ${connections} conn${pipeline === 1 ? "" : ` x ${pipeline} in flight`}`;
