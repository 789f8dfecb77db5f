/** `xchk mutants`: the judge judged. Each candidate that lies in one named way is fuzzed until it is found out. */
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { seedOf } from "../../scenarios/generate/sequence.ts";
import { type Mutant, mutants } from "../mutants.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { forAnswersReaping, startZooKeeper, type ZooKeeperServer } from "../servers/zookeeper.ts";
import { ourSetup } from "./acquaintance.ts";
import { type RawFlags, textOf, wholeNumber } from "./flags.ts";
import { type TrialMeans, type TrialResult, tryMutant } from "./mutant-trial.ts";
import { judgeMutants, resultLine, tableHead } from "./mutants-verdict.ts";
import { Progress } from "./progress.ts";
import { contender, reapOftenMs } from "./servers.ts";
import { newReportDir, onInterrupt } from "./stage.ts";

/** Mutants tried on one pair of servers: what thousands of sequences leave behind makes a ZooKeeper slow. */
const perPair = 40;

/** A mutant and its place among all, which decides its sequences: the same with and without `--only`. */
interface Due {
  readonly mutant: Mutant;
  readonly at: number;
}

/** Those whose name contains one of some texts, separated by commas. Throws `BadArgument` when there is none. */
function chosen(only: string | undefined): Due[] {
  const texts = (only ?? "").split(",");
  const due = mutants
    .map((mutant, at) => ({ mutant, at }))
    .filter(({ mutant }) => texts.some((text) => mutant.name.includes(text)));
  if (due.length === 0) throw new BadArgument("--only", only ?? "", "is in no mutant's name");
  return due;
}

const sideOf = ({ host, port, version }: ZooKeeperServer) =>
  contender({ name: "zookeeper", version, isGiven: false, setup: ourSetup }, { host, port }, async () => undefined);

/** Runs the self-test; answers the exit code: 1 when too many lies pass, 2 when it was interrupted. Throws `BadArgument`, `ServerFailed`. */
export async function mutantsCommand(raw: RawFlags): Promise<number> {
  const due = chosen(textOf(raw, "only"));
  const seed = (wholeNumber(raw, "seed", -(2 ** 31)) ?? randomInt(2 ** 31)) | 0;
  const limitMs = (wholeNumber(raw, "limit-seconds", 1) ?? 60) * 1_000;
  const inFlight = wholeNumber(raw, "in-flight", 1) ?? 2;
  const json = textOf(raw, "json");
  const stop = onInterrupt();
  const progress = new Progress();
  progress.say(`${due.length} mutants, seed ${seed}; starting two ZooKeepers`);
  const reportDir = newReportDir("mutants");
  const results: TrialResult[] = [];
  for (let from = 0; from < due.length && !stop.aborted; from += perPair) {
    const asked = forAnswersReaping(reapOftenMs);
    const servers = await Promise.all([startZooKeeper(asked), startZooKeeper(asked)]);
    try {
      const [candidate, oracle] = [sideOf(servers[0]), sideOf(servers[1])];
      const means = { candidate, oracle, limitMs, reportDir, stop };
      results.push(...(await tryAll(due.slice(from, from + perPair), { ...means, seed, inFlight, progress })));
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
    progress.say(`${results.length} of ${due.length} tried`);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, limitMs, results }, null, 2)}\n`);
  if (stop.aborted) return 2;
  const { isGood, text } = judgeMutants(results);
  console.log(`${tableHead}\n${results.map(resultLine).join("\n")}\n\n${text}\nCounterexamples: ${reportDir}`);
  return isGood ? 0 : 1;
}

/** Tries several at a time; answers in the order of the list, without those that an interruption cut short. */
async function tryAll(
  due: readonly Due[],
  { seed, inFlight, progress, ...means }: TrialMeans & { seed: number; inFlight: number; progress: Progress },
): Promise<TrialResult[]> {
  const results: (TrialResult | undefined)[] = [];
  let next = 0;
  const worker = async () => {
    while (!means.stop.aborted) {
      const place = next++;
      const one = due[place];
      if (one === undefined) return;
      const result = await tryMutant(one.mutant, seedOf(seed, one.at), means);
      if (means.stop.aborted && !result.killed) return;
      results[place] = result;
      progress.say(resultLine(result));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return results.filter((result) => result !== undefined);
}
