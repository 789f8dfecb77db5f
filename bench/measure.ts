/** One measurement: zkboom as a process of its own, so that nothing here takes part in it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Summary } from "../src/zkboom/summary.ts";
import { type Contender, createZnodes } from "./contenders.ts";
import { type Workload, workloadName } from "./workloads.ts";

const zkboom = fileURLToPath(new URL("../bin/zkboom", import.meta.url));

/** A measurement that did not come about, or in which requests failed. */
export class Spoiled extends Error {}

/** Size of values in bytes, and of paths. */
const valueBytes = 100;
const keyBytes = 24;

/** The znodes that sets and gets go to, in turn. */
const targets = Array.from({ length: 100 }, (_, i) => `/bench/t${String(i).padStart(2, "0")}`);

let runs = 0;

/** Runs one workload. Creates go below a parent of their own. Throws {@link Spoiled}. */
export async function measure(contender: Contender, workload: Workload): Promise<Summary> {
  const parent = `/bench/r${++runs}`;
  await createZnodes(contender, ["/bench", ...(workload.op === "create" ? [parent] : targets)]);
  const sizes = ["--val-size", String(valueBytes)];
  const own = {
    create: ["create", "--prefix", `${parent}/`, "--key-size", String(keyBytes), ...sizes],
    set: ["set", ...targets, ...sizes],
    get: ["get", ...targets],
  };
  const flags = {
    endpoints: `${contender.host}:${contender.port}`,
    conns: workload.connections,
    total: workload.total,
    pipeline: workload.pipeline,
    timeout: 30_000,
  };
  const argv = [
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    "--json",
    ...own[workload.op],
  ];
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    execFile(zkboom, argv, { maxBuffer: 1 << 24 }, (_error, out, err) => resolve({ out, err }));
  });
  if (out === "") throw new Spoiled(err.trim());
  const summary = JSON.parse(out) as Summary;
  if (summary.succeeded < workload.total)
    throw new Spoiled(`${contender.name}, ${workloadName(workload)}: ${JSON.stringify(summary.errors)}`);
  return summary;
}
