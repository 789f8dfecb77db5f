/** Several creates in one request, all of them or none. */
import { loadMeasures, type Section, sideBySide, warm, withContenders } from "../bench.ts";
import { overFirst } from "../result.ts";
import { multiWorkloads } from "../workloads.ts";
import { peers } from "./throughput.ts";

export const multi: Section = {
  name: "multi",
  about: "ten creates in each multi",
  run: (bench) =>
    withContenders(bench, peers(bench), async (contenders) => {
      await warm(bench, contenders);
      const names = contenders.map(({ name }) => name);
      return [
        {
          section: "multi",
          title: "Multi: requests, each of ten creates",
          about: contenders.map(({ about }) => about),
          contenders: names,
          measures: loadMeasures,
          rows: await sideBySide(bench, contenders, multiWorkloads(bench)),
          ratioOf: "perSecond",
          ratios: overFirst(names),
        },
      ];
    }),
};
