/** zkboom: a load tool for ZooKeeper and for servers that speak like it. */
import { packageVersion } from "./command-line.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { parseArguments, type Telling } from "./zkboom/arguments.ts";
import type { Load } from "./zkboom/load.ts";
import { report } from "./zkboom/report.ts";
import { NoConnection, run } from "./zkboom/run.ts";
import { summarize } from "./zkboom/summary.ts";

const exitCodes = {
  done: 0,
  failed: 1,
  interrupted: interruptedExitCode,
  badArguments: 254,
  unreachable: 255,
} as const;

process.exitCode = await main(process.argv.slice(2));

/** Reads the arguments, runs the load, tells it, and answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv, packageVersion());
  if (parsed.is === "say") {
    process.stdout.write(parsed.text);
    return exitCodes.done;
  }
  if (parsed.is === "bad") return complain(parsed.line, exitCodes.badArguments);
  try {
    return await measure(parsed.load, parsed.telling);
  } catch (cause) {
    if (!(cause instanceof NoConnection)) throw cause;
    return complain(
      `no session (${cause.message}); start a server, or name others with --endpoints`,
      exitCodes.unreachable,
    );
  }
}

async function measure(load: Load, telling: Telling): Promise<number> {
  const measured = await run(load, interruption());
  const summary = summarize(measured, telling.samples);
  const { op, connections, pipeline, total } = load;
  if (telling.json) process.stdout.write(`${JSON.stringify({ op, connections, pipeline, total, ...summary })}\n`);
  else process.stdout.write(report(summary, telling));
  if (measured.ended === "lost") return complain("all connections were lost before the end", exitCodes.unreachable);
  if (measured.ended === "interrupted") return complain("interrupted before the end", exitCodes.interrupted);
  return measured.errors.size > 0 ? exitCodes.failed : exitCodes.done;
}

/** One line on stderr that says what to do. */
function complain(line: string, exitCode: number): number {
  process.stderr.write(`zkboom: ${line}\n`);
  return exitCode;
}
