import { basename } from "node:path";
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from "testcontainers";
import { etcdFlags, healthyVersion } from "./etcd.ts";
import { openGuard } from "./guard.ts";
import { ServerFailed, serverLimits } from "./process.ts";
import { findOnPath } from "./programs.ts";
import { waitUntilReady } from "./readiness.ts";
import { servingVersion } from "./zookeeper.ts";
import { renderConfig, type ZooKeeperConfig, zooKeeperConfig } from "./zookeeper-config.ts";

/** The pinned public images; docker-compose.yml names the same ones, and a test holds it to that. */
export const images = { etcd: "quay.io/coreos/etcd:v3.6.4", zookeeper: "zookeeper:3.9.3" } as const;

/** The image to run: `ZETCD_ETCD_IMAGE` or `ZETCD_ZOOKEEPER_IMAGE` when set, else the pinned one. */
function imageOf(name: keyof typeof images): string {
  const own = process.env[`ZETCD_${name.toUpperCase()}_IMAGE`];
  return own === undefined || own === "" ? images[name] : own;
}

/** Why Docker cannot be used, in one line; undefined when it answers. */
export async function dockerProblem(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** A server in a container, with its port as seen from here. */
export interface DockerServer {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Removes the container and its data. */
  stop(): Promise<void>;
}

/** An etcd in a container; also its URL. */
export interface DockerEtcd extends DockerServer {
  readonly clientUrl: string;
}

/** Starts etcd in a container, with the same default flags as a local one. Throws {@link ServerFailed}. */
export async function startEtcdInDocker(flags: Readonly<Record<string, string>> = {}): Promise<DockerEtcd> {
  const all: Readonly<Record<string, string>> = {
    ...etcdFlags,
    "listen-client-urls": "http://0.0.0.0:2379",
    "advertise-client-urls": "http://0.0.0.0:2379",
    ...flags,
  };
  const container = new GenericContainer(imageOf("etcd"))
    .withCommand(["etcd", ...Object.entries(all).map(([flag, value]) => `--${flag}=${value}`)])
    .withExposedPorts(2379);
  const urlOf = (at: { host: string; port: number }) => `http://${at.host}:${at.port}`;
  const server = await startContainer(`etcd (${imageOf("etcd")})`, container, 2379, (at) => healthyVersion(urlOf(at)));
  return { ...server, clientUrl: urlOf(server) };
}

/** Starts ZooKeeper in a container, with the same default configuration as a local one. Throws {@link ServerFailed}.
 *  The official image's entry point leaves a `/conf/zoo.cfg` that is already there alone. */
export function startZooKeeperInDocker(config: ZooKeeperConfig = {}): Promise<DockerServer> {
  const text = renderConfig({ ...zooKeeperConfig, dataDir: "/data", clientPort: "2181", ...config });
  const container = new GenericContainer(imageOf("zookeeper"))
    .withCopyContentToContainer([{ content: text, target: "/conf/zoo.cfg", mode: 0o644 }])
    .withExposedPorts(2181);
  return startContainer(`ZooKeeper (${imageOf("zookeeper")})`, container, 2181, servingVersion);
}

/** Starts a container and waits for the server's own answer; our watchdog removes it if we are killed. */
async function startContainer(
  what: string,
  image: GenericContainer,
  innerPort: number,
  probe: (at: { host: string; port: number }) => Promise<string | undefined>,
): Promise<DockerServer> {
  const guard = await openGuard("docker");
  const name = basename(guard.dir); // ours alone, and known before there is a container
  guard.watchContainer(name);
  doWithoutReaper();
  let container: StartedTestContainer | undefined;
  const stop = async () => {
    await container?.stop({ timeout: serverLimits.discardWaitMs, remove: true, removeVolumes: true });
    await guard.release();
  };
  try {
    // Etcd's image has no shell, which testcontainers' own port check wants: we wait ourselves.
    container = await image.withName(name).withWaitStrategy(Wait.forAll([])).start();
    const at = { host: container.getHost(), port: container.getMappedPort(innerPort) };
    const output = await followOutput(container);
    const version = await waitUntilReady(what, output, () => probe(at)).finally(output.close);
    return { ...at, version, stop };
  } catch (cause) {
    await stop();
    if (cause instanceof ServerFailed) throw cause;
    throw new ServerFailed(`${what} cannot be started in Docker: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Spares testcontainers' own reaper, an image more to pull, where our watchdog can do its work, which takes the `docker` command. */
function doWithoutReaper(): void {
  if (findOnPath("docker") !== undefined) process.env.TESTCONTAINERS_RYUK_DISABLED ??= "true";
}

/** A starting container seen as a process is: its output ends when it ends. */
async function followOutput(container: StartedTestContainer) {
  const stream = await container.logs();
  let text = "";
  let alive = true;
  stream.on("data", (chunk) => {
    text = `${text}${chunk}`.slice(-serverLimits.tailBytesMax);
  });
  const ended = new Promise<string>((resolve) => {
    stream.once("end", () => {
      alive = false;
      resolve("its container stopped");
    });
  });
  return { isAlive: () => alive, ended, tail: () => text, close: () => void stream.destroy() };
}
