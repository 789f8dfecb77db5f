/** The price of certainty: every request is answered by both servers and compared. */
import { loadMeasures, type Section, sideBySide, warm, withContenders } from "../bench.ts";
import { crossCheck } from "../contenders.ts";
import { overFirst } from "../result.ts";
import { crossCheckWorkloads } from "../workloads.ts";

export const crossChecked: Section = {
  name: "cross-check",
  about: "zetcd in cross-check mode, at 50 connections",
  run: (bench) =>
    withContenders(bench, [crossCheck], async ([reference, checked]) => {
      const contenders = checked === undefined ? [reference] : [reference, checked];
      await warm(bench, contenders);
      const names = contenders.map(({ name }) => name);
      return [
        {
          section: "cross-check",
          title: "Cross-check",
          about: contenders.map(({ about }) => about),
          contenders: names,
          measures: loadMeasures,
          rows: await sideBySide(bench, contenders, crossCheckWorkloads(bench)),
          ratioOf: "perSecond",
          ratios: overFirst(names),
        },
      ];
    }),
};
