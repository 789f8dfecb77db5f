/** How long a server needs until it serves a large tree again after a crash, and what it takes for that. */
import { versionFlags } from "../../oracle/commands/proxy.ts";
import { startEtcd } from "../../oracle/servers/etcd.ts";
import { startZooKeeper } from "../../oracle/servers/zookeeper.ts";
import { type Bench, inTurns, loadFigures, loadMeasures, medianRow, type Section, unlessSpoiled } from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { measure, Spoiled } from "../measure.ts";
import { usage } from "../processes.ts";
import { startProxyServer } from "../proxy-server.ts";
import { type Figures, type Measure, overFirst, type Result } from "../result.ts";
import { createZnodes, withSession } from "../znodes.ts";

/** Data of each znode. */
const valueBytes = 128;

/** Children of each parent; the last one may have fewer. */
const childrenPerParent = 10_000;

/** What loads the tree. */
const loadShape = { connections: 10, pipeline: 100 } as const;

/** Room for a million znodes and more: the heap of ZooKeeper, and etcd's limit on its database (2 GiB as shipped). */
const heap = "-Xmx4g";
const etcdBytesMax = String(8 * 2 ** 30);

/** How long a ZooKeeper may take to load. */
const readyWaitMs = 600_000;

const measures: readonly Measure[] = [
  { key: "readyMs", heading: "ms", digits: 0 },
  { key: "cpuMs", heading: "CPU ms", digits: 0 },
  { key: "rssMiB", heading: "RSS MiB", digits: 0 },
];

/** A server, or all of a contender's servers, that can be killed and started again. */
interface Restartable {
  readonly name: string;
  readonly contender: Contender;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** The processes that are restarted. */
  pids(): readonly number[];
}

/** The servers, what can be restarted of them, and their end. */
interface Stage {
  readonly contenders: readonly [Contender, Contender];
  readonly restartables: readonly Restartable[];
  stop(): Promise<void>;
}

async function openStage(): Promise<Stage> {
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const server of started.toReversed()) await server.stop();
  };
  try {
    // As shipped: the servers of tests take no snapshots on the way.
    const config = { maxClientCnxns: "0", snapCount: "100000" };
    const zooKeeper = await startZooKeeper({ config, javaOpts: [heap], readyWaitMs });
    started.push(zooKeeper);
    const etcd = await startEtcd({ flags: { "quota-backend-bytes": etcdBytesMax } });
    started.push(etcd);
    const proxy = await startProxyServer(["--endpoints", etcd.clientUrl, ...versionFlags(zooKeeper.version)]);
    started.push(proxy);
    const reference: Contender = {
      ...{ name: "ZooKeeper", about: `ZooKeeper ${zooKeeper.version}, ${heap}` },
      addresses: [{ host: zooKeeper.host, port: zooKeeper.port }],
      processes: () => [{ name: "ZooKeeper", pid: zooKeeper.pid() }],
      stop: () => zooKeeper.stop(),
    };
    const etcdPids = () => etcd.members.map((member) => member.pid());
    const candidate: Contender = {
      ...{ name: "zetcd", about: `zetcd on etcd ${etcd.version}`, addresses: [proxy] },
      processes: () => [{ name: "zetcd", pid: proxy.pid() }],
      stop: () => proxy.stop(),
    };
    const alone = { kill: () => proxy.kill(), restart: () => proxy.restart(), pids: () => [proxy.pid()] };
    const both = {
      kill: async () => void (await Promise.all([proxy.kill(), etcd.kill()])),
      restart: async () => {
        await etcd.restart();
        await proxy.restart();
      },
      pids: () => [proxy.pid(), ...etcdPids()],
    };
    const restartables = [
      {
        ...{ name: "ZooKeeper", contender: reference, kill: () => zooKeeper.kill() },
        ...{ restart: () => zooKeeper.restart(), pids: () => [zooKeeper.pid()] },
      },
      { name: "zetcd", contender: candidate, ...alone },
      { name: "zetcd + etcd", contender: candidate, ...both },
    ];
    return { contenders: [reference, candidate], restartables, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Creates the tree; answers what each server made of it, parent by parent, the last in medians of all. */
async function load(bench: Bench, contender: Contender): Promise<Figures[]> {
  const figures: Figures[] = [];
  await createZnodes(contender, ["/bench"]);
  for (let made = 0; made < bench.znodes; made += childrenPerParent) {
    const parent = `/bench/p${made}`;
    const total = Math.min(childrenPerParent, bench.znodes - made);
    await createZnodes(contender, [parent]);
    const own = ["create", "--prefix", `${parent}/n`, "--key-size", "24", "--val-size", String(valueBytes)];
    const summary = await measure(contender, { ...loadShape, total }, own, bench.signal);
    figures.push(loadFigures(summary));
    bench.note(`${contender.name}: ${made + total} of ${bench.znodes} znodes, ${summary.perSecond.toFixed(0)}/s`);
  }
  return figures;
}

/** Kills, starts again, and waits until the znode created last is answered. */
function crash(bench: Bench, { name, contender, kill, restart, pids }: Restartable): Promise<Figures | undefined> {
  return unlessSpoiled(bench, name, async () => {
    bench.signal.throwIfAborted();
    await kill();
    const startedAt = performance.now();
    await restart();
    const [at] = contender.addresses;
    const last = `/bench/p${Math.floor((bench.znodes - 1) / childrenPerParent) * childrenPerParent}`;
    const stat = await withSession(
      at,
      async (client) => (await client.call("exists", { path: last, watch: false })).body,
    );
    const readyMs = performance.now() - startedAt;
    const expected = ((bench.znodes - 1) % childrenPerParent) + 1;
    if (stat?.stat.numChildren !== expected)
      throw new Spoiled(`${last} has ${stat?.stat.numChildren} children instead of ${expected}`);
    const used = pids().map(usage);
    const sum = (of: (each: NonNullable<ReturnType<typeof usage>>) => number) =>
      used.reduce((total, each) => total + (each === undefined ? Number.NaN : of(each)), 0);
    bench.note(`${name}: serves after ${readyMs.toFixed(0)} ms`);
    return { readyMs, cpuMs: sum(({ cpuMs }) => cpuMs), rssMiB: sum(({ rssBytes }) => rssBytes) / 2 ** 20 };
  });
}

async function measureStage(bench: Bench, { contenders, restartables }: Stage): Promise<Result[]> {
  const loaded = new Map<string, Figures[]>();
  for (const contender of contenders) {
    const figures = await unlessSpoiled(bench, contender.name, () => load(bench, contender));
    loaded.set(contender.name, figures ?? []);
  }
  const crashed = await inTurns(bench.rounds, restartables, (each) => crash(bench, each));
  const about = contenders.map((contender) => contender.about);
  const names = contenders.map(({ name }) => name);
  const all = restartables.map(({ name }) => name);
  const { connections, pipeline } = loadShape;
  return [
    {
      ...{ section: "start-up", title: "A large tree is made: medians of each 10,000", about, contenders: names },
      measures: loadMeasures,
      rows: [medianRow(`${bench.znodes} znodes, ${connections} conn x ${pipeline} in flight`, loaded)],
      ...{ ratioOf: "perSecond", ratios: overFirst(names) },
    },
    {
      ...{ section: "start-up", title: "The same tree after kill -9: until it is served again; ratios of the time" },
      ...{ about, contenders: all, measures },
      rows: [medianRow(`${bench.znodes} znodes of ${valueBytes} bytes`, crashed)],
      ...{ ratioOf: "readyMs", ratios: overFirst(all) },
    },
  ];
}

export const startUp: Section = {
  name: "start-up",
  about: "a crashed server with a large tree, until it serves again; its CPU time and memory",
  run: async (bench) => {
    bench.note("starting servers");
    const stage = await openStage();
    try {
      return await measureStage(bench, stage);
    } finally {
      await stage.stop();
    }
  },
};
