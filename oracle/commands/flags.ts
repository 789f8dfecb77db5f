/** The flags that several subcommands share, declared once and read into values. */
import { type Command, Option } from "commander";
import { loadProfile, type Profile, surfaces } from "../../scenarios/generate/profile.ts";
import type { Credential } from "../audit/audited.ts";
import { BadArgument } from "../servers/endpoints.ts";
import type { StageFlags } from "./stage.ts";

/** Flags as commander hands them over: text, or true. */
export type RawFlags = Readonly<Record<string, string | true | undefined>>;

const forms = "zk://HOST:PORT[/CHROOT], etcd://HOST:PORT[,...] or auto";

/** Sequences under way that keep two servers on two processors busy: each of them alone waits for answers most of the time. */
export const inFlightDefault = 32;

/** Declares what every run needs. */
export const withServers = (command: Command): Command =>
  command
    .option("--candidate <server>", `the server under test: ${forms}`, "auto")
    .option("--oracle <server>", "the server that is right, in the same forms", "auto")
    .option("--report-dir <dir>", "where report.html, summary.json, junit.xml, journal.jsonl and counterexamples go")
    .option("--known <file>", "known divergences (YAML); default: the list in scenarios/")
    .addOption(
      new Option("--answer-from <side>", "whose answers drive the sequences")
        .choices(["candidate", "oracle"])
        .default("oracle"),
    )
    .option("--reveal", "show znode data in journal and reports, instead of its length and hash")
    .option("--serial", "one request at a time over all sessions")
    .option("--settle-ms <ms>", "how long a late event or expiry is waited for", "5000")
    .option("--comeback-wait <s>", "how long a server that has died is waited for", "20")
    .option(
      "--reap-every <ms>",
      "how often both servers remove what is due of containers and TTL znodes; default: 500 if both are started here",
    )
    .option("--keep-nodes", "leave the znodes of the run on servers that were given")
    .option(
      "--cleanup-auth <scheme:credential>",
      "whom these servers let remove what access control lists protect, like digest:super:secret",
    )
    .option("--mutant <name>", "self-test: make the candidate lie in one named way, which must be found");

/** Declares calibration. */
export const withTwin = (command: Command): Command =>
  command
    .option("--calibrate", "compare the oracle with a twin of it first; what differs there is held against nobody")
    .option("--oracle-twin <server>", "the twin, zk://HOST:PORT, or auto: a private one of the oracle's version");

/** Declares what generation needs. */
export const withGenerator = (command: Command): Command =>
  command
    .option("--seed <n>", "number that determines all that is generated; default: by chance")
    .option(
      "--profile <name|file>",
      "mix of operations: default, watches, multi, acl, sessions, live, names, large, expiry, or a JSON file",
      "default",
    )
    .option("--sessions <n>", "client sessions of one sequence; default: the profile's")
    .addOption(
      new Option(
        "--surface <s>",
        "operations: those of ZooKeeper 3.4, or all; default: all where both sides serve most of what came later",
      ).choices(surfaces),
    )
    .option("--in-flight <n>", "sequences under way at the same time", String(inFlightDefault))
    .option("--allow-hazards", "also send requests that can kill a ZooKeeper; never to servers that others use");

/** A flag's whole number, at least `min`. Throws `BadArgument`. */
export function wholeNumber(raw: RawFlags, flag: string, min: number): number | undefined {
  const text = raw[camelCase(flag)];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (typeof text === "string" && /^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new BadArgument(`--${flag}`, String(text), `is not a whole number from ${min} up`);
}

const camelCase = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** A flag's text. */
export const textOf = (raw: RawFlags, flag: string): string | undefined => {
  const value = raw[camelCase(flag)];
  return typeof value === "string" ? value : undefined;
};

/** Text like `digest:joe:secret`. Throws `BadArgument`, which does not repeat the secret. */
export function credentialFrom(flag: string, text: string): Credential {
  const [, scheme, auth] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || auth === undefined)
    throw new BadArgument(flag, "…", "is not SCHEME:CREDENTIAL, like digest:joe:secret");
  return { scheme, auth: Buffer.from(auth) };
}

/** The shared flags as values. Throws `BadArgument`. */
export function stageFlags(raw: RawFlags): StageFlags {
  const reportDir = textOf(raw, "report-dir");
  const known = textOf(raw, "known");
  const mutant = textOf(raw, "mutant");
  const reapEveryMs = wholeNumber(raw, "reap-every", 1);
  const comebackSeconds = wholeNumber(raw, "comeback-wait", 0);
  const cleanupAuth = textOf(raw, "cleanup-auth");
  return {
    candidate: textOf(raw, "candidate") ?? "auto",
    oracle: textOf(raw, "oracle") ?? "auto",
    answerFrom: raw.answerFrom === "candidate" ? "candidate" : "oracle",
    serial: raw.serial === true,
    reveal: raw.reveal === true,
    settleMs: wholeNumber(raw, "settle-ms", 1) ?? 5_000,
    cleanup: raw.keepNodes !== true,
    ...(cleanupAuth === undefined ? {} : { cleanupAuth: credentialFrom("--cleanup-auth", cleanupAuth) }),
    ...(reportDir === undefined ? {} : { reportDir }),
    ...(known === undefined ? {} : { known }),
    ...(reapEveryMs === undefined ? {} : { reapEveryMs }),
    ...(comebackSeconds === undefined ? {} : { comebackMs: comebackSeconds * 1_000 }),
    ...(mutant === undefined ? {} : { mutant }),
  };
}

/** The profile that the flags describe. Throws `BadProfile` and `BadArgument`. */
export function profileFlag(raw: RawFlags): Profile {
  const profile = loadProfile(textOf(raw, "profile") ?? "default");
  const surface = surfaces.find((one) => one === textOf(raw, "surface"));
  return {
    ...profile,
    sessions: wholeNumber(raw, "sessions", 1) ?? profile.sessions,
    ...(surface === undefined ? {} : { surface }),
  };
}
