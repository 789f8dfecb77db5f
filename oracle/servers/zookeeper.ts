import { delimiter, join } from "node:path";
import { openGuard } from "./guard.ts";
import { installFromMaven } from "./maven.ts";
import { freePort } from "./ports.ts";
import { ServerFailed, type ServerProcess, serverLimits, startProcess } from "./process.ts";
import { findJava } from "./programs.ts";
import { fourLetterWord, waitUntilReady } from "./readiness.ts";
import { writeConfig, type ZooKeeperConfig, zooKeeperConfig } from "./zookeeper-config.ts";
import { findDebian, findZooKeeper, type ZooKeeperInstall } from "./zookeeper-install.ts";

/** How a private ZooKeeper is started; everything has a default. */
export interface ZooKeeperOptions {
  /** `"debian"`, or a release like `"3.9.3"`, fetched once from Maven Central; default {@link findZooKeeper}. */
  readonly version?: string;
  /** zoo.cfg entries, added to or replacing the defaults. */
  readonly config?: ZooKeeperConfig;
  /** Java options after `-Xmx512m`; by default the JIT is left as it is, because the oracle's speed is measured too. */
  readonly javaOpts?: readonly string[];
  /** Serve the admin HTTP server on a private port. Default false. */
  readonly admin?: boolean;
  readonly readyWaitMs?: number;
}

/** A ZooKeeper that is asked for its answers, on a machine that has other things to do. What a client sees is the same. It leaves what it has written
 *  to the operating system, so that only a crash of the machine, not of the server, could lose any of it; its selector does the reading and writing
 *  itself instead of handing each frame to a pool of threads; it neither sums its tree up with each write nor keeps metrics of itself; and Java compiles
 *  quickly rather than well, which pays in runs of minutes.
 *  Source: Administrator's Guide, "Performance Tuning", "Unsafe Options", "Data Integrity" and "Metrics Providers". */
export const forAnswers: ZooKeeperOptions = {
  config: {
    forceSync: "no",
    "nio.numSelectorThreads": "1",
    "nio.numWorkerThreads": "0",
    "digest.enabled": "false",
    "metricsProvider.className": "org.apache.zookeeper.metrics.impl.NullMetricsProvider",
  },
  javaOpts: ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
};

/** The same, looking so often for containers and TTL znodes to remove, ms, and without a pause after each, which would make a hundred of them late;
 *  undefined: as by default. Source: ContainerManager, `znode.container.checkIntervalMs` and `znode.container.maxPerMinute`. */
export const forAnswersReaping = (everyMs: number | undefined): ZooKeeperOptions =>
  everyMs === undefined
    ? forAnswers
    : {
        ...forAnswers,
        javaOpts: [
          ...(forAnswers.javaOpts ?? []),
          `-Dznode.container.checkIntervalMs=${everyMs}`,
          "-Dznode.container.maxPerMinute=1000000",
        ],
      };

/** A private ZooKeeper server on 127.0.0.1. */
export interface ZooKeeperServer {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:PORT`, as clients take it. */
  readonly address: string;
  /** What the server says it is, like `3.8.0`. */
  readonly version: string;
  /** Present when asked for. */
  readonly adminPort?: number;
  readonly dataDir: string;
  /** The process as it is now; a restart makes a new one. */
  pid(): number;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it has ended. The data stays. */
  kill(): Promise<void>;
  /** Ends it if it runs, starts it again on its port and data. Resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** Starts a private standalone ZooKeeper and waits for its `srvr` answer. Throws {@link ServerFailed} when Java or ZooKeeper is
 *  missing or the server does not answer. */
export async function startZooKeeper(options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  const install = await resolveInstall(options.version);
  const java = findJava();
  if (java === undefined) throw new ServerFailed("no Java on this machine, and ZooKeeper needs it: install a JRE");
  const [port, adminPort, guard] = await Promise.all([
    freePort(),
    options.admin ? freePort() : undefined,
    openGuard("zookeeper"),
  ]);
  const address = `127.0.0.1:${port}`;
  const conf = await writeConfig(guard.dir, {
    ...zooKeeperConfig,
    clientPort: String(port),
    clientPortAddress: "127.0.0.1",
    ...(adminPort === undefined ? {} : { "admin.enableServer": "true", "admin.serverPort": String(adminPort) }),
    ...options.config,
  });
  const command = {
    program: java,
    args: [
      ...["-Xmx512m", "-Dzookeeper.jmx.log4j.disable=true", `-Djava.io.tmpdir=${guard.dir}`],
      ...(options.javaOpts ?? []),
      ...["-cp", [conf.folder, ...install.classPath].join(delimiter)],
      ...["org.apache.zookeeper.server.quorum.QuorumPeerMain", conf.file],
    ],
    logFile: join(guard.dir, "server.log"),
  };
  const what = `ZooKeeper (${install.from})`;
  const waitMs = options.readyWaitMs ?? serverLimits.readyWaitMs;
  const ready = () => waitUntilReady(what, server, () => servingVersion({ host: "127.0.0.1", port }), waitMs);
  let server: ServerProcess = startProcess(command, guard);
  const stop = async () => {
    await server.terminate(serverLimits.discardWaitMs);
    await guard.release();
  };
  try {
    return {
      version: await ready(),
      host: "127.0.0.1",
      port,
      address,
      ...(adminPort === undefined ? {} : { adminPort }),
      dataDir: join(guard.dir, "data"),
      pid: () => server.pid,
      stop,
      kill: async () => {
        server.signal("SIGKILL");
        await server.terminate();
      },
      restart: async () => {
        await server.terminate();
        server = startProcess(command, guard);
        await ready();
      },
      pause: () => server.signal("SIGSTOP"),
      resume: () => server.signal("SIGCONT"),
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** The ZooKeeper of a version, or the machine's own. Throws {@link ServerFailed} when there is none. */
async function resolveInstall(version: string | undefined): Promise<ZooKeeperInstall> {
  if (version !== undefined && version !== "debian") return installFromMaven(version);
  const install = version === "debian" ? findDebian() : findZooKeeper();
  if (install === undefined) throw new ServerFailed("no ZooKeeper on this machine: install it, or set ZOOKEEPER_HOME");
  return install;
}

/** The version a ZooKeeper names in its `srvr` answer, once it serves; undefined before. */
export async function servingVersion(at: {
  readonly host: string;
  readonly port: number;
}): Promise<string | undefined> {
  const answer = await fourLetterWord(at, "srvr");
  return /^Zookeeper version: (\d+(?:\.\d+)*)/m.exec(answer ?? "")?.[1];
}

/** Whether a ZooKeeper says that it is one of an ensemble. */
export async function isMember(at: Parameters<typeof servingVersion>[0]): Promise<boolean> {
  return /^Mode: (leader|follower|observer)/m.test((await fourLetterWord(at, "srvr")) ?? "");
}
