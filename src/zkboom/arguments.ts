/** zkboom's command line. Pure: prints nothing, ends nothing. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { HostPort } from "../addresses.ts";
import { type NothingToRun, nothingToRun, withTwoDashes } from "../command-line.ts";
import { createFlags } from "../protocol/opcodes.ts";
import { parseServerList, serverListAdvice } from "../server-list.ts";
import type { Load } from "./load.ts";

/** How a run is told. */
export interface Telling {
  readonly precise: boolean;
  readonly json: boolean;
  /** Slices of the run's time to tell one by one. */
  readonly samples: number;
}

/** How reading went. */
export type Parsed = { readonly is: "run"; readonly load: Load; readonly telling: Telling } | NothingToRun;

/** What an operation's own arguments decide. */
type Own = Omit<Load, "endpoints" | "connections" | "total" | "rate" | "timeoutMs" | "pipeline">;

/** What the other operations' arguments decide, where an operation has none of it. */
const noneOf = { keys: [], prefix: "", keyBytes: 0, valueBytes: 0, flags: 0, readPercent: 100, batch: 1 } as const;

/** For those who name no operation, and where they learn more. */
const nameAnOperation = "name an operation: create, set, get, mixed or multi";
const help = "zkboom --help";

/** Reads the arguments behind the program's name. Flags may have one dash or two, and stand before or behind the operation. */
export function parseArguments(argv: readonly string[], version: string): Parsed {
  const said: string[] = [];
  const asked: Own[] = [];
  const program = declareProgram(version, (text) => said.push(text));
  declareOperations(program, (own) => asked.push(own));
  try {
    program.parse(withTwoDashes(program, argv), { from: "user" });
    const [own] = asked;
    if (own === undefined) return { is: "bad", line: `${nameAnOperation}; see ${help}` };
    const { endpoints, conns, total, rate, timeout, pipeline, precise, json, samples } = program.opts();
    const load = { ...own, endpoints, connections: conns, total, rate, timeoutMs: timeout, pipeline };
    return { is: "run", load, telling: { precise: precise === true, json: json === true, samples } };
  } catch (cause) {
    return nothingToRun(cause, { said, help, bare: nameAnOperation });
  }
}

function declareProgram(version: string, write: (text: string) => void): Command {
  return new Command("zkboom")
    .description("Puts a ZooKeeper, or a server that speaks like one, under load and measures it.")
    .usage("[flags] create|set|get|mixed|multi [flags]")
    .addOption(
      new Option("--endpoints <list>", "servers, taken in turn")
        .argParser(endpoints)
        .default(endpoints("127.0.0.1:2181"), "127.0.0.1:2181"),
    )
    .option("--conns <n>", "connections", atLeast(1), 1)
    .option("--total <n>", "requests", atLeast(1), 10_000)
    .option("--rate <n>", "requests per second at most, 0 for no limit", atLeast(0), 0)
    .option("--pipeline <n>", "requests that a connection may have in flight", atLeast(1), 1)
    .option("--timeout <ms>", "session timeout, and the longest wait for a reply", atLeast(1), 5_000)
    .option("--samples <n>", "report so many slices of time one by one", atLeast(0), 0)
    .option("--precise", "print all digits")
    .option("--json", "print one JSON document")
    .version(version, "--version", "print the version of zkboom")
    .helpOption("--help", "print this")
    .helpCommand(false)
    .addHelpText(
      "after",
      [
        "",
        "Exit codes: 0 done, 1 some requests failed, 130 interrupted (what was measured is told), 254 bad arguments,",
        "255 no server, or all connections lost.",
      ].join("\n"),
    )
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined });
}

function declareOperations(program: Command, ask: (own: Own) => void): void {
  const operation = (usage: string, about: string) =>
    program.command(usage).description(about).helpOption("--help", "print this").allowExcessArguments(false);
  operation("create", "create znodes: the prefix, then a number")
    .option("--prefix <path>", "what paths begin with; its parent must be there", pathFrom, "/k-")
    .option("--key-size <bytes>", "length of the paths, if the numbers fit", atLeast(2), 8)
    .option("--val-size <bytes>", "data of each znode", atLeast(0), 8)
    .option("--sequential", "let the server number them")
    .option("--ephemeral", "let them go with their sessions")
    .action(({ prefix, keySize, valSize, sequential, ephemeral }) => {
      const kind = ephemeral ? (sequential ? "ephemeralSequential" : "ephemeral") : undefined;
      const flags = createFlags[kind ?? (sequential ? "persistentSequential" : "persistent")];
      ask({ ...noneOf, op: "create", prefix, keyBytes: keySize, valueBytes: valSize, flags });
    });
  operation("multi", "create znodes as create does, several in each request, all of them or none")
    .option("--size <n>", "creates in a request", atLeast(1), 10)
    .option("--prefix <path>", "what paths begin with; its parent must be there", pathFrom, "/k-")
    .option("--key-size <bytes>", "length of the paths, if the numbers fit", atLeast(2), 8)
    .option("--val-size <bytes>", "data of each znode", atLeast(0), 8)
    .action(({ size, prefix, keySize, valSize }) =>
      ask({ ...noneOf, op: "multi", prefix, keyBytes: keySize, valueBytes: valSize, batch: size }),
    );
  const onKeys = (op: Keyed, about: string) =>
    operation(`${op} [paths...]`, about).option(
      "--key <path>",
      "a znode; may be repeated, the requests take turns",
      appendPath,
      [],
    );
  onKeys("set", "set the data of znodes that are there")
    .option("--val-size <bytes>", "data of each znode", atLeast(0), 8)
    .action((paths: string[], { key, valSize }) => ask({ ...keyed("set", [...paths, ...key]), valueBytes: valSize }));
  onKeys("get", "get the data of znodes that are there").action((paths: string[], { key }) =>
    ask(keyed("get", [...paths, ...key])),
  );
  onKeys("mixed", "get the data of znodes that are there, and set it now and then")
    .option("--reads <percent>", "how many requests of 100 are gets", percent, 90)
    .option("--val-size <bytes>", "data of each znode", atLeast(0), 8)
    .action((paths: string[], { key, reads, valSize }) =>
      ask({ ...keyed("mixed", [...paths, ...key]), readPercent: reads, valueBytes: valSize }),
    );
}

/** Operations on znodes that are there. */
type Keyed = "set" | "get" | "mixed";

function keyed(op: Keyed, keys: readonly string[]): Own {
  const [first] = keys.map(pathFrom);
  if (first === undefined) throw new InvalidArgumentError(`name a znode with --key, like zkboom ${op} --key /k`);
  if (keys.some((key) => Buffer.byteLength(key) !== Buffer.byteLength(first)))
    throw new InvalidArgumentError("keys must be of one length, so that each request costs the same");
  return { ...noneOf, op, keys };
}

function percent(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 0 to 100.");
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= 0x7fffffff) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least}.`);
  };
}

function endpoints(list: string): HostPort[] {
  const servers = parseServerList(list);
  if (servers === undefined) throw new InvalidArgumentError(serverListAdvice);
  return servers;
}

function pathFrom(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text)) return text;
  throw new InvalidArgumentError("It is a path of ASCII characters, like /k-.");
}

const appendPath = (text: string, before: readonly string[]): string[] => [...before, pathFrom(text)];
