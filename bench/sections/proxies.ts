/** What more proxies on one etcd bring. */
import { loadMeasures, type Section, sideBySide, warm, withContenders } from "../bench.ts";
import { zetcd } from "../contenders.ts";
import { overFirst } from "../result.ts";
import { spreadWorkloads } from "../workloads.ts";

const counts = [1, 2, 3] as const;

export const proxies: Section = {
  name: "proxies",
  about: "one, two and three zetcd, each group on one etcd, the load spread over them",
  run: (bench) =>
    withContenders(
      bench,
      counts.map((count) => zetcd({ name: `${count} zetcd`, proxies: count })),
      async (contenders) => {
        await warm(bench, contenders);
        const names = contenders.map(({ name }) => name);
        return [
          {
            section: "proxies",
            title: "Several proxies on one etcd, throughput of all together",
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
