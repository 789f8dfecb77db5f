import { parseServerVariable, type ServerArgument } from "./endpoints.ts";
import { type EtcdOptions, healthyVersion, startEtcd } from "./etcd.ts";
import { ServerFailed } from "./process.ts";
import { findEtcd, findJava } from "./programs.ts";
import { waitUntilReady } from "./readiness.ts";
import { servingVersion, startZooKeeper, type ZooKeeperOptions } from "./zookeeper.ts";
import { findZooKeeper } from "./zookeeper-install.ts";

/** Where a server in use comes from: named by the user, started from a program on this machine, or started in Docker. */
export type Origin = "given" | "this machine" | "docker";

/** An etcd to work with. */
export interface RunningEtcd {
  readonly from: Origin;
  /** Client URLs, `http://HOST:PORT`. */
  readonly endpoints: readonly string[];
  readonly clientUrl: string;
  readonly version: string;
  /** Ends and removes what was started; leaves a given server alone. */
  stop(): Promise<void>;
}

/** A ZooKeeper to work with. */
export interface RunningZooKeeper {
  readonly from: Origin;
  readonly host: string;
  readonly port: number;
  /** `HOST:PORT`, brackets around an IPv6 host. */
  readonly address: string;
  /** "" or the path below which to stay, like `/a`. */
  readonly chroot: string;
  readonly version: string;
  /** Ends and removes what was started; leaves a given server alone. */
  stop(): Promise<void>;
}

/** What each kind of given server is, after parsing. */
type Given<K extends "zk" | "etcd"> = Extract<ServerArgument, { is: K }>;

const variables = { etcd: "ZETCD_ETCD", zk: "ZETCD_ZOOKEEPER" } as const;

/** The server that the environment names. Throws `BadArgument` (a malformed variable). */
const namedServer = <K extends keyof typeof variables>(kind: K): Given<K> | undefined =>
  parseServerVariable(kind, variables[kind], process.env[variables[kind]]);

/** Whether `auto` starts a server, because the environment names none. Throws `BadArgument`. */
export const isStarted = (kind: keyof typeof variables): boolean => namedServer(kind) === undefined;

/** How long a given server may take to answer, in milliseconds: it should be running already. */
const givenWaitMs = 5_000;

/** An etcd: the given one, `ZETCD_ETCD`, a private one from a program on this machine, or one in Docker, in this order. A start
 *  always makes a new one; options reach only those. Throws {@link ServerFailed} and `BadArgument` (a malformed variable). */
export async function useEtcd(given?: Given<"etcd">, options: EtcdOptions = {}): Promise<RunningEtcd> {
  const named = given ?? namedServer("etcd");
  if (named !== undefined) {
    const [clientUrl = ""] = named.endpoints;
    const version = await waitForGiven(`etcd at ${clientUrl}`, () => healthyVersion(clientUrl));
    return { from: "given", endpoints: named.endpoints, clientUrl, version, stop: async () => {} };
  }
  if (options.bin !== undefined || findEtcd() !== undefined)
    return { from: "this machine", ...(await startEtcd(options)) };
  const docker = await loadDocker("etcd");
  const server = await docker.startEtcdInDocker(options.flags);
  return { from: "docker", endpoints: [server.clientUrl], ...server };
}

/** A ZooKeeper: the given one, `ZETCD_ZOOKEEPER`, a private one from this machine, or one in Docker, in this order. With
 *  `options.version` a private one of that release is started, whatever the machine has. Throws as {@link useEtcd} does. */
export async function useZooKeeper(given?: Given<"zk">, options: ZooKeeperOptions = {}): Promise<RunningZooKeeper> {
  const named = given ?? (options.version ? undefined : namedServer("zk"));
  if (named !== undefined) {
    const version = await waitForGiven(`ZooKeeper at ${addressOf(named)}`, () => servingVersion(named));
    return { from: "given", ...named, address: addressOf(named), version, stop: async () => {} };
  }
  const local = findJava() !== undefined && (options.version !== undefined || findZooKeeper() !== undefined);
  if (local) return { from: "this machine", chroot: "", ...(await startZooKeeper(options)) };
  const docker = await loadDocker("ZooKeeper");
  const server = await docker.startZooKeeperInDocker(options.config);
  return { from: "docker", chroot: "", address: addressOf(server), ...server };
}

/** HOST:PORT as clients take it. */
function addressOf(at: { readonly host: string; readonly port: number }): string {
  return `${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
}

/** The version of a server that somebody else runs. Throws {@link ServerFailed} when it does not answer in time. */
function waitForGiven(what: string, probe: () => Promise<string | undefined>): Promise<string> {
  return waitUntilReady(what, undefined, probe, givenWaitMs);
}

/** The Docker half, loaded only when needed because testcontainers takes half a second. Throws {@link ServerFailed} with what to do
 *  when Docker does not answer either. */
async function loadDocker(wanted: "etcd" | "ZooKeeper"): Promise<typeof import("./docker.ts")> {
  const docker = await import("./docker.ts");
  const problem = await docker.dockerProblem();
  if (problem === undefined) return docker;
  const variable = variables[wanted === "etcd" ? "etcd" : "zk"];
  throw new ServerFailed(
    `no ${wanted} found: none in ${variable}, none on this machine, and no Docker (${problem}). Run npm run setup, which installs it or says how.`,
  );
}
