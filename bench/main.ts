/** The benchmark: ZooKeeper and zetcd side by side in one run. See README.md beside it. */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { interruptedExitCode, interruption } from "../src/interruption.ts";
import type { Section } from "./bench.ts";
import { curves } from "./curves.ts";
import { type Options, parseOptions } from "./options.ts";
import { describe, type Head, hasGap, type Result } from "./result.ts";
import { cpu } from "./sections/cpu.ts";
import { crossChecked } from "./sections/cross-check.ts";
import { etcdMembers } from "./sections/etcd-members.ts";
import { fuzz } from "./sections/fuzz.ts";
import { mixed } from "./sections/mixed.ts";
import { multi } from "./sections/multi.ts";
import { proxies } from "./sections/proxies.ts";
import { startUp } from "./sections/start-up.ts";
import { throughput } from "./sections/throughput.ts";
import { watchFanout } from "./sections/watch-fanout.ts";
import { table } from "./table.ts";

/** All there is, in the order of the report. */
const sections: readonly Section[] = [
  ...[throughput, cpu, mixed, multi, watchFanout],
  ...[startUp, proxies, etcdMembers, crossChecked, fuzz],
];

const exitCodes = { done: 0, someFailed: 1, interrupted: interruptedExitCode, badArguments: 254 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseOptions(argv, Object.fromEntries(sections.map(({ name, about }) => [name, about])));
  if (parsed.is === "say") {
    process.stdout.write(parsed.text);
    return exitCodes.done;
  }
  if (parsed.is === "bad") {
    note(`bench: ${parsed.line}`);
    return exitCodes.badArguments;
  }
  return bench(parsed.options);
}

/** Runs the sections one after the other; each has servers of its own. What was measured before an interruption is kept. */
async function bench(options: Options): Promise<number> {
  // Whoever asks twice does not want to wait; the servers die with us.
  const signal = interruption(() => note("stopping the servers; once more to leave at once"));
  const head = machine(options);
  const results: Result[] = [];
  process.stdout.write(`${describe(head)}\n`);
  try {
    for (const section of sections) {
      if (options.only.length > 0 && !options.only.includes(section.name)) continue;
      note(`section ${section.name}`);
      const found = await section.run({ ...options, signal, note });
      process.stdout.write(found.map((result) => `\n${table(result)}`).join(""));
      results.push(...found);
      if (options.out !== undefined) await keep(options.out, head, results);
    }
  } catch (cause) {
    if (cause !== signal.reason) throw cause;
    return exitCodes.interrupted;
  }
  return results.some(hasGap) ? exitCodes.someFailed : exitCodes.done;
}

/** Writes what there is so far. */
async function keep(folder: string, head: Head, results: readonly Result[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "results.json"), `${JSON.stringify({ format: 1, ...head, results }, null, 2)}\n`);
  const drawn = results.find(({ section }) => section === "throughput");
  if (drawn !== undefined) await writeFile(join(folder, "curves.svg"), curves(head, drawn));
}

/** Progress goes to stderr, so that stdout is the result. */
function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function machine({ quick, rounds }: Options): Head {
  return {
    date: `${new Date().toISOString().slice(0, 19)}Z`,
    cpus: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    stores: tmpdir(),
    quick,
    rounds,
  };
}
