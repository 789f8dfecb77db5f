/** zkctl's command line. Pure: prints nothing, ends nothing. */
import { Command, CommanderError, Option } from "commander";
import { withTwoDashes } from "../dashes.ts";
import { openAcl } from "./acl-text.ts";
import { aclFrom, appendCredential, createMode, dataFrom, endpointsFrom, wholeNumber } from "./argument-values.ts";
import type { Job, Settings } from "./job.ts";

/** How reading went: `say` is help or version for stdout, `bad` one line for stderr. */
export type Parsed =
  | { readonly is: "run"; readonly job: Job; readonly settings: Settings }
  | { readonly is: "say"; readonly text: string }
  | { readonly is: "bad"; readonly line: string };

/** Reads the arguments behind the program's name. Flags may have one dash or two, and stand before or behind the command. */
export function parseArguments(argv: readonly string[], version: string): Parsed {
  const said: string[] = [];
  const jobs: Job[] = [];
  const program = declareProgram(version, (text) => said.push(text));
  declareVerbs(program, (job) => jobs.push(job));
  const flags = [program, ...program.commands].flatMap((command) => command.options.map(({ long }) => long ?? ""));
  try {
    program.parse(withTwoDashes([...flags, "--help"], argv), { from: "user" });
    const [job] = jobs;
    if (job === undefined) return { is: "bad", line: "name a command; see zkctl --help" };
    const { endpoints, timeout, connectWait, auth, json } = program.opts();
    return {
      is: "run",
      job,
      settings: { endpoints, timeoutMs: timeout, connectWaitMs: connectWait, credentials: auth, json: json === true },
    };
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return { is: "say", text: said.join("") };
    if (cause.code === "commander.help") return { is: "bad", line: "name a command; see zkctl --help" };
    return { is: "bad", line: `${cause.message.replace(/^error: /, "").replaceAll("\n", " ")}; see zkctl --help` };
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

const versionFlag = "-v, --data-version <n>";

function declareVerbs(program: Command, ask: (job: Job) => void): void {
  const verb = (usage: string, about: string) =>
    program.command(usage).description(about).helpOption("--help", "print this").allowExcessArguments(false);

  verb("create <path> [value]", "create a znode and print its path")
    .option("-e, --ephemeral", "gone with its session, which ends --timeout after zkctl does, unless --hold is given")
    .option("-s, --sequential", "append a number that counts up")
    .option("--sequence", "the same")
    .option("-c, --container", "gone after its last child (3.5.1 or newer)")
    .option("-t, --ttl <ms>", "gone when left alone for so long (3.5.3 or newer, if allowed there)", wholeNumber)
    .option("--acl <list>", "access control list, like world:anyone:cdrwa,digest:joe:HASH:r", aclFrom, openAcl)
    .option("--hold", "keep the session until interrupted")
    .action((path: string, value: string | undefined, flags) =>
      ask({
        ...{ verb: "create", path, data: dataFrom(value), acl: flags.acl, hold: flags.hold === true },
        flags: createMode(flags),
        ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
      }),
    );
  verb("delete <path>", "delete a znode without children")
    .option(versionFlag, "only at this version of the data", wholeNumber, -1)
    .action((path: string, { dataVersion }) => ask({ verb: "delete", path, version: dataVersion }));
  verb("get <path>", "print a znode's data")
    .option("-s, --stat", "and its Stat")
    .action((path: string, { stat }) => ask({ verb: "get", path, withStat: stat === true }));
  verb("set <path> <value>", "set a znode's data")
    .option(versionFlag, "only at this version of the data", wholeNumber, -1)
    .option("-s, --stat", "print its Stat")
    .action((path: string, value: string, { dataVersion, stat }) =>
      ask({ verb: "set", path, data: dataFrom(value), version: dataVersion, withStat: stat === true }),
    );
  verb("ls [path]", "list children (default of /)")
    .option("-R, --recursive", "the znode and everything below it, by path")
    .option("-s, --stat", "and the Stat")
    .action((path: string | undefined, { recursive, stat }) =>
      ask({ verb: "ls", path: path ?? "/", recursive: recursive === true, withStat: stat === true }),
    );
  verb("watch [path]", "wait for a change of a znode or its children (default /) and print it")
    .option("-n, --count <n>", "for so many changes", wholeNumber, 1)
    .option("-f, --follow", "until interrupted")
    .option("-R, --recursive", "watch everything below too (3.6 or newer)")
    .action((path: string | undefined, { count, follow, recursive }) =>
      ask({
        ...{ verb: "watch", path: path ?? "/", recursive: recursive === true },
        events: follow === true ? Number.POSITIVE_INFINITY : count,
      }),
    );
  verb("stat <path>", "print a znode's Stat").action((path: string) => ask({ verb: "stat", path }));
  verb("exists <path>", "tell whether there is such a znode").action((path: string) => ask({ verb: "exists", path }));
  verb("getacl <path>", "print an access control list").action((path: string) => ask({ verb: "getacl", path }));
  verb("sync <path>", "wait until the server has caught up").action((path: string) => ask({ verb: "sync", path }));
  verb("setacl <path> <acl>", "replace an access control list, like world:anyone:cdrwa")
    .option("-v, --acl-version <n>", "only at this version of the list", wholeNumber, -1)
    .action((path: string, list: string, { aclVersion }) =>
      ask({ verb: "setacl", path, acl: aclFrom(list), version: aclVersion }),
    );
}
