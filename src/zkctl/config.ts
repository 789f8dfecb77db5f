/** `config` and `reconfig`: the members of the ensemble. The answers are the server's. Source: GetConfigCommand, ReconfigCommand, ConfigUtils (3.9). */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { Int64 } from "../jute/int64.ts";
import { canonicalInt64 } from "../jute/int64.ts";
import { type Answer, dataJson, statJson, statLines } from "./print.ts";
import type { Session } from "./session.ts";
import type { Ask, Verb } from "./verb.ts";

/** Shows the configuration, or with `clientsOnly` its version and where clients connect. */
export interface ConfigJob {
  readonly verb: "config";
  readonly clientsOnly: boolean;
  readonly withStat: boolean;
  readonly watch: boolean;
}

/** Changes it: joining and leaving servers, or all members anew. */
export interface ReconfigJob {
  readonly verb: "reconfig";
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly members: string | null;
  /** Only while this is the configuration's version; −1 for any. */
  readonly version: Int64;
  readonly withStat: boolean;
}

const configPath = "/zookeeper/config";

/** Adds config and reconfig. */
export function declareConfig(verb: Verb, ask: Ask): void {
  verb("config", "print the ensemble's members")
    .option("-c, --clients", "only the version and where clients connect")
    .option("-s, --stat", "and the Stat")
    .option("-w, --watch", "then wait for one change and print it")
    .action(({ clients, stat, watch }) =>
      ask({ verb: "config", clientsOnly: clients === true, withStat: stat === true, watch: watch === true }),
    );
  const list = (text: string, before: string | undefined) => (before === undefined ? text : `${before},${text}`);
  verb("reconfig", "change the ensemble's members (--add and --remove, or all anew)")
    .option("-a, --add <server>", "like server.4=host:2888:3888;2181; may be repeated", list)
    .option("-r, --remove <ids>", "like 4,5", list)
    .option("-m, --members <servers>", "all members, like server.1=...,server.2=...")
    .option("-f, --file <file>", "all members, one a line")
    .option("-v, --config-version <hex>", "only while the configuration has this version", versionFrom, -1)
    .option("-s, --stat", "print the Stat")
    .action(({ add, remove, members, file, configVersion, stat }) => {
      const isAnew = members !== undefined || file !== undefined;
      const isStepwise = add !== undefined || remove !== undefined;
      if (isAnew === isStepwise || (members !== undefined && file !== undefined))
        throw new InvalidArgumentError("reconfig wants --add and --remove, or --members, or --file");
      ask({
        ...{ verb: "reconfig", joining: add ?? null, leaving: remove ?? null },
        members: file === undefined ? (members ?? null) : membersOf(file),
        ...{ version: configVersion, withStat: stat === true },
      });
    });
}

function versionFrom(text: string): Int64 {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) throw new InvalidArgumentError("It is a number in hex, as config prints it.");
  return canonicalInt64(BigInt(`0x${text}`));
}

function membersOf(file: string): string {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines
      .map((line) => line.trim())
      .filter((line) => line.startsWith("server."))
      .join(",");
  } catch (cause) {
    throw new InvalidArgumentError(`cannot read ${file}: ${(cause as Error).message}`);
  }
}

/** The configuration as the server keeps it. Throws `ServerRefused`. */
export async function config(job: ConfigJob, session: Session): Promise<Answer> {
  const { data, stat } = await session.ask("getData", { path: configPath, watch: job.watch }, configPath);
  const text = data === null ? "" : Buffer.from(data).toString();
  const lines = job.withStat ? statLines(stat) : [];
  if (job.clientsOnly) {
    const clients = clientsOf(text);
    return { text: [`${clients.version} ${clients.servers.join(",")}`, ...lines], json: { ...clients } };
  }
  return { text: [text, ...lines], json: { path: configPath, ...dataJson(data), stat: statJson(stat) } };
}

/** The version, in hex, and the client addresses of `server.N=...;address` lines; empty for a server that stands alone. */
export function clientsOf(text: string): { readonly version: string; readonly servers: readonly string[] } {
  const lines = text.split("\n").map((line) => line.trim());
  const version = lines.flatMap((line) => /^version=(.*)$/.exec(line)?.[1] ?? [])[0] ?? "";
  return { version, servers: lines.flatMap((line) => /^server\.[^=]*=.*;(.+)$/.exec(line)?.[1] ?? []) };
}

/** The new configuration. Throws `ServerRefused`: RECONFIGDISABLED, NEWCONFIGNOQUORUM and others. */
export async function reconfig(job: ReconfigJob, session: Session): Promise<Answer> {
  const { joining, leaving, members, version } = job;
  const { data, stat } = await session.ask(
    "reconfig",
    { joiningServers: joining, leavingServers: leaving, newMembers: members, curConfigId: version },
    "the ensemble",
  );
  const lines = job.withStat ? statLines(stat) : [];
  return { text: [data ?? "", ...lines], json: { path: configPath, ...dataJson(data), stat: statJson(stat) } };
}
