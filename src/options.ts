/** The server's flags and environment, judged and put into one frozen object. Pure: reads no file, prints nothing, ends nothing. */
import { CommanderError } from "commander";
import { type HostPort, parseEndpoints, parseHostPort } from "./addresses.ts";
import { BadOption, declareFlags, type Flags, fromEnvironment, withTwoDashes, type ZooKeeperVersion } from "./flags.ts";
import type { LogLevel } from "./logger.ts";
import { parseWhitelist, supportedWords, type WordWhitelist } from "./server/four-letter-words.ts";

/** An etcd cluster: URLs of its members, and files in PEM for TLS. */
export interface EtcdAddress {
  readonly endpoints: readonly string[];
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What stands behind the client port. */
export type Mode =
  | { readonly is: "proxy"; readonly etcd: EtcdAddress }
  | { readonly is: "bridge"; readonly zookeeper: HostPort }
  | {
      readonly is: "crosscheck";
      readonly etcd: EtcdAddress;
      readonly zookeeper: HostPort;
      readonly answerFrom: "candidate" | "oracle";
      readonly serial: boolean;
      readonly reportDir?: string;
      readonly reportAt?: HostPort;
      readonly reveal: boolean;
      readonly knownFile?: string;
    };

/** Everything a user may set. */
export interface Options {
  readonly listen: HostPort;
  readonly mode: Mode;
  /** Key prefix in etcd, `/` at the front and none at the end. */
  readonly prefix: string;
  readonly zkVersion: ZooKeeperVersion;
  readonly extendedTypes: boolean;
  readonly superDigest: string | undefined;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly connectionsPerAddressMax: number;
  readonly frameBytesMax: number;
  readonly words: WordWhitelist;
  readonly logLevel: LogLevel;
}

/** How reading went: `say` is help or version for stdout, `bad` one line for stderr. */
export type Parsed =
  | { readonly is: "run"; readonly options: Options }
  | { readonly is: "say"; readonly text: string }
  | { readonly is: "bad"; readonly line: string };

/** Reads arguments (without the program's name) over the environment's `ZETCD_*` twins. Flags may have one dash or two. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  version: string,
): Parsed {
  const said: string[] = [];
  const command = declareFlags(version, (text) => said.push(text));
  try {
    const flags = command.parse([...fromEnvironment(command, env), ...argv.map(withTwoDashes(command))], {
      from: "user",
    });
    return { is: "run", options: freeze(judge(flags.opts<Flags>())) };
  } catch (cause) {
    if (cause instanceof BadOption) return { is: "bad", line: cause.message };
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return { is: "say", text: said.join("") };
    return { is: "bad", line: `${cause.message.replace(/^error: /, "").replaceAll("\n", " ")}; see zetcd --help` };
  }
}

function judge(flags: Flags): Options {
  const tickTimeMs = wholeNumber("--tick-time", flags.tickTime, { min: 1 });
  const minSessionTimeoutMs = wholeNumber("--min-session-timeout", flags.minSessionTimeout ?? 2 * tickTimeMs, {
    min: 1,
  });
  const maxSessionTimeoutMs = wholeNumber("--max-session-timeout", flags.maxSessionTimeout ?? 20 * tickTimeMs, {
    min: 1,
  });
  if (minSessionTimeoutMs > maxSessionTimeoutMs)
    throw new BadOption(
      `--min-session-timeout ${minSessionTimeoutMs} is above --max-session-timeout ${maxSessionTimeoutMs}; swap or change them`,
    );
  return {
    listen: hostPort("--zkaddr", flags.zkaddr),
    mode: judgeMode(flags),
    prefix: keyPrefix(flags.prefix),
    zkVersion: flags.zkVersion,
    extendedTypes: flags.extendedTypes ?? false,
    superDigest: flags.superDigest,
    tickTimeMs,
    minSessionTimeoutMs,
    maxSessionTimeoutMs,
    connectionsPerAddressMax: wholeNumber("--max-client-cnxns", flags.maxClientCnxns, { min: 0 }),
    frameBytesMax: wholeNumber("--jute-maxbuffer", flags.juteMaxbuffer, { min: 64 }),
    words: whitelist(flags.fourLetterWords),
    logLevel: flags.logLevel,
  };
}

function judgeMode(flags: Flags): Mode {
  const { debugZkbridge, debugOracle } = flags;
  const etcd = flags.endpoints === undefined ? undefined : etcdAddress(flags, flags.endpoints);
  const zookeeper = debugZkbridge === undefined ? undefined : hostPort("--debug-zkbridge", debugZkbridge);
  if (etcd === undefined) {
    const stray = (["certfile", "keyfile", "cafile"] as const).find((name) => flags[name] !== undefined);
    if (stray !== undefined && zookeeper !== undefined)
      throw new BadOption(`--${stray} is for etcd: give --endpoints, or leave it out`);
  }
  if (etcd !== undefined && zookeeper !== undefined) {
    if (debugOracle === undefined)
      throw new BadOption(
        "--endpoints and --debug-zkbridge together are a cross-check: say --debug-oracle zk or --debug-oracle etcd, or leave one out",
      );
    return {
      is: "crosscheck",
      etcd,
      zookeeper,
      answerFrom: debugOracle === "zk" ? "oracle" : "candidate",
      serial: flags.debugSerial ?? false,
      reveal: flags.reveal ?? false,
      ...(flags.reportDir === undefined ? {} : { reportDir: flags.reportDir }),
      ...(flags.reportAddr === undefined ? {} : { reportAt: hostPort("--report-addr", flags.reportAddr) }),
      ...(flags.known === undefined ? {} : { knownFile: flags.known }),
    };
  }
  const stray = (["debugOracle", "debugSerial", "reportDir", "reportAddr", "reveal", "known"] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (stray !== undefined)
    throw new BadOption(
      `${dashed(stray)} is for a cross-check: give both --endpoints and --debug-zkbridge, or leave it out`,
    );
  if (etcd !== undefined) return { is: "proxy", etcd };
  if (zookeeper !== undefined) return { is: "bridge", zookeeper };
  throw new BadOption(
    "nothing to serve: give --endpoints HOST:PORT[,...] for etcd, or --debug-zkbridge HOST:PORT for ZooKeeper",
  );
}

function etcdAddress(flags: Flags, list: string): EtcdAddress {
  const { cafile, certfile, keyfile } = flags;
  if ((certfile === undefined) !== (keyfile === undefined))
    throw new BadOption("--certfile and --keyfile belong together: give both, or neither");
  const scheme = cafile !== undefined || certfile !== undefined ? "https" : "http";
  const endpoints = parseEndpoints(list, scheme);
  if (endpoints.is === "bad") throw new BadOption(`--endpoints: ${endpoints.why}`);
  return {
    endpoints: endpoints.urls,
    ...(cafile === undefined ? {} : { caFile: cafile }),
    ...(certfile === undefined ? {} : { certFile: certfile }),
    ...(keyfile === undefined ? {} : { keyFile: keyfile }),
  };
}

const dashed = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function hostPort(flag: string, text: string): HostPort {
  const address = parseHostPort(text);
  if (address === undefined)
    throw new BadOption(`${flag} is HOST:PORT, like 127.0.0.1:2181, not ${JSON.stringify(text)}`);
  return address;
}

/** Decimal or 0x-hexadecimal, up to what a signed 32-bit integer holds. */
function wholeNumber(flag: string, text: string | number, { min }: { readonly min: number }): number {
  const value = /^(0x[\da-f]+|\d+)$/i.test(String(text)) ? Number(text) : Number.NaN;
  if (value >= min && value <= 0x7fffffff) return value;
  throw new BadOption(`${flag} is a whole number from ${min} to 2147483647, not ${JSON.stringify(String(text))}`);
}

function keyPrefix(text: string): string {
  const prefix = text.replace(/\/+$/, "");
  if (/^\/[\x21-\x7e]+$/.test(prefix)) return prefix;
  throw new BadOption(`--prefix is a path like /zetcd, not ${JSON.stringify(text)}`);
}

function whitelist(list: string): WordWhitelist {
  const words = parseWhitelist(list);
  const unknown = words === "*" ? undefined : [...words].find((word) => !supportedWords.includes(word));
  if (unknown === undefined) return words;
  throw new BadOption(
    `--four-letter-words knows no ${JSON.stringify(unknown)}; it takes * or any of ${supportedWords.join(",")}`,
  );
}

function freeze(options: Options): Options {
  Object.freeze(options.mode);
  return Object.freeze(options);
}
