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
import { forAnswersReaping, servingVersion } from "../servers/zookeeper.ts";
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
  stop(): Promise<void>;
}

/** How often two servers of ours look for what to remove, ms: soon enough to be waited for. */
export const reapOftenMs = 500;

/** How long a server that somebody else runs may take for a handshake, and for an answer, ms. */
const patience = { connectWaitMs: 5_000, silenceMaxMs: 5_000 } as const;

/** Throws {@link ServerFailed}, which names the server, when it gives no session. */
async function expectSession(at: Endpoint, flag: string): Promise<void> {
  const opened = await connect({ ...at, timeoutMs: 4_000, ...patience });
  if (opened.is !== "granted") {
    const why = opened.is === "refused" ? "it refuses a new session" : opened.reason;
    throw new ServerFailed(`${flag}: no ZooKeeper answers at ${at.host}:${at.port} (${why})`);
  }
  await opened.client.call("closeSession", {}).catch(() => undefined); // the session ends by its timeout then
  opened.client.close();
}

/** What is known of a side before anybody has connected. */
type Known = Pick<Contender, "isGiven" | "reapEveryMs"> & { readonly name: string; readonly version: string };

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
  await expectSession(server, flag);
  const version = await servingVersion(server);
  const endpoint = { host: server.host, port: server.port };
  // Only ZooKeeper and what takes after it answers the question for its version.
  const told = version === undefined ? { name: "server", version: "unknown" } : { name: "zookeeper", version };
  return contender({ ...told, isGiven: true }, endpoint, async () => undefined);
}

/** One server, found or started; one that is started looks so often for containers and TTL znodes to remove, ms. Throws {@link ServerFailed}. */
export async function openOracle(server: ServerArgument, reapEveryMs?: number): Promise<Contender> {
  if (server.is === "zk") return openGiven(server, "--oracle");
  if (server.is === "etcd") return openProxied(server, undefined, { flag: "--oracle", reapEveryMs });
  const zookeeper = await useZooKeeper(undefined, forAnswersReaping(reapEveryMs));
  const { host, port, version, from } = zookeeper;
  // One in Docker takes no Java options.
  const told = from === "this machine" ? reapEveryMs : undefined;
  const known = { name: "zookeeper", version, isGiven: from === "given", reapEveryMs: told };
  return contender(known, { host, port }, () => zookeeper.stop());
}

async function openProxied(
  server: Exclude<ServerArgument, { is: "zk" }>,
  oracle: Contender | undefined,
  { flag, reapEveryMs }: { readonly flag: string; readonly reapEveryMs: number | undefined },
): Promise<Contender> {
  const etcd = await useEtcd(server.is === "etcd" ? server : undefined).catch((cause: unknown) => {
    throw cause instanceof ServerFailed ? new ServerFailed(`${flag}: ${cause.message}`) : cause;
  });
  try {
    const isGiven = etcd.from === "given";
    // At an etcd of somebody else's another proxy may do the removing.
    const told = isGiven ? undefined : reapEveryMs;
    const flags = [
      ...flagsLike(oracle?.description.version ?? "", oracle?.isGiven ?? true),
      ...(told === undefined ? [] : ["--container-check-interval", String(told)]),
    ];
    const proxy = await startProxy(["--endpoints", etcd.endpoints.join(","), ...flags]);
    const { host, port } = proxy;
    const version = `${zkVersionOf(oracle?.description.version ?? "") ?? "3.9"} on etcd ${etcd.version}`;
    return contender({ name: "zetcd", version, isGiven, reapEveryMs: told }, { host, port }, async () => {
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

/** Finds or starts both. Throws `BadArgument` and {@link ServerFailed}; what was started before a failure is stopped. */
export async function openDuel(arguments_: DuelArguments): Promise<Duel> {
  const candidateServer = parseServer(arguments_.candidate, "--candidate");
  const oracleServer = parseServer(arguments_.oracle, "--oracle");
  const chroot = commonChroot(candidateServer, oracleServer);
  // One side that removes much sooner than the other would make them differ all the time.
  const areOurs = candidateServer.is === "auto" && isStarted("etcd") && oracleServer.is === "auto" && isStarted("zk");
  const oracle = await openOracle(oracleServer, arguments_.reapEveryMs ?? (areOurs ? reapOftenMs : undefined));
  let candidate: Contender | undefined;
  try {
    candidate =
      candidateServer.is === "zk"
        ? await openGiven(candidateServer, "--candidate")
        : await openProxied(candidateServer, oracle, {
            flag: "--candidate",
            reapEveryMs: arguments_.reapEveryMs ?? oracle.reapEveryMs,
          });
    await Promise.all([makeChroot(candidate.endpoint, chroot), makeChroot(oracle.endpoint, chroot)]);
    const both = [candidate, oracle];
    const reapEveryMs = arguments_.reapEveryMs ?? (oracle.reapEveryMs && candidate.reapEveryMs);
    return {
      ...{ candidate, oracle, chroot, reapEveryMs },
      stop: async () => void (await Promise.all(both.map((side) => side.stop()))),
    };
  } catch (cause) {
    await Promise.all([candidate?.stop(), oracle.stop()]);
    throw cause;
  }
}
