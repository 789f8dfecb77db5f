/** create, set and get over 1 to 200 connections, and pipelined. */
import { type Bench, loadMeasures, type Section, sideBySide, warm, withContenders } from "../bench.ts";
import { zetcd, zetcdInGo } from "../contenders.ts";
import { overFirst } from "../result.ts";
import { workloads } from "../workloads.ts";

/** The peers of most sections: ours, and the Go program if there is one. */
export const peers = ({ zetcdGo }: Bench) => [zetcd(), ...(zetcdGo === undefined ? [] : [zetcdInGo(zetcdGo)])];

export const throughput: Section = {
  name: "throughput",
  about: "create, set and get over 1, 10, 50 and 200 connections, and pipelined",
  run: (bench) =>
    withContenders(bench, peers(bench), async (contenders) => {
      await warm(bench, contenders);
      const names = contenders.map(({ name }) => name);
      return [
        {
          section: "throughput",
          title: "Throughput and latency",
          about: contenders.map(({ about }) => about),
          contenders: names,
          measures: loadMeasures,
          rows: await sideBySide(bench, contenders, workloads(bench)),
          ratioOf: "perSecond",
          ratios: overFirst(names),
        },
      ];
    }),
};
