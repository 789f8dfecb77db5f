/** A real ZooKeeper and `bin/zetcd` side by side, for what has to go the same on both. */
import { afterAll, beforeAll, expect } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { connectTo, creation, type ProxyProcess, startProxy } from "./etcd.fixture.ts";

/** Starts both before a file's tests and stops them behind. Ask for ports and for the ZooKeeper in tests and hooks only. */
export function startBoth({ config = {}, flags = ["--extended-types"] }: Partial<Flavour> = {}) {
  let etcd: EtcdServer;
  let proxy: ProxyProcess;
  let zookeeper: ZooKeeperServer;
  beforeAll(async () => {
    [etcd, zookeeper] = await Promise.all([startEtcd(), startZooKeeper({ config })]);
    proxy = await startProxy(etcd, flags);
  });
  afterAll(async () => {
    await Promise.all([proxy?.kill(), zookeeper?.stop()]);
    await etcd?.stop();
  });
  const ports = { ZooKeeper: () => zookeeper.port, zetcd: () => proxy.port };
  return { ports, zookeeper: () => zookeeper };
}

/** How they are set up: lines of zoo.cfg, and flags of zetcd. */
interface Flavour {
  readonly config: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** Which of the two. */
export type Name = "ZooKeeper" | "zetcd";

/** A root with so many children, each with one child of its own. */
export async function plant(port: number, root: string, children: number): Promise<void> {
  const client = await connectTo(port);
  const names = Array.from({ length: children }, (_, index) => `${root}/${String(index).padStart(5, "0")}`);
  const paths = [root, ...names.flatMap((path) => [path, `${path}/below`])];
  const replies = await Promise.all(
    paths.map((path) => client.call("create", creation(path, 0, Buffer.from(`data of ${path}`)))),
  );
  expect(replies.filter(({ header }) => header.err !== 0)).toEqual([]);
  client.close();
}
