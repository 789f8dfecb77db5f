/** One measurement: zkboom as a process of its own, so that nothing here takes part in it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { printHostPort } from "../src/addresses.ts";
import type { Summary } from "../src/zkboom/summary.ts";
import type { Contender } from "./contenders.ts";
import { type Workload, workloadName } from "./workloads.ts";
import { createZnodes } from "./znodes.ts";

const zkboom = fileURLToPath(new URL("../bin/zkboom", import.meta.url));

/** A measurement that did not come about, or in which requests failed. */
export class Spoiled extends Error {}

/** Size of values in bytes, and of paths. */
const valueBytes = 100;
const keyBytes = 24;

/** The znodes that sets and gets go to, in turn. */
const targets = Array.from({ length: 100 }, (_, i) => `/bench/t${String(i).padStart(2, "0")}`);

let runs = 0;

/** Creates what a workload needs, and answers how to run it. Creates go below a parent of their own. Throws `ServerFailed`. */
export async function prepare(contender: Contender, workload: Workload): Promise<readonly string[]> {
  const { op } = workload;
  const parent = `/bench/r${++runs}`;
  const isKeyed = op === "set" || op === "get" || op === "mixed";
  await createZnodes(contender, ["/bench", ...(isKeyed ? targets : [parent])]);
  const below = ["--prefix", `${parent}/`, "--key-size", String(keyBytes)];
  const sizes = ["--val-size", String(valueBytes)];
  const own = {
    create: [...below, ...sizes],
    multi: [...below, ...sizes, "--size", String(workload.batch)],
    set: [...(workload.isHot === true ? targets.slice(0, 1) : targets), ...sizes],
    get: targets,
    mixed: [...targets, ...sizes, "--reads", String(workload.readPercent)],
  };
  return [op, ...own[op]];
}

/** Runs one workload as {@link prepare} says. Throws {@link Spoiled}, or the signal's reason. */
export async function measure(
  contender: Contender,
  workload: Pick<Workload, "connections" | "pipeline" | "total">,
  own: readonly string[],
  signal: AbortSignal,
): Promise<Summary> {
  const flags = {
    endpoints: contender.addresses.map((address) => printHostPort(address)).join(","),
    conns: workload.connections,
    total: workload.total,
    pipeline: workload.pipeline,
    timeout: 30_000,
  };
  const argv = [...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]), "--json", ...own];
  signal.throwIfAborted();
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    execFile(zkboom, argv, { maxBuffer: 1 << 24, signal }, (_error, out, err) => resolve({ out, err }));
  });
  signal.throwIfAborted();
  if (out === "") throw new Spoiled(err.trim());
  const summary = JSON.parse(out) as Summary;
  if (summary.succeeded < workload.total) throw new Spoiled(`requests failed: ${JSON.stringify(summary.errors)}`);
  return summary;
}

/** For lines of progress. */
export const attemptName = (contender: Contender, workload: Workload): string =>
  `${contender.name}: ${workloadName(workload)}`;
