/** What a cluster of three etcd members costs; all of them share this machine and its disk. */
import { loadTable, type Section, withContenders } from "../bench.ts";
import { zetcd } from "../contenders.ts";
import { overFirstTwo } from "../result.ts";
import { spreadWorkloads } from "../workloads.ts";

export const etcdMembers: Section = {
  name: "etcd-members",
  about: "one zetcd on one and on three etcd members, all on this machine",
  run: (bench) => {
    const title = "One and three etcd members under one zetcd; ZooKeeper stands alone";
    const table = { section: "etcd-members", title, workloads: spreadWorkloads(bench), ratios: overFirstTwo };
    const starts = [zetcd({ name: "1 member" }), zetcd({ name: "3 members", members: 3 })];
    return withContenders(bench, starts, (contenders) => loadTable(bench, contenders, table));
  },
};
