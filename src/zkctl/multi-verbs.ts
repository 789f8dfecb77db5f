/** The command line of `multi`, and the lines that are its operations. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { createFlags } from "../protocol/opcodes.ts";
import { wholeNumber } from "./argument-values.ts";
import type { Job } from "./job.ts";
import type { Operation } from "./transaction.ts";
import type { Ask, Verb } from "./verb.ts";
import { wordsOf } from "./words.ts";
import { declareTransactional } from "./write-verbs.ts";

/** Does all operations or none; `stdin`: those that stand there, one a line. */
export interface MultiJob {
  readonly verb: "multi";
  readonly operations: readonly Operation[] | "stdin";
}

/** Adds the command, under both names. */
export function declareMulti(verb: Verb, ask: Ask): void {
  verb("multi [operation...]", "do all operations or none: those given, or those of stdin, one a line")
    .alias("transaction")
    .addHelpText(
      "after",
      `
Operations, with the flags that the commands have:
  create /a data
  set /a data [version]
  delete /a [version]
  check /a version`,
    )
    .action((lines: string[]) =>
      ask({ verb: "multi", operations: lines.length === 0 ? "stdin" : parseOperations(lines) }),
    );
}

/** Reads one operation a line; empty lines and those that begin with # are none. Throws `InvalidArgumentError`. */
export function parseOperations(lines: readonly string[]): Operation[] {
  const operations = lines.flatMap((line, index) => {
    const words = wordsOf(line);
    if (words === undefined) throw new InvalidArgumentError(`operation ${index + 1}: a quote has no end`);
    return words.length === 0 || line.trimStart().startsWith("#") ? [] : [operationOf(words, index + 1)];
  });
  if (operations.length === 0) throw new InvalidArgumentError("multi wants operations, like create /a data");
  return operations;
}

function operationOf(words: readonly string[], number: number): Operation {
  const found: Operation[] = [];
  const program = new Command("multi")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  const verb: Verb = (usage) => program.command(usage).helpOption(false).allowExcessArguments(false);
  declareTransactional(verb, (job) => found.push(operationFrom(job)));
  verb("check <path> <version>", "").action((path: string, text: string) => {
    found.push({ op: "check", path, body: { path, version: wholeNumber(text) } });
  });
  try {
    program.parse(words, { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    throw new InvalidArgumentError(`operation ${number}: ${cause.message.replace(/^error: /, "")}`);
  }
  const [operation] = found;
  if (operation === undefined) throw new InvalidArgumentError(`operation ${number}: not create, set, delete or check`);
  return operation;
}

function operationFrom(job: Job): Operation {
  if (job.verb === "delete") return { op: "delete", path: job.path, body: { path: job.path, version: job.version } };
  if (job.verb === "set") {
    const { path, data, version } = job;
    return { op: "setData", path, body: { path, data, version } };
  }
  if (job.verb !== "create") throw new InvalidArgumentError(`a multi has no ${job.verb}`);
  if (job.hold) throw new InvalidArgumentError("a multi has no --hold");
  const { path, data, acl, flags, ttlMs } = job;
  if (ttlMs !== undefined) return { op: "createTTL", path, body: { path, data, acl, flags, ttl: ttlMs } };
  const op = flags === createFlags.container ? "createContainer" : "create";
  return { op, path, body: { path, data, acl, flags } };
}
