/** The servers that are measured, each with a store of its own on this machine. */
import { join } from "node:path";
import { ourSetup } from "../oracle/commands/acquaintance.ts";
import { flagsLike, startProxy, versionFlags } from "../oracle/commands/proxy.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { openGuard } from "../oracle/servers/guard.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { startProcess } from "../oracle/servers/process.ts";
import { waitUntilReady } from "../oracle/servers/readiness.ts";
import { startZooKeeper, type ZooKeeperOptions, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { HostPort } from "../src/addresses.ts";
import { connect } from "../src/protocol/client.ts";
import type { NamedProcess } from "./processes.ts";
import { type ProxyServer, startProxyServer } from "./proxy-server.ts";

/** A server under test, or several that serve one tree. */
export interface Contender {
  readonly name: string;
  /** What it is made of, for the head of the table. */
  readonly about: string;
  /** Where clients may connect; load is spread over all. */
  readonly addresses: readonly [HostPort, ...HostPort[]];
  /** Its processes as they are now; the first one serves the clients. */
  processes(): readonly NamedProcess[];
  stop(): Promise<void>;
}

/** The contender that all others are compared with. */
export type Reference = Contender & { readonly server: ZooKeeperServer };

/** Starts a contender. What it takes is the ZooKeeper that runs already. */
export type Start = (reference: Reference) => Promise<Contender>;

const host = "127.0.0.1";

/** The name of the contender that is two. */
export const crossCheckName = "cross-check";

/** A real ZooKeeper without a limit on connections, otherwise as it comes unless `options` say more. */
export async function zooKeeper(options: ZooKeeperOptions = {}): Promise<Reference> {
  const server = await startZooKeeper(options);
  return {
    name: "ZooKeeper",
    about: `ZooKeeper ${server.version}`,
    addresses: [{ host, port: server.port }],
    processes: () => [{ name: "ZooKeeper", pid: server.pid() }],
    stop: () => server.stop(),
    server,
  };
}

/** How many of each stand behind a contender, and what it is called then. */
export interface Shape {
  readonly name?: string;
  readonly proxies?: number;
  readonly members?: 1 | 3;
}

/** Our proxy, or several, on an etcd of their own, of one member or three. */
export function zetcd({ name = "zetcd", proxies = 1, members = 1 }: Shape = {}): Start {
  return async (reference) => {
    const etcd = await startEtcd({ members });
    const running: ProxyServer[] = [];
    const stop = async () => {
      await Promise.all(running.map((proxy) => proxy.stop()));
      await etcd.stop();
    };
    try {
      const flags = ["--endpoints", etcd.endpoints.join(","), ...flagsLike(reference.server.version, ourSetup)];
      const start = async () => {
        const proxy = await startProxyServer(flags);
        running.push(proxy);
        return proxy;
      };
      const first = await start();
      for (let i = 1; i < proxies; i++) await start();
      const [, ...others] = running;
      return {
        name,
        about: `${counted(proxies, "zetcd")} on ${counted(members, "member")} of etcd ${etcd.version}`,
        addresses: [first, ...others],
        processes: () => [
          ...running.map((proxy, i) => ({ name: numbered("zetcd", i), pid: proxy.pid() })),
          ...etcdProcesses(etcd, "etcd"),
        ],
        stop,
      };
    } catch (cause) {
      await stop();
      throw cause;
    }
  };
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 || what === "zetcd" ? "" : "s"}`;
const numbered = (name: string, i: number) => (i === 0 ? name : `${name} ${i + 1}`);
const etcdProcesses = (etcd: EtcdServer, name: string): NamedProcess[] =>
  etcd.members.map((member, i) => ({ name: numbered(name, i), pid: member.pid() }));

/** Our proxy in cross-check mode, in front of a fresh ZooKeeper and a fresh etcd; ZooKeeper's answers go to the client. */
export async function crossCheck(): Promise<Contender> {
  const [oracle, etcd, guard] = await Promise.all([zooKeeper(), startEtcd(), openGuard("bench")]);
  const stopServers = async () => {
    await Promise.all([oracle.stop(), etcd.stop()]);
    await guard.release();
  };
  try {
    const proxy = await startProxy([
      ...["--endpoints", etcd.clientUrl, "--debug-zkbridge", `${host}:${oracle.server.port}`, "--debug-oracle", "zk"],
      ...["--report-dir", join(guard.dir, "report"), ...versionFlags(oracle.server.version)],
    ]);
    const stop = async () => {
      await proxy.stop(20_000);
      await stopServers();
    };
    const about = `zetcd on etcd ${etcd.version} and ${oracle.about}, compared`;
    return { name: crossCheckName, about, addresses: [{ host, port: proxy.port }], processes: () => [], stop };
  } catch (cause) {
    await stopServers();
    throw cause;
  }
}

/** The Go program of the same name, given by path, on an etcd of its own. */
export function zetcdInGo(program: string): Start {
  return async () => {
    const [etcd, port, guard] = await Promise.all([startEtcd(), freePort(), openGuard("zetcd-go")]);
    const server = startProcess(
      {
        program,
        args: ["--zkaddr", `${host}:${port}`, "--endpoints", etcd.clientUrl.replace("http://", "")],
        logFile: join(guard.dir, "server.log"),
      },
      guard,
    );
    const stop = async () => {
      await server.terminate();
      await etcd.stop();
      await guard.release();
    };
    try {
      await waitUntilReady(program, server, () => grantsSession(port));
    } catch (cause) {
      await stop();
      throw cause;
    }
    return {
      name: "zetcd (Go)",
      about: `${program} on etcd ${etcd.version}`,
      addresses: [{ host, port }],
      processes: () => [{ name: "zetcd (Go)", pid: server.pid }, ...etcdProcesses(etcd, "etcd (Go)")],
      stop,
    };
  };
}

/** True once a session is granted; undefined before. */
async function grantsSession(port: number): Promise<true | undefined> {
  const outcome = await connect({ host, port, timeoutMs: 5_000, connectWaitMs: 2_000 });
  if (outcome.is !== "granted") return undefined;
  outcome.client.close();
  return true;
}
