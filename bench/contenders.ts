/** The servers that are measured, each with a store of its own on this machine. */
import { join } from "node:path";
import { startProxy, versionFlags } from "../oracle/commands/proxy.ts";
import { startEtcd } from "../oracle/servers/etcd.ts";
import { openGuard } from "../oracle/servers/guard.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { ServerFailed, startProcess } from "../oracle/servers/process.ts";
import { waitUntilReady } from "../oracle/servers/readiness.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { connect } from "../src/protocol/client.ts";

/** A server under test. */
export interface Contender {
  readonly name: string;
  /** What it is made of, for the head of the table. */
  readonly about: string;
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const host = "127.0.0.1";

/** The name of the contender that is two. */
export const crossCheckName = "cross-check";

/** A real ZooKeeper without a limit on connections, otherwise as it comes. */
export async function zooKeeper(): Promise<Contender & { readonly server: ZooKeeperServer }> {
  const server = await startZooKeeper({ config: { maxClientCnxns: "0" } });
  return {
    name: "ZooKeeper",
    about: `ZooKeeper ${server.version}`,
    host,
    port: server.port,
    stop: () => server.stop(),
    server,
  };
}

/** Our proxy on an etcd of its own. */
export async function zetcd(zooKeeperVersion: string): Promise<Contender> {
  const etcd = await startEtcd();
  try {
    const proxy = await startProxy(["--endpoints", etcd.clientUrl, ...versionFlags(zooKeeperVersion)]);
    const stop = async () => {
      await proxy.stop();
      await etcd.stop();
    };
    return { name: "zetcd", about: `zetcd on etcd ${etcd.version}`, host, port: proxy.port, stop };
  } catch (cause) {
    await etcd.stop();
    throw cause;
  }
}

/** Our proxy in cross-check mode, in front of a fresh ZooKeeper and a fresh etcd; ZooKeeper's answers go to the client. */
export async function crossCheck(): Promise<Contender> {
  const [oracle, etcd, guard] = await Promise.all([zooKeeper(), startEtcd(), openGuard("bench")]);
  const stopServers = async () => {
    await Promise.all([oracle.stop(), etcd.stop()]);
    await guard.release();
  };
  try {
    const proxy = await startProxy([
      ...["--endpoints", etcd.clientUrl, "--debug-zkbridge", `${host}:${oracle.port}`, "--debug-oracle", "zk"],
      ...["--report-dir", join(guard.dir, "report"), ...versionFlags(oracle.server.version)],
    ]);
    const stop = async () => {
      await proxy.stop(20_000);
      await stopServers();
    };
    return { name: crossCheckName, about: "zetcd and ZooKeeper, compared", host, port: proxy.port, stop };
  } catch (cause) {
    await stopServers();
    throw cause;
  }
}

/** The Go program of the same name, given by path, on an etcd of its own. */
export async function zetcdInGo(program: string): Promise<Contender> {
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
    return { name: "zetcd (Go)", about: `${program} on etcd ${etcd.version}`, host, port, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** True once a session is granted; undefined before. */
async function grantsSession(port: number): Promise<true | undefined> {
  const outcome = await connect({ host, port, timeoutMs: 5_000, connectWaitMs: 2_000 });
  if (outcome.is !== "granted") return undefined;
  outcome.client.close();
  return true;
}

/** Creates znodes, parents first; those that are there already stay. Throws {@link ServerFailed}. */
export async function createZnodes({ name, port }: Contender, paths: readonly string[]): Promise<void> {
  const outcome = await connect({ host, port, timeoutMs: 10_000, connectWaitMs: 10_000 });
  if (outcome.is !== "granted") throw new ServerFailed(`${name} grants no session (${outcome.is})`);
  const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
  const data = Buffer.from("12345678");
  for (const path of paths) {
    const { header } = await outcome.client.call("create", { path, data, acl, flags: 0 });
    if (header.err !== 0 && header.err !== -110)
      throw new ServerFailed(`${name} answers ${header.err} to create ${path}`);
  }
  await outcome.client.call("closeSession", {});
  outcome.client.close();
}
