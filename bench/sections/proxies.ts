/** What more proxies on one etcd bring. */
import { loadTable, type Section, withContenders } from "../bench.ts";
import { zetcd } from "../contenders.ts";
import { overFirstTwo } from "../result.ts";
import { spreadWorkloads } from "../workloads.ts";

const counts = [1, 2, 3] as const;

export const proxies: Section = {
  name: "proxies",
  about: "one, two and three zetcd, each group on one etcd, the load spread over them",
  run: (bench) => {
    const title = "Several proxies on one etcd, throughput of all together";
    const table = { section: "proxies", title, workloads: spreadWorkloads(bench), ratios: overFirstTwo };
    const starts = counts.map((count) => zetcd({ name: `${count} zetcd`, proxies: count }));
    return withContenders(bench, starts, (contenders) => loadTable(bench, contenders, table));
  },
};
