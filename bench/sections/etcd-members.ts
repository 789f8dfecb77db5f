/** What a cluster of three etcd members costs; all of them share this machine and its disk. */
import { loadMeasures, type Section, sideBySide, warm, withContenders } from "../bench.ts";
import { zetcd } from "../contenders.ts";
import { overFirst } from "../result.ts";
import { spreadWorkloads } from "../workloads.ts";

export const etcdMembers: Section = {
  name: "etcd-members",
  about: "one zetcd on one and on three etcd members, all on this machine",
  run: (bench) =>
    withContenders(
      bench,
      [zetcd({ name: "1 member" }), zetcd({ name: "3 members", members: 3 })],
      async (contenders) => {
        await warm(bench, contenders);
        const names = contenders.map(({ name }) => name);
        return [
          {
            section: "etcd-members",
            title: "One and three etcd members under one zetcd; ZooKeeper stands alone",
            about: contenders.map(({ about }) => about),
            contenders: names,
            measures: loadMeasures,
            rows: await sideBySide(bench, contenders, spreadWorkloads(bench)),
            ratioOf: "perSecond",
            ratios: [...overFirst(names), ...overFirst(names.slice(1))],
          },
        ];
      },
    ),
};
