/** From the two SERVER arguments to two backends that answer. */
import type { Backend } from "../../src/backend.ts";
import { MalformedFrame } from "../../src/jute/buffers.ts";
import { ConnectionLost, connect } from "../../src/protocol/client.ts";
import { openAcl } from "../../src/protocol/opcodes.ts";
import { bridge } from "../bridge.ts";
import type { ServerDescription } from "../journal.ts";
import { isStarted, useEtcd, useZooKeeper } from "../servers/auto.ts";
import { BadArgument, parseServer, type ServerArgument } from "../servers/endpoints.ts";
import { ServerFailed } from "../servers/process.ts";
import { servingVersion } from "../servers/zookeeper.ts";
import { acquaintance, optionsFor, ourSetup, patience, type Setup, setupOf, type Wishes } from "./acquaintance.ts";
import { flagsLike, startProxy, zkVersionOf } from "./proxy.ts";

/** A ZooKeeper endpoint: what both kinds of server come down to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One side of a run. */
export interface Contender {
  readonly backend: Backend;
  readonly endpoint: Endpoint;
  readonly description: ServerDescription;
  /** Somebody else's server, on which nothing should be left behind. */
  readonly isGiven: boolean;
  /** How it is configured. */
  readonly setup: Setup;
  /** How often it looks for containers and TTL znodes to remove, ms, if it was told. */
  readonly reapEveryMs?: number | undefined;
  /** Ends what was started for it. */
  stop(): Promise<void>;
}

/** Both sides, and below which znode the run keeps to itself ("" or like `/a`). */
export interface Duel {
  readonly candidate: Contender;
  readonly oracle: Contender;
  readonly chroot: string;
  /** How often both look for containers and TTL znodes to remove, ms, where that is known. */
  readonly reapEveryMs?: number | undefined;
  /** In what one was made like the other, which so cannot differ. */
  readonly remark?: string;
  stop(): Promise<void>;
}

/** How often two servers of ours look for what to remove, ms: soon enough to be waited for. */
export const reapOftenMs = 500;

/** What is known of a side before anybody has connected. */
type Known = Pick<Contender, "isGiven" | "setup" | "reapEveryMs"> & {
  readonly name: string;
  readonly version: string;
};

/** A side at an endpoint; `stop` ends what was started for it. */
export function contender(
  { name, version, ...known }: Known,
  endpoint: Endpoint,
  stop: () => Promise<void>,
): Contender {
  const backend = bridge({ ...endpoint, version });
  const address = `${endpoint.host}:${endpoint.port}`;
  return {
    backend,
    endpoint,
    description: { name, address, version },
    ...known,
    stop: async () => {
      await backend.close();
      await stop();
    },
  };
}

async function openGiven(server: Extract<ServerArgument, { is: "zk" }>, flag: string): Promise<Contender> {
  const setup = await acquaintance(server, flag);
  const version = await servingVersion(server);
  const endpoint = { host: server.host, port: server.port };
  // Only ZooKeeper and what takes after it answers the question for its version.
  const told = version === undefined ? { name: "server", version: "unknown" } : { name: "zookeeper", version };
  return contender({ ...told, isGiven: true, setup }, endpoint, async () => undefined);
}

/** One server, found or started; what is started is as it is wished. Throws {@link ServerFailed}. */
export async function openOracle(server: ServerArgument, wishes: Wishes = {}): Promise<Contender> {
  if (server.is === "zk") return openGiven(server, "--oracle");
  if (server.is === "etcd") return openProxied(server, undefined, { flag: "--oracle", ...wishes });
  const zookeeper = await useZooKeeper(undefined, optionsFor(wishes));
  const { host, port, version, from } = zookeeper;
  const isGiven = from === "given";
  const setup = isGiven ? await acquaintance(zookeeper, "ZETCD_ZOOKEEPER") : setupOf(wishes);
  // One in Docker takes no Java options.
  const told = from === "this machine" ? wishes.reapEveryMs : undefined;
  const known = { name: "zookeeper", version, isGiven, setup, reapEveryMs: told };
  return contender(known, { host, port }, () => zookeeper.stop());
}

async function openProxied(
  server: Exclude<ServerArgument, { is: "zk" }>,
  oracle: Contender | undefined,
  { flag, reapEveryMs, ...wished }: Wishes & { readonly flag: string },
): Promise<Contender> {
  const etcd = await useEtcd(server.is === "etcd" ? server : undefined).catch((cause: unknown) => {
    throw cause instanceof ServerFailed ? new ServerFailed(`${flag}: ${cause.message}`) : cause;
  });
  try {
    const isGiven = etcd.from === "given";
    const setup = setupOf(wished);
    // At an etcd of somebody else's another proxy may do the removing.
    const told = isGiven ? undefined : reapEveryMs;
    const flags = [
      ...flagsLike(oracle?.description.version ?? "", setup),
      ...(told === undefined ? [] : ["--container-check-interval", String(told)]),
    ];
    const proxy = await startProxy(["--endpoints", etcd.endpoints.join(","), ...flags]);
    const { host, port } = proxy;
    const version = `${zkVersionOf(oracle?.description.version ?? "") ?? "3.9"} on etcd ${etcd.version}`;
    return contender({ name: "zetcd", version, isGiven, setup, reapEveryMs: told }, { host, port }, async () => {
      await proxy.stop();
      await etcd.stop();
    });
  } catch (cause) {
    await etcd.stop();
    throw cause;
  }
}

/** The common chroot of two servers. One that has none follows the other; two different ones cannot be compared, because one request goes to both. */
function commonChroot(candidate: ServerArgument, oracle: ServerArgument): string {
  const ours = candidate.is === "zk" ? candidate.chroot : "";
  const theirs = oracle.is === "zk" ? oracle.chroot : "";
  if (ours !== "" && theirs !== "" && ours !== theirs)
    throw new BadArgument(
      "--candidate and --oracle",
      `${ours} and ${theirs}`,
      "are different chroots; give both the same",
    );
  return ours || theirs;
}

/** The chroot's znodes, on a server that may lack them. Throws {@link ServerFailed}. */
async function makeChroot(at: Endpoint, chroot: string): Promise<void> {
  if (chroot === "") return;
  const trouble = (reason: string) =>
    new ServerFailed(`${chroot} cannot be created at ${at.host}:${at.port}: ${reason}`);
  const opened = await connect({ ...at, timeoutMs: 4_000, ...patience });
  if (opened.is !== "granted") throw trouble("no session");
  const { client } = opened;
  const names = chroot.split("/").slice(1);
  try {
    for (const [i] of names.entries())
      await client.call("create", { path: `/${names.slice(0, i + 1).join("/")}`, data: null, acl: openAcl, flags: 0 });
    await client.call("closeSession", {});
  } catch (cause) {
    throw cause instanceof ConnectionLost || cause instanceof MalformedFrame ? trouble(cause.message) : cause;
  } finally {
    client.close();
  }
}

/** The words that name two servers, and how often they look for containers and TTL znodes to remove, ms, if somebody says so. */
export interface DuelArguments {
  readonly candidate: string;
  readonly oracle: string;
  readonly reapEveryMs?: number | undefined;
}

/** What a server of ours has taken over from a candidate that is not. */
function remarkOn({ isGiven, setup }: Contender, oracle: Contender): string | undefined {
  if (!isGiven || oracle.isGiven) return undefined;
  const { allowsTtl, timing } = setup;
  const { shortestMs, longestMs } = timing;
  const isUsual = shortestMs === ourSetup.timing.shortestMs && longestMs === ourSetup.timing.longestMs;
  const ways = [
    ...(allowsTtl ? [] : ["without TTL znodes"]),
    ...(isUsual ? [] : [`with session timeouts of ${shortestMs} to ${longestMs} ms`]),
  ];
  return ways.length === 0 ? undefined : `the oracle was started ${ways.join(" and ")}, as the candidate is`;
}

/** Finds or starts both. Throws `BadArgument` and {@link ServerFailed}; what was started before a failure is stopped. */
export async function openDuel(arguments_: DuelArguments): Promise<Duel> {
  const candidateServer = parseServer(arguments_.candidate, "--candidate");
  const oracleServer = parseServer(arguments_.oracle, "--oracle");
  const chroot = commonChroot(candidateServer, oracleServer);
  // One side that removes much sooner than the other would make them differ all the time.
  const areOurs = candidateServer.is === "auto" && isStarted("etcd") && oracleServer.is === "auto" && isStarted("zk");
  const reapEveryMs = arguments_.reapEveryMs ?? (areOurs ? reapOftenMs : undefined);
  const opened: Contender[] = [];
  const keep = async (opening: Promise<Contender>): Promise<Contender> => {
    const side = await opening;
    opened.push(side);
    return side;
  };
  const stop = async () => void (await Promise.all(opened.map((side) => side.stop())));
  // What is not ours cannot be configured, and what is ours follows it.
  const openBoth = async (): Promise<Pick<Duel, "candidate" | "oracle">> => {
    if (candidateServer.is === "zk") {
      const candidate = await keep(openGiven(candidateServer, "--candidate"));
      return { candidate, oracle: await keep(openOracle(oracleServer, { reapEveryMs, ...candidate.setup })) };
    }
    const oracle = await keep(openOracle(oracleServer, { reapEveryMs }));
    const wishes = { reapEveryMs: arguments_.reapEveryMs ?? oracle.reapEveryMs, ...oracle.setup };
    return { oracle, candidate: await keep(openProxied(candidateServer, oracle, { flag: "--candidate", ...wishes })) };
  };
  try {
    const { candidate, oracle } = await openBoth();
    await Promise.all([makeChroot(candidate.endpoint, chroot), makeChroot(oracle.endpoint, chroot)]);
    const known = arguments_.reapEveryMs ?? (oracle.reapEveryMs && candidate.reapEveryMs);
    const remark = remarkOn(candidate, oracle);
    return { candidate, oracle, chroot, reapEveryMs: known, ...(remark === undefined ? {} : { remark }), stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}
