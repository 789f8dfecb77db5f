/** Two private ZooKeepers of the same version: the pair that must never disagree. */
import { startZooKeeper, type ZooKeeperOptions, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";

/** The pair, and the SERVER arguments that name it. */
export interface Pair {
  readonly candidate: string;
  readonly oracle: string;
  /** The flags that name both. */
  readonly flags: readonly string[];
  stop(): Promise<void>;
}

/** Starts both. Throws `ServerFailed`. */
export async function startPair(options?: ZooKeeperOptions): Promise<Pair> {
  const servers: ZooKeeperServer[] = await Promise.all([startZooKeeper(options), startZooKeeper(options)]);
  const [candidate = "", oracle = ""] = servers.map((server) => `zk://${server.address}`);
  return {
    ...{ candidate, oracle },
    flags: ["--candidate", candidate, "--oracle", oracle],
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  };
}
