/** Several creates in one request, all of them or none. */
import { loadTable, type Section, withContenders } from "../bench.ts";
import { multiWorkloads } from "../workloads.ts";
import { peers } from "./throughput.ts";

export const multi: Section = {
  name: "multi",
  about: "ten creates in each multi",
  run: (bench) => {
    const title = "Multi: requests, each of ten creates";
    const table = { section: "multi", title, workloads: multiWorkloads(bench) };
    return withContenders(bench, peers(bench), (contenders) => loadTable(bench, contenders, table));
  },
};
