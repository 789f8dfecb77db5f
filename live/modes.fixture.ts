/** `bin/zetcd` in its three modes, and a ZooKeeper to compare with: what the stock clients are pointed at. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ourSetup } from "../oracle/commands/acquaintance.ts";
import { flagsLike, type RunningProxy, startProxy } from "../oracle/commands/proxy.ts";
import { startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper } from "../oracle/servers/zookeeper.ts";
import type { Summary } from "../reports/summary.ts";

/** What `bin/zetcd` can be. */
export const modeNames = ["proxy", "bridge", "crosscheck"] as const;
export type ModeName = (typeof modeNames)[number];

/** Where a client finds a server. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Running servers. All grant sessions of 1 s to 40 s, whatever the tick. */
export interface Modes {
  /** A ZooKeeper of its own, for what a client sees when nothing of ours is between. */
  readonly zookeeper: Address;
  readonly proxy: Address;
  readonly bridge: Address;
  readonly crosscheck: Address;
  /** Stops the cross-check, so that it writes its report; answers the summary. May be called twice. */
  verdict(): Promise<Summary>;
  /** Ends and removes everything. */
  stop(): Promise<void>;
}

/** Sessions as short as a test of expiry wants them. */
const timeouts = { tickTimeMs: "500", minMs: "1000", maxMs: "40000" } as const;

/** How long a cross-check may take to write its report, in milliseconds. */
const reportWaitMs = 30_000;

const knownFile = fileURLToPath(new URL("../scenarios/known-divergences.yml", import.meta.url));

/** Starts one etcd, two ZooKeepers and three `bin/zetcd`. The bridge and the comparison share a ZooKeeper; the cross-check's is its own. */
export async function startModes(): Promise<Modes> {
  const config = {
    tickTime: timeouts.tickTimeMs,
    minSessionTimeout: timeouts.minMs,
    maxSessionTimeout: timeouts.maxMs,
  };
  const [etcd, zookeeper, oracle, reportDir] = await Promise.all([
    startEtcd(),
    startZooKeeper({ config }),
    startZooKeeper({ config }),
    mkdtemp(join(tmpdir(), "zetcd-clients-")),
  ]);
  const like = [
    ...flagsLike(zookeeper.version, ourSetup),
    ...["--tick-time", timeouts.tickTimeMs, "--min-session-timeout", timeouts.minMs],
    ...["--max-session-timeout", timeouts.maxMs],
  ];
  const endpoints = etcd.endpoints.join(",");
  const [proxy, bridge, crosscheck] = await Promise.all([
    startProxy(["--endpoints", endpoints, "--prefix", "/alone", ...like]),
    startProxy(["--debug-zkbridge", zookeeper.address, ...like]),
    startProxy([
      ...["--endpoints", endpoints, "--prefix", "/checked", "--debug-zkbridge", oracle.address],
      ...["--debug-oracle", "zk", "--report-dir", reportDir, "--known", knownFile, ...like],
    ]),
  ]);
  const verdict = async () => {
    await crosscheck.stop(reportWaitMs);
    return JSON.parse(await readFile(join(reportDir, "summary.json"), "utf8")) as Summary;
  };
  const stop = async () => {
    await Promise.all([proxy, bridge, crosscheck].map((server: RunningProxy) => server.stop()));
    await Promise.all([etcd.stop(), zookeeper.stop(), oracle.stop(), rm(reportDir, { recursive: true })]);
  };
  return { zookeeper, proxy, bridge, crosscheck, verdict, stop };
}
