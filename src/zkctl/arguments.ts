/** zkctl's command line. Pure: prints nothing, ends nothing. */
import { Command, Option } from "commander";
import { type NothingToRun, nothingToRun, withTwoDashes } from "../command-line.ts";
import { absolutePath, appendCredential, endpointsFrom, wholeNumber } from "./argument-values.ts";
import { declareConfig } from "./config.ts";
import { declareCopies } from "./copy-verbs.ts";
import { declareDeleteAll } from "./delete-all.ts";
import type { Job, Settings } from "./job.ts";
import { declareMulti } from "./multi-verbs.ts";
import { declareQuotas } from "./quota-verbs.ts";
import { declareReads } from "./read-verbs.ts";
import { declareSessions, sessionFrom } from "./session-verbs.ts";
import type { Ask, Verb } from "./verb.ts";
import { declareWrites } from "./write-verbs.ts";

/** How reading went. */
export type Parsed = { readonly is: "run"; readonly job: Job; readonly settings: Settings } | NothingToRun;

/** For those who name no command, and where they learn more. */
const nameACommand = "name a command";
const help = "zkctl --help";

/** Reads the arguments behind the program's name. Flags may have one dash or two, and stand before or behind the command. */
export function parseArguments(argv: readonly string[], version: string): Parsed {
  const said: string[] = [];
  const jobs: Job[] = [];
  const program = declareProgram(version, (text) => said.push(text));
  declareVerbs(program, (job) => jobs.push(job));
  try {
    program.parse(withTwoDashes(program, argv), { from: "user" });
    const [job] = jobs;
    if (job === undefined) return { is: "bad", line: `${nameACommand}; see ${help}` };
    const { endpoints, timeout, connectWait, auth, json, resume } = program.opts();
    const settings = {
      endpoints,
      timeoutMs: timeout,
      connectWaitMs: connectWait,
      credentials: auth,
      json: json === true,
    };
    if (job.verb === "session" && job.action === "close" && resume === undefined)
      return { is: "bad", line: "session close wants --resume" };
    if (job.verb === "copy" && resume !== undefined)
      return { is: "bad", line: "a copy has two sessions and takes no --resume" };
    return { is: "run", job, settings: resume === undefined ? settings : { ...settings, resume } };
  } catch (cause) {
    return nothingToRun(cause, { said, help, bare: nameACommand });
  }
}

function declareProgram(version: string, write: (text: string) => void): Command {
  return new Command("zkctl")
    .description("Asks a ZooKeeper, or a server that speaks like one.")
    .usage("[flags] COMMAND [arguments]")
    .addOption(
      new Option("--endpoints <list>", "servers, tried in turn")
        .argParser(endpointsFrom)
        .default(endpointsFrom("127.0.0.1:2181"), "127.0.0.1:2181"),
    )
    .option("--timeout <ms>", "session timeout to ask for", wholeNumber, 10_000)
    .option("--connect-wait <ms>", "how long to wait for each server", wholeNumber, 5_000)
    .addOption(
      new Option("--auth <scheme:credential>", "show this first; may be repeated")
        .argParser(appendCredential)
        .default([], "none"),
    )
    .option(
      "--resume <id:password>",
      "go on with a session, as zkctl session prints it, for another --timeout",
      sessionFrom,
    )
    .option("--json", "print one JSON document per line")
    .version(version, "--version", "print the version of zkctl")
    .helpOption("--help", "print this")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Values and paths that begin with a dash stand behind a lone --.
Exit codes: 0 done, 1 the server answered with an error, 254 bad arguments, 255 no server answered.`,
    )
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined });
}

function declareVerbs(program: Command, ask: Ask): void {
  const verb: Verb = (usage, about) => {
    const command = program.command(usage).description(about).helpOption("--help", "print this");
    for (const argument of command.registeredArguments)
      if (argument.name() === "path") argument.argParser(absolutePath);
    return command.allowExcessArguments(false);
  };
  declareWrites(verb, ask);
  declareReads(verb, ask);
  declareDeleteAll(verb, ask);
  declareQuotas(verb, ask);
  declareCopies(verb, ask);
  declareMulti(verb, ask);
  declareSessions(verb, ask);
  declareConfig(verb, ask);
  verb("shell", "run commands from stdin, one a line, in one session").action(() => ask({ verb: "shell" }));
}
