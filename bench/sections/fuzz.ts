/** How fast `xchk fuzz` checks: operations that were generated, asked of both servers and compared. */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { forAnswers } from "../../oracle/servers/zookeeper.ts";
import type { Summary } from "../../reports/summary.ts";
import { type Bench, inTurns, medianRow, type Section, unlessSpoiled, withContenders } from "../bench.ts";
import { type Contender, zetcd, zooKeeper } from "../contenders.ts";
import { Spoiled } from "../measure.ts";
import { type Figures, type Measure, overFirst, type Result } from "../result.ts";
import { scaled } from "../workloads.ts";

const xchk = fileURLToPath(new URL("../../bin/xchk", import.meta.url));

/** Sessions of a sequence, of which 3 is the default, and operations of a run, half a minute of them: three programs are still being compiled in its first
 *  seconds. */
const runs = [
  { sessions: 1, operations: 200_000 },
  { sessions: 3, operations: 120_000 },
  { sessions: 16, operations: 80_000 },
] as const;

const sessionsName = (count: number) => `${count} session${count === 1 ? "" : "s"}`;

const measures: readonly Measure[] = [
  { key: "perSecond", heading: "operations/s", digits: 0 },
  { key: "repliesPerSecond", heading: "replies/s", digits: 0 },
];

/** One run of xchk; its seed is the round's, so that all candidates get the same. A report of divergences stays where xchk puts it. */
async function check(
  bench: Bench,
  oracle: Contender,
  candidate: Contender,
  how: { sessions: number; operations: number; seed: number },
) {
  const ops = scaled(how.operations, bench);
  const address = ({ addresses: [{ host, port }] }: Contender) => `zk://${host}:${port}`;
  const argv = [
    ...["fuzz", "--oracle", address(oracle), "--candidate", address(candidate)],
    ...["--ops", ops, "--sessions", how.sessions, "--seed", how.seed, "--shrink-time", 0],
  ].map(String);
  const said = await new Promise<string>((resolve) => {
    execFile(xchk, argv, { signal: bench.signal }, (_error, out, err) => resolve(out + err));
  });
  bench.signal.throwIfAborted();
  const report = /^Report: (.*)$/m.exec(said)?.[1];
  if (report === undefined) throw new Spoiled(said.trim());
  const summary = JSON.parse(await readFile(join(dirname(report), "summary.json"), "utf8")) as Summary;
  if (summary.exitCode !== 0) throw new Spoiled(`${summary.headline} Report: ${report}`);
  await rm(dirname(report), { recursive: true });
  const seconds = (summary.durationMs ?? Number.NaN) / 1_000;
  bench.note(`${candidate.name}, ${sessionsName(how.sessions)}: ${(ops / seconds).toFixed(0)} operations/s`);
  return { perSecond: ops / seconds, repliesPerSecond: summary.operations / seconds };
}

async function measureAll(bench: Bench, oracle: Contender, candidates: readonly Contender[]): Promise<Result[]> {
  const names = candidates.map(({ name }) => name);
  const rows = [];
  for (const run of runs) {
    let round = 0;
    const figures = await inTurns(bench.rounds, candidates, (candidate) =>
      unlessSpoiled<Figures>(bench, candidate.name, () =>
        check(bench, oracle, candidate, { ...run, seed: 1 + Math.floor(round++ / candidates.length) }),
      ),
    );
    rows.push(medianRow(sessionsName(run.sessions), figures));
  }
  return [
    {
      ...{ section: "fuzz", title: "Operations checked by xchk fuzz, by candidate" },
      about: [`oracle: ${oracle.about}`, ...candidates.map(({ about }) => about)],
      ...{ contenders: names, measures, rows, ratioOf: "perSecond", ratios: overFirst(names) },
    },
  ];
}

export const fuzz: Section = {
  name: "fuzz",
  about: "xchk fuzz with ZooKeeper as oracle: how many operations it checks",
  run: (bench) =>
    withContenders(
      bench,
      [() => zooKeeper(forAnswers), zetcd()],
      ([oracle, ...candidates]) => measureAll(bench, oracle, candidates),
      forAnswers,
    ),
};
