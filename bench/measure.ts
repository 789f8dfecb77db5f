/** One measurement: zkboom as a process of its own, so that nothing here takes part in it. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { printHostPort } from "../src/addresses.ts";
import type { Summary } from "../src/zkboom/summary.ts";
import type { Contender } from "./contenders.ts";
import { type Workload, workloadName } from "./workloads.ts";
import { createZnodes } from "./znodes.ts";

const zkboom = fileURLToPath(new URL("../bin/zkboom", import.meta.url));

/** A measurement that did not come about, or in which requests failed. */
export class Spoiled extends Error {}

/** How long a load goes on before another one is measured beside it, ms: until all its connections are open and busy. */
const headStartMs = 1_000;

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

/** How many requests are sent, and how. */
export type Load = Pick<Workload, "connections" | "pipeline" | "total">;

/** Runs one workload as {@link prepare} says. Throws {@link Spoiled}, or the signal's reason. */
export async function measure(
  contender: Contender,
  load: Load,
  own: readonly string[],
  signal: AbortSignal,
): Promise<Summary> {
  const summary = await startLoad(contender, load, own, signal).summary;
  if (summary.succeeded < load.total) throw new Spoiled(`requests failed: ${JSON.stringify(summary.errors)}`);
  return summary;
}

/** Measures one workload while another one goes on, for as long as it takes; answers the summaries of both. Throws {@link Spoiled}, or the signal's
 *  reason. */
export async function measureBeside(
  contender: Contender,
  { load, beside }: Record<"load" | "beside", { readonly load: Load; readonly own: readonly string[] }>,
  signal: AbortSignal,
): Promise<{ readonly summary: Summary; readonly beside: Summary }> {
  const other = startLoad(contender, beside.load, beside.own, signal);
  const [measured, ended] = await Promise.allSettled([
    sleep(headStartMs, undefined, { signal })
      .then(() => measure(contender, load.load, load.own, signal))
      .finally(() => other.interrupt()),
    other.summary,
  ]);
  signal.throwIfAborted();
  if (measured.status === "rejected") throw measured.reason;
  if (ended.status === "rejected") throw ended.reason;
  if (Object.keys(ended.value.errors).length > 0)
    throw new Spoiled(`requests beside it failed: ${JSON.stringify(ended.value.errors)}`);
  if (ended.value.succeeded === beside.load.total) throw new Spoiled("what went on beside it was over too soon");
  return { summary: measured.value, beside: ended.value };
}

/** Starts a load; an interrupted one tells what it has measured. */
function startLoad(contender: Contender, workload: Load, own: readonly string[], signal: AbortSignal) {
  const flags = {
    endpoints: contender.addresses.map((address) => printHostPort(address)).join(","),
    conns: workload.connections,
    total: workload.total,
    pipeline: workload.pipeline,
    timeout: 30_000,
  };
  const argv = [...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]), "--json", ...own];
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<{ out: string; err: string }>();
  const child = execFile(zkboom, argv, { maxBuffer: 1 << 24, signal }, (_error, out, err) => resolve({ out, err }));
  const summary = promise.then(({ out, err }) => {
    signal.throwIfAborted();
    if (out === "") throw new Spoiled(err.trim());
    return JSON.parse(out) as Summary;
  });
  return { summary, interrupt: () => void child.kill("SIGINT") };
}

/** For lines of progress. */
export const attemptName = (contender: Contender, workload: Workload): string =>
  `${contender.name}: ${workloadName(workload)}`;
