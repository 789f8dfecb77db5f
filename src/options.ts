/** The server's flags and environment, judged and put into one frozen object. Pure: reads no file, prints nothing, ends nothing. */
import { type HostPort, parseEndpoints } from "./addresses.ts";
import { type NothingToRun, nothingToRun, withTwoDashes } from "./command-line.ts";
import { BadOption, declareFlags, type Flags, fromEnvironment, type ZooKeeperVersion } from "./flags.ts";
import type { LogLevel } from "./logger.ts";
import { dashed, hostPort, keyPrefix, wholeNumber } from "./option-values.ts";
import type { Redaction } from "./recording/format.ts";
import {
  bridgeTls,
  type ClientTls,
  clientTls,
  type EtcdUser,
  etcdUser,
  requiredSchemes,
  type TlsFiles,
} from "./security-options.ts";
import { parseWhitelist, supportedWords, type WordWhitelist } from "./server/four-letter-words.ts";

/** An etcd cluster: URLs of its members, files in PEM for TLS, and who we are there. */
export interface EtcdAddress extends TlsFiles {
  readonly endpoints: readonly string[];
  readonly user?: EtcdUser;
}

/** A ZooKeeper to forward to; `tls` when it speaks TLS. */
export interface BridgeAddress extends HostPort {
  readonly tls?: TlsFiles;
}

/** What stands behind the client port. */
export type Mode =
  | { readonly is: "proxy"; readonly etcd: EtcdAddress }
  | { readonly is: "bridge"; readonly zookeeper: BridgeAddress }
  | {
      readonly is: "crosscheck";
      readonly etcd: EtcdAddress;
      readonly zookeeper: BridgeAddress;
      readonly answerFrom: "candidate" | "oracle";
      readonly serial: boolean;
      readonly reportDir?: string;
      readonly reportAt?: HostPort;
      readonly reveal: boolean;
      readonly knownFile?: string;
    };

/** Where client traffic is recorded, and what of it is replaced. */
export interface RecordingOptions {
  readonly file: string;
  readonly redaction: Redaction;
}

/** Everything a user may set. */
export interface Options {
  readonly listen: HostPort;
  readonly tls?: ClientTls;
  readonly admin?: HostPort;
  readonly saslUsersFile?: string;
  /** A client has to prove one of these before it may ask for anything (zookeeper.enforce.auth.schemes). */
  readonly requiredSchemes?: readonly string[];
  /** The certificate's subject that may do everything (zookeeper.X509AuthenticationProvider.superUser). */
  readonly superCertificate?: string;
  readonly mode: Mode;
  readonly recording?: RecordingOptions;
  /** Key prefix in etcd, `/` at the front and none at the end. */
  readonly prefix: string;
  readonly zkVersion: ZooKeeperVersion;
  readonly extendedTypes: boolean;
  /** How often containers and TTL znodes are looked at (znode.container.checkIntervalMs). */
  readonly reapIntervalMs: number;
  readonly enforceQuota: boolean;
  readonly superDigest: string | undefined;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly connectionsPerAddressMax: number;
  readonly frameBytesMax: number;
  readonly words: WordWhitelist;
  readonly logLevel: LogLevel;
}

/** How reading went. */
export type Parsed = { readonly is: "run"; readonly options: Options } | NothingToRun;

/** Reads arguments (without the program's name) over the environment's `ZETCD_*` twins. Flags may have one dash or two. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  version: string,
): Parsed {
  const said: string[] = [];
  const command = declareFlags(version, (text) => said.push(text));
  try {
    const words = [...fromEnvironment(command, env), ...withTwoDashes(command, argv)];
    const flags = command.parse(words, { from: "user" });
    return { is: "run", options: freeze(judge(flags.opts<Flags>())) };
  } catch (cause) {
    if (cause instanceof BadOption) return { is: "bad", line: cause.message };
    return nothingToRun(cause, { said, help: "zetcd --help" });
  }
}

function judge(flags: Flags): Options {
  const tls = clientTls(flags);
  const required = requiredSchemes(flags, tls);
  const recording = judgeRecording(flags);
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
    ...(tls === undefined ? {} : { tls }),
    ...(flags.adminAddr === undefined ? {} : { admin: hostPort("--admin-addr", flags.adminAddr) }),
    ...(flags.saslUsers === undefined ? {} : { saslUsersFile: flags.saslUsers }),
    ...(required === undefined ? {} : { requiredSchemes: required }),
    ...(flags.superCertificate === undefined ? {} : { superCertificate: flags.superCertificate }),
    mode: judgeMode(flags),
    ...(recording === undefined ? {} : { recording }),
    prefix: keyPrefix(flags.prefix),
    zkVersion: flags.zkVersion,
    extendedTypes: flags.extendedTypes ?? false,
    reapIntervalMs: wholeNumber("--container-check-interval", flags.containerCheckInterval, { min: 1 }),
    enforceQuota: flags.enforceQuota ?? false,
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
  const tls = bridgeTls(flags);
  const zookeeper = debugZkbridge === undefined ? undefined : bridgeAddress(debugZkbridge, tls);
  if (etcd === undefined) {
    const stray = (
      ["certfile", "keyfile", "cafile", "user", "saslUsers", "requireAuth", "superCertificate"] as const
    ).find((name) => flags[name] !== undefined);
    if (stray !== undefined && zookeeper !== undefined)
      throw new BadOption(`${dashed(stray)} is for etcd: give --endpoints, or leave it out`);
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

function judgeRecording({ record, recordRedact, recordSecrets }: Flags): RecordingOptions | undefined {
  if (record === undefined) {
    if (recordRedact === undefined && recordSecrets === undefined) return undefined;
    throw new BadOption(`${dashed(recordRedact ? "recordRedact" : "recordSecrets")} needs --record FILE`);
  }
  if (recordRedact && recordSecrets)
    throw new BadOption("--record-redact replaces data and secrets, --record-secrets nothing: leave one out");
  return { file: record, redaction: recordRedact ? "all" : recordSecrets ? "none" : "credentials" };
}

function etcdAddress(flags: Flags, list: string): EtcdAddress {
  const { cafile, certfile, keyfile } = flags;
  if ((certfile === undefined) !== (keyfile === undefined))
    throw new BadOption("--certfile and --keyfile belong together: give both, or neither");
  const user = etcdUser(flags);
  const scheme = cafile !== undefined || certfile !== undefined ? "https" : "http";
  const endpoints = parseEndpoints(list, scheme);
  if (endpoints.is === "bad") throw new BadOption(`--endpoints: ${endpoints.why}`);
  return {
    endpoints: endpoints.urls,
    ...(cafile === undefined ? {} : { caFile: cafile }),
    ...(certfile === undefined ? {} : { certFile: certfile }),
    ...(keyfile === undefined ? {} : { keyFile: keyfile }),
    ...(user === undefined ? {} : { user }),
  };
}

function bridgeAddress(text: string, tls: TlsFiles | undefined): BridgeAddress {
  return { ...hostPort("--debug-zkbridge", text), ...(tls === undefined ? {} : { tls }) };
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
