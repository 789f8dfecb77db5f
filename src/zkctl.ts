/** zkctl: a small command line client for ZooKeeper and for servers that speak like it. */
import { InvalidArgumentError } from "commander";
import { packageVersion } from "./command-line.ts";
import { parseArguments } from "./zkctl/arguments.ts";
import type { Answer } from "./zkctl/print.ts";
import { run } from "./zkctl/run.ts";
import { NotPossible, ServerRefused, Unreachable } from "./zkctl/session.ts";

const exitCodes = { done: 0, refused: 1, badArguments: 254, unreachable: 255 } as const;

// Nobody reads on, as in `zkctl ls -R | head`: there is nothing left to do.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (cause.code === "EPIPE") process.exit(exitCodes.done);
  throw cause;
});
process.exitCode = await main(process.argv.slice(2));

/** Reads the arguments, does the job, and answers the exit code: 1 as soon as one answer is a refusal. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv, packageVersion());
  if (parsed.is === "say") {
    process.stdout.write(parsed.text);
    return exitCodes.done;
  }
  if (parsed.is === "bad") return complain(parsed.line, exitCodes.badArguments);
  let exitCode: number = exitCodes.done;
  const print = ({ text, json, refused }: Answer): void => {
    if (parsed.settings.json) process.stdout.write(`${JSON.stringify(json)}\n`);
    else for (const part of text) process.stdout.write(Buffer.concat([Buffer.from(part), Buffer.from("\n")]));
    if (refused === undefined) return;
    exitCode = exitCodes.refused;
    if (refused !== "") complain(refused, exitCode);
  };
  try {
    await run(parsed.job, parsed.settings, print);
    return exitCode;
  } catch (cause) {
    if (cause instanceof ServerRefused || cause instanceof NotPossible)
      return complain(cause.message, exitCodes.refused);
    if (cause instanceof Unreachable) return complain(cause.message, exitCodes.unreachable);
    if (cause instanceof InvalidArgumentError) return complain(cause.message, exitCodes.badArguments);
    throw cause;
  }
}

/** One line on stderr that says what to do. */
function complain(line: string, exitCode: number): number {
  process.stderr.write(`zkctl: ${line}\n`);
  return exitCode;
}
