/** One write that a thousand clients wait for. */
import { setTimeout as sleep } from "node:timers/promises";
import { xids } from "../../src/protocol/opcodes.ts";
import { percentile } from "../../src/zkboom/summary.ts";
import { type Bench, inTurns, medianRow, type Section, unlessSpoiled, warm, withContenders } from "../bench.ts";
import type { Contender } from "../contenders.ts";
import { Spoiled } from "../measure.ts";
import { type Figures, type Measure, median, overFirst } from "../result.ts";
import { createZnodes, openSession } from "../znodes.ts";
import { peers } from "./throughput.ts";

/** Watchers, each a session and a connection of its own. */
const watchers = 1_000;

/** Sessions opened at a time, below every backlog. */
const openAtOnce = 50;

/** Writes in each turn. */
const shots = { full: 20, quick: 5 } as const;

/** As long as servers grant at their default tick: sessions stay idle while others have their turn. */
const timeoutMs = 40_000;

/** How long all events of a write may take. */
const eventsWaitMs = 30_000;

/** What they watch. */
const path = "/bench/watched";

const measures: readonly Measure[] = [
  { key: "lastMs", heading: "last p50 ms", digits: 2 },
  { key: "lastP99Ms", heading: "last p99 ms", digits: 2 },
  { key: "middleMs", heading: "middle p50 ms", digits: 2 },
];

/** When events came after a write, in milliseconds. */
interface Shot {
  /** The event in the middle. */
  readonly middleMs: number;
  readonly lastMs: number;
}

/** Sessions that watch one znode, and one that writes to it. */
interface Crowd {
  readonly name: string;
  /** Sets the watches, writes, and waits for all events. Throws {@link Spoiled}. */
  shoot(): Promise<Shot>;
  close(): void;
}

async function openCrowd(contender: Contender, signal: AbortSignal): Promise<Crowd> {
  await createZnodes(contender, ["/bench", path]);
  const [at] = contender.addresses;
  const arrived: number[] = [];
  let done = Promise.withResolvers<void>();
  const onFrame = (frame: Buffer) => {
    if (frame.readInt32BE(0) !== xids.notification) return;
    arrived.push(performance.now());
    if (arrived.length === watchers) done.resolve();
  };
  const clients = [await openSession(at, { timeoutMs })];
  const [writer] = clients;
  const close = () => {
    for (const client of clients) client.close();
  };
  while (clients.length <= watchers) {
    signal.throwIfAborted();
    const count = Math.min(openAtOnce, watchers + 1 - clients.length);
    const opened = await Promise.all(Array.from({ length: count }, () => openSession(at, { timeoutMs, onFrame })));
    clients.push(...opened);
  }
  const shoot = async () => {
    signal.throwIfAborted();
    arrived.length = 0;
    done = Promise.withResolvers();
    await Promise.all(clients.slice(1).map((client) => client.call("getData", { path, watch: true })));
    const hurry = new AbortController();
    const startedAt = performance.now();
    await writer?.call("setData", { path, data: Buffer.from(String(startedAt)), version: -1 });
    const tooLong = sleep(eventsWaitMs, "late", { signal: hurry.signal }).catch(() => "in time");
    const outcome = await Promise.race([done.promise, tooLong]);
    hurry.abort();
    if (outcome === "late") throw new Spoiled(`${arrived.length} of ${watchers} events within ${eventsWaitMs} ms`);
    return { middleMs: median(arrived) - startedAt, lastMs: (arrived.at(-1) ?? Number.NaN) - startedAt };
  };
  return { name: contender.name, shoot, close };
}

/** Some shots of a turn in figures; undefined when one was spoiled. */
function turn(bench: Bench, crowd: Crowd): Promise<Figures | undefined> {
  return unlessSpoiled(bench, crowd.name, async () => {
    const found: Shot[] = [];
    for (let i = 0; i < shots[bench.quick ? "quick" : "full"]; i++) found.push(await crowd.shoot());
    const last = found.map(({ lastMs }) => lastMs);
    const figures = {
      lastMs: median(last),
      lastP99Ms: percentile(Float64Array.from(last).sort(), 99),
      middleMs: median(found.map(({ middleMs }) => middleMs)),
    };
    bench.note(`${crowd.name}: ${watchers} watchers: last event after ${figures.lastMs.toFixed(1)} ms`);
    return figures;
  });
}

export const watchFanout: Section = {
  name: "watch-fanout",
  about: `${watchers} sessions that watch one znode, from the write to the last event`,
  run: (bench) =>
    withContenders(bench, peers(bench), async (contenders) => {
      await warm(bench, contenders);
      const crowds: Crowd[] = [];
      try {
        for (const contender of contenders) {
          bench.note(`opening ${watchers} sessions on ${contender.name}`);
          crowds.push(await openCrowd(contender, bench.signal));
        }
        for (const crowd of crowds) for (let i = 0; i < 3; i++) await crowd.shoot();
        const rounds = await inTurns(bench.rounds, crowds, (crowd) => turn(bench, crowd));
        const names = contenders.map(({ name }) => name);
        return [
          {
            section: "watch-fanout",
            title: "Watch fan-out: from the write to the last and to the middle event; ratios of the last",
            about: contenders.map(({ about }) => about),
            contenders: names,
            measures,
            rows: [medianRow(`${watchers} watchers on one znode`, rounds)],
            ratioOf: "lastMs",
            ratios: overFirst(names),
          },
        ];
      } finally {
        for (const crowd of crowds) crowd.close();
      }
    }),
};
