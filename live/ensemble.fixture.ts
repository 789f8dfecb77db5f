/** Three ZooKeepers that are one ensemble. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../oracle/servers/ports.ts";
import { fourLetterWord } from "../oracle/servers/readiness.ts";
import { forAnswers, startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";

const ids = [1, 2, 3] as const;

/** A running ensemble. */
export interface Ensemble {
  readonly leader: ZooKeeperServer;
  readonly follower: ZooKeeperServer;
  stop(): Promise<void>;
}

/** Starts one and waits until it serves. Throws `ServerFailed`. */
export async function startEnsemble(): Promise<Ensemble> {
  const home = await mkdtemp(join(tmpdir(), "zetcd-ensemble-"));
  const members: Record<string, string> = {};
  for (const id of ids) members[`server.${id}`] = `127.0.0.1:${await freePort()}:${await freePort()}`;
  const start = async (id: number) => {
    const dataDir = join(home, String(id));
    await mkdir(dataDir);
    await writeFile(join(dataDir, "myid"), String(id));
    const config = { ...forAnswers.config, ...members, dataDir, initLimit: "10", syncLimit: "5" };
    return startZooKeeper({ ...forAnswers, config });
  };
  const started = await Promise.allSettled(ids.map(start));
  const servers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(home, { recursive: true, force: true });
  };
  const modes = await Promise.all(servers.map((server) => fourLetterWord(server, "srvr")));
  const [leader, follower] = ["leader", "follower"].map(
    (mode) => servers[modes.findIndex((told) => told?.includes(`Mode: ${mode}`))],
  );
  if (leader !== undefined && follower !== undefined && servers.length === ids.length)
    return { leader, follower, stop };
  await stop();
  throw new Error(`no ensemble of three came up: ${JSON.stringify(started)}`);
}
