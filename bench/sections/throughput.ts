/** create, set and get over 1 to 200 connections, and pipelined. */
import { type Bench, loadTable, type Section, withContenders } from "../bench.ts";
import { zetcd, zetcdInGo } from "../contenders.ts";
import { workloads } from "../workloads.ts";

/** The peers of most sections: ours, and the Go program if there is one. */
export const peers = ({ zetcdGo }: Bench) => [zetcd(), ...(zetcdGo === undefined ? [] : [zetcdInGo(zetcdGo)])];

export const throughput: Section = {
  name: "throughput",
  about: "create, set and get over 1, 10, 50 and 200 connections, and pipelined",
  run: (bench) => {
    const title = "Throughput and latency";
    const table = { section: "throughput", title, workloads: workloads(bench) };
    return withContenders(bench, peers(bench), (contenders) => loadTable(bench, contenders, table));
  },
};
