/** The server's command line before anything is judged: names, help, defaults, and where the words come from. */
import { Command, Option } from "commander";
import { type LogLevel, logLevels } from "./logger.ts";
import { juteMaxBuffer } from "./protocol/frames.ts";

/** Whose behaviour to show where ZooKeeper's versions differ. */
export type ZooKeeperVersion = "3.8" | "3.9";

/** A mistake of the user, in one line that says what to do. */
export class BadOption extends Error {}

/** Flags as commander hands them over. */
export interface Flags {
  readonly zkaddr: string;
  readonly endpoints?: string;
  readonly certfile?: string;
  readonly keyfile?: string;
  readonly cafile?: string;
  readonly user?: string;
  readonly prefix: string;
  readonly zkCertfile?: string;
  readonly zkKeyfile?: string;
  readonly zkCafile?: string;
  readonly zkClientAuth?: "none" | "want" | "need";
  readonly zkSecureAddr?: string;
  readonly saslUsers?: string;
  readonly requireAuth?: string;
  readonly superCertificate?: string;
  readonly adminAddr?: string;
  readonly debugZkbridge?: string;
  readonly bridgeCertfile?: string;
  readonly bridgeKeyfile?: string;
  readonly bridgeCafile?: string;
  readonly debugOracle?: "zk" | "etcd";
  readonly debugSerial?: true;
  readonly reportDir?: string;
  readonly reportAddr?: string;
  readonly reveal?: true;
  readonly known?: string;
  readonly record?: string;
  readonly recordRedact?: true;
  readonly recordSecrets?: true;
  readonly zkVersion: ZooKeeperVersion;
  readonly extendedTypes?: true;
  readonly containerCheckInterval: string;
  readonly enforceQuota?: true;
  readonly superDigest?: string;
  readonly tickTime: string;
  readonly minSessionTimeout?: string;
  readonly maxSessionTimeout?: string;
  readonly maxClientCnxns: string;
  readonly juteMaxbuffer: string;
  readonly fourLetterWords: string;
  readonly logLevel: LogLevel;
}

/** The flags, their help and their defaults. */
export function declareFlags(version: string, write: (text: string) => void): Command {
  return new Command("zetcd")
    .description(
      "A ZooKeeper server that keeps its data in etcd, or passes it on to a ZooKeeper, or does both and compares.",
    )
    .usage("--endpoints LIST [flags]\n       zetcd --debug-zkbridge HOST:PORT [flags]")
    .option("--zkaddr <host:port>", "where ZooKeeper clients connect", "0.0.0.0:2181")
    .option("--endpoints <list>", "etcd members, separated by commas")
    .option("--certfile <file>", "client certificate for etcd (PEM)")
    .option("--keyfile <file>", "its private key (PEM)")
    .option("--cafile <file>", "certificates that etcd's own must be signed by (PEM)")
    .option("--user <name:password>", "etcd's user; in the environment it stays out of the process list")
    .option("--prefix <path>", "etcd keys are kept below it", "/zetcd")
    .option("--zk-certfile <file>", "speak TLS to ZooKeeper clients with this certificate (PEM)")
    .option("--zk-keyfile <file>", "its private key (PEM)")
    .option("--zk-cafile <file>", "certificates that a client's must be signed by (PEM)")
    .addOption(
      new Option(
        "--zk-client-auth <whether>",
        "ask clients for certificates (default: need with --zk-cafile, else none)",
      ).choices(["none", "want", "need"]),
    )
    .option("--zk-secure-addr <host:port>", "a port of its own for TLS, beside a plain --zkaddr")
    .option("--sasl-users <file>", "users of SASL DIGEST-MD5: lines USER=PASSWORD, or a ZooKeeper server's JAAS file")
    .option("--require-auth <schemes>", "clients that prove none of these (sasl, x509, digest) are turned away")
    .option("--super-certificate <subject>", "whoever shows it in a certificate may do everything")
    .option("--admin-addr <host:port>", "where operators find /commands, /metrics, /healthz and /readyz (HTTP)")
    .option("--debug-zkbridge <host:port>", "a ZooKeeper to pass requests on to")
    .option("--bridge-certfile <file>", "client certificate for that ZooKeeper's TLS port (PEM)")
    .option("--bridge-keyfile <file>", "its private key (PEM)")
    .option(
      "--bridge-cafile <file>",
      "speak TLS to that ZooKeeper, whose certificate must be signed by one of these (PEM)",
    )
    .addOption(
      new Option("--debug-oracle <side>", "cross-check etcd and ZooKeeper; clients get this one's answers").choices([
        "zk",
        "etcd",
      ]),
    )
    .option("--debug-serial", "cross-check one request at a time")
    .option("--report-dir <dir>", "where a cross-check leaves its report")
    .option("--report-addr <host:port>", "where a cross-check serves its report while it runs (HTTP)")
    .option("--reveal", "show znode data in a cross-check's report, instead of its length and hash")
    .option("--known <file>", "known divergences (YAML)")
    .option("--record <file>", "keep what clients ask, for xchk replay; passwords and digests are replaced")
    .option("--record-redact", "replace znode data too, by as many bytes")
    .option("--record-secrets", "replace nothing: the recording then holds passwords")
    .addOption(
      new Option("--zk-version <version>", "behave like this ZooKeeper").choices(["3.8", "3.9"]).default("3.9"),
    )
    .option("--extended-types", "allow TTL znodes (zookeeper.extendedTypesEnabled)")
    .option(
      "--container-check-interval <ms>",
      "how often empty containers and overdue TTL znodes are removed (znode.container.checkIntervalMs)",
      "60000",
    )
    .option("--enforce-quota", "refuse what would exceed a hard quota (zookeeper.enforceQuota)")
    .option("--super-digest <user:digest>", "the digest identity that may do everything")
    .option("--tick-time <ms>", "session expiry is rounded up to it", "2000")
    .option("--min-session-timeout <ms>", "default: 2 ticks")
    .option("--max-session-timeout <ms>", "default: 20 ticks")
    .option("--max-client-cnxns <n>", "connections from one address, 0 for any number", "0")
    .option("--jute-maxbuffer <bytes>", "largest request", String(juteMaxBuffer))
    .option("--four-letter-words <list>", "monitoring words that are answered, * for all", "*")
    .addOption(new Option("--log-level <level>", "how much to say on stderr").choices([...logLevels]).default("info"))
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this")
    .addHelpText("after", "\nEach flag has a twin in the environment: --report-dir is ZETCD_REPORT_DIR. Flags win.")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => undefined });
}

/** The environment as arguments to stand before the real ones. */
export function fromEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): string[] {
  return command.options.flatMap((option) => {
    const twin = `ZETCD_${option.name().replaceAll("-", "_").toUpperCase()}`;
    const value = env[twin];
    if (value === undefined || value === "" || option.long === "--version") return [];
    if (option.required) return [`${option.long}=${value}`];
    if (/^(1|true)$/i.test(value)) return [option.long ?? ""];
    if (/^(0|false)$/i.test(value)) return [];
    throw new BadOption(`${twin} is true or false, not ${JSON.stringify(value)}`);
  });
}
