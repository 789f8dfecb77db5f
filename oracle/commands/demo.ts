/** `xchk demo`, what `npm start` runs: a private etcd, a private ZooKeeper, and `bin/zetcd` between them in cross-check mode; generated
 *  operations go through its client port as any application's would, and zetcd's own report gives the verdict. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Summary } from "../../reports/summary.ts";
import { Arena } from "../../scenarios/arena.ts";
import { Casebook } from "../../scenarios/casebook.ts";
import { loadProfile } from "../../scenarios/generate/profile.ts";
import { type FuzzLimits, fuzz } from "../../scenarios/generate/property.ts";
import { bridge } from "../bridge.ts";
import { type RunningEtcd, type RunningZooKeeper, useEtcd, useZooKeeper } from "../servers/auto.ts";
import { ServerFailed } from "../servers/process.ts";
import { acquaintance, ourSetup, type Setup } from "./acquaintance.ts";
import { addBehaviour } from "./behaviour.ts";
import { type RawFlags, textOf, wholeNumber } from "./flags.ts";
import { runFuzz } from "./fuzz.ts";
import { bar, Progress } from "./progress.ts";
import { flagsLike, type RunningProxy, startProxy } from "./proxy.ts";
import { contender } from "./servers.ts";
import { defaultKnownFile, newReportDir, onInterrupt } from "./stage.ts";
import { probedOf } from "./table.ts";

/** The demo lasts until it has sent enough and shown enough, unless the machine is too slow for that. */
const demoLimits = {
  operations: 6_000,
  durationMs: 30_000,
  durationMaxMs: 150_000,
  /** Fewer compared replies than this prove nothing. */
  checkedMin: 5_000,
  inFlight: 6,
  /** zetcd waits for what is under way, and writes the report. */
  stopWaitMs: 30_000,
} as const;

/** The same on every machine, so that a divergence seen by one person can be seen by another. */
const demoSeed = 20_260;

interface Servers {
  readonly etcd: RunningEtcd;
  readonly zookeeper: RunningZooKeeper;
  /** How that ZooKeeper is configured. */
  readonly setup: Setup;
}

const likeOracle = ({ zookeeper, setup }: Servers) => flagsLike(zookeeper.version, setup);

/** Runs the demo; answers the exit code. Throws `ServerFailed` and `BadArgument`. */
export async function demoCommand(raw: RawFlags): Promise<number> {
  const seed = wholeNumber(raw, "seed", 0) ?? demoSeed;
  const reportDir = textOf(raw, "report-dir") ?? newReportDir("demo");
  const stop = onInterrupt();
  const progress = new Progress();
  progress.say("starting etcd, ZooKeeper and zetcd");
  const [etcd, zookeeper] = await Promise.all([useEtcd(), useZooKeeper()]);
  try {
    const setup = zookeeper.from === "given" ? await acquaintance(zookeeper, "ZETCD_ZOOKEEPER") : ourSetup;
    const servers = { etcd, zookeeper, setup };
    const proxy = await startProxy([
      ...["--endpoints", etcd.endpoints.join(","), "--debug-zkbridge", zookeeper.address, "--debug-oracle", "zk"],
      ...["--report-dir", reportDir, "--known", defaultKnownFile, ...likeOracle(servers)],
    ]);
    progress.say(
      `zetcd on ${proxy.host}:${proxy.port} checks etcd ${etcd.version} against ZooKeeper ${zookeeper.version}; seed ${seed}`,
    );
    await drive(proxy, seed, { stop, progress });
    progress.show(() => "stopping zetcd, which writes the report");
    const how = await proxy.stop(demoLimits.stopWaitMs);
    if (how === "exit code 0") await showBehaviour(reportDir, servers);
    progress.done();
    if (how !== "exit code 0") throw new ServerFailed(`bin/zetcd did not stop well (${how})`);
    return await judge(reportDir, seed, { servers, stop });
  } finally {
    progress.done();
    await Promise.all([etcd.stop(), zookeeper.stop()]);
  }
}

/** Puts the behaviour table into zetcd's report: it is made of the two sides, and so behind the cross-check's back. */
async function showBehaviour(reportDir: string, servers: Servers): Promise<void> {
  const { etcd, zookeeper, setup } = servers;
  const proxy = await startProxy(["--endpoints", etcd.endpoints.join(","), ...likeOracle(servers)]);
  const version = `on etcd ${etcd.version}`;
  const ours = { name: "zetcd", version, isGiven: false, setup };
  const candidate = contender(ours, proxy, async () => void (await proxy.stop()));
  const theirs = { name: "zookeeper", version: zookeeper.version, isGiven: true, setup };
  const oracle = contender(theirs, zookeeper, async () => undefined);
  try {
    await addBehaviour(reportDir, [probedOf(candidate, ""), probedOf(oracle, "")]);
  } finally {
    await Promise.all([candidate.stop(), oracle.stop()]);
  }
}

/** Sends sequences as a client that knows nothing of the cross-check behind the port. */
async function drive(
  proxy: RunningProxy,
  seed: number,
  { stop, progress }: { readonly stop: AbortSignal; readonly progress: Progress },
): Promise<void> {
  const client = bridge(proxy);
  const arena = new Arena(
    { openAs: (_label, hello, downstream) => client.open(hello, downstream), settled: async () => undefined },
    new Casebook(() => undefined),
  );
  const started = performance.now();
  let sent = 0;
  const send = async (part: { readonly seed: number; readonly operations: number; readonly timeLimitMs: number }) => {
    const limits: FuzzLimits = {
      ...{ runs: Number.POSITIVE_INFINITY, maxCauses: 1, shrinkMs: 0, endOnFailure: false, isSteered: false },
      ...{ operations: part.operations, timeLimitMs: part.timeLimitMs, inFlight: demoLimits.inFlight },
    };
    const before = sent;
    const totals = await fuzz({ seed: part.seed, profile: loadProfile("live"), allowHazards: false }, limits, {
      ...{ arena, lab: arena, journal: () => undefined, reportDir: "", replayOf: () => "", replayFile: () => "", stop },
      progress: (now) => {
        sent = before + now.operations;
        const seconds = (performance.now() - started) / 1_000;
        const share = Math.min(sent / demoLimits.operations, (seconds * 1_000) / demoLimits.durationMs);
        progress.show(() => `${bar(share)} ${sent} operations, ${Math.round(sent / seconds)} a second`);
      },
    });
    if (totals.ended === "lost") throw new ServerFailed(`zetcd gives no session: ${totals.trouble}\n${proxy.tail()}`);
  };
  try {
    await send({ seed, operations: demoLimits.operations, timeLimitMs: demoLimits.durationMaxMs });
    const leftMs = demoLimits.durationMs - (performance.now() - started);
    if (leftMs > 0) await send({ seed: seed + 1, operations: Number.POSITIVE_INFINITY, timeLimitMs: leftMs });
  } finally {
    await client.close();
  }
}

/** Says what zetcd's report says; a divergence is then looked for on the direct path, where it can be shrunk. */
async function judge(
  reportDir: string,
  seed: number,
  { servers, stop }: { readonly servers: Servers; readonly stop: AbortSignal },
): Promise<number> {
  const summary = JSON.parse(readFileSync(join(reportDir, "summary.json"), "utf8")) as Summary;
  console.log(summary.headline);
  for (const reason of summary.reasons) console.log(`  ${reason}`);
  for (const cause of summary.divergences.slice(0, 10)) console.log(`  ${cause.occurrences} x ${cause.fingerprint}`);
  console.log(`Report: ${join(reportDir, "report.html")}`);
  if (summary.exitCode === 0 && summary.checkedReplies < demoLimits.checkedMin) {
    console.log(
      `Undecided: only ${summary.checkedReplies} replies were compared, ${demoLimits.checkedMin} are asked for.`,
    );
    return 2;
  }
  if (summary.divergences.length > 0 && !stop.aborted) await shrinkDirectly(reportDir, seed, servers);
  return summary.exitCode;
}

/** The same sequences against a proxy and ZooKeeper side by side, to find the causes again in small. */
async function shrinkDirectly(reportDir: string, seed: number, servers: Servers): Promise<void> {
  const { etcd, zookeeper } = servers;
  console.log("Looking for the smallest sequences that show it:");
  const proxy = await startProxy(["--endpoints", etcd.endpoints.join(","), ...likeOracle(servers)]);
  await runFuzz(
    {
      mode: "demo",
      seed,
      profile: loadProfile("live"),
      allowHazards: false,
      operationsFloor: 1,
      limits: {
        ...{ runs: Number.POSITIVE_INFINITY, operations: demoLimits.operations, timeLimitMs: 60_000 },
        ...{ inFlight: demoLimits.inFlight, maxCauses: 3, shrinkMs: 15_000, endOnFailure: false },
        isSteered: false,
      },
    },
    {
      candidate: `zk://${proxy.host}:${proxy.port}`,
      oracle: `zk://${zookeeper.address}`,
      reportDir: join(reportDir, "direct"),
      answerFrom: "oracle",
      settleMs: 5_000,
      cleanup: false,
    },
  );
  await proxy.stop();
}
