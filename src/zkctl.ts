/** zkctl: a small command line client for ZooKeeper and for servers that speak like it. */
import { readFileSync } from "node:fs";
import { parseArguments } from "./zkctl/arguments.ts";
import { perform } from "./zkctl/commands.ts";
import type { Job, Settings } from "./zkctl/job.ts";
import type { Answer } from "./zkctl/print.ts";
import { NotPossible, openSession, ServerRefused, Unreachable } from "./zkctl/session.ts";
import { nextEvent, watch } from "./zkctl/watch.ts";

const exitCodes = { done: 0, refused: 1, badArguments: 254, unreachable: 255 } as const;

process.exitCode = await main(process.argv.slice(2));

/** Reads the arguments, does the job, and answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv, packageVersion());
  if (parsed.is === "say") {
    process.stdout.write(parsed.text);
    return exitCodes.done;
  }
  if (parsed.is === "bad") return complain(parsed.line, exitCodes.badArguments);
  try {
    return await run(parsed.job, parsed.settings);
  } catch (cause) {
    if (cause instanceof ServerRefused || cause instanceof NotPossible) return complain(cause.message, exitCodes.refused);
    if (cause instanceof Unreachable) return complain(cause.message, exitCodes.unreachable);
    throw cause;
  }
}

async function run(job: Job, settings: Settings): Promise<number> {
  const session = await openSession(settings);
  const print = (answer: Answer) => {
    if (settings.json) process.stdout.write(`${JSON.stringify(answer.json)}\n`);
    else for (const part of answer.text) process.stdout.write(Buffer.concat([Buffer.from(part), Buffer.from("\n")]));
  };
  let isEphemeral = false;
  try {
    if (job.verb === "watch") {
      await Promise.race([watch(job, session, print), interrupted()]);
      return exitCodes.done;
    }
    const event = nextEvent(session);
    const answer = await perform(job, session);
    print(answer);
    if ("watch" in job && job.watch) {
      const seen = await Promise.race([event, interrupted()]);
      if (seen !== undefined) print(seen);
    }
    if (job.verb === "create") {
      isEphemeral = job.flags === 1 || job.flags === 3;
      if (job.hold) await held(session);
      isEphemeral &&= !job.hold;
    }
    return answer.json.exists === false ? exitCodes.refused : exitCodes.done;
  } finally {
    await session.end({ keep: isEphemeral });
  }
}

/** Until the user has enough, or the server goes away. */
function held(session: { onClose(see: (cause: Error | undefined) => void): void }): Promise<void> {
  const lost = new Promise<never>((_resolve, reject) => {
    session.onClose((cause) => reject(new Unreachable("the server closed the connection", { cause })));
  });
  return Promise.race([interrupted(), lost]);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** One line on stderr that says what to do. */
function complain(line: string, exitCode: number): number {
  process.stderr.write(`zkctl: ${line}\n`);
  return exitCode;
}

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
