/** The benchmark: ZooKeeper and zetcd side by side in one run, then the cross-check. See README.md beside it. */
import { cpus, tmpdir, totalmem } from "node:os";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import type { Summary } from "../src/zkboom/summary.ts";
import { type Contender, crossCheck, crossCheckName, zetcd, zetcdInGo, zooKeeper } from "./contenders.ts";
import { measure, Spoiled } from "./measure.ts";
import { medians, type Row, table } from "./table.ts";
import { crossCheckWorkloads, type Workload, warmUp, workloadName, workloads } from "./workloads.ts";

/** What a user may ask for. */
interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  readonly zetcdGo?: string;
}

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const command = new Command("bench")
    .description("Measures ZooKeeper and zetcd side by side and prints one table.")
    .option("--quick", "a tenth of the requests", false)
    .option("--rounds <n>", "rounds of which the medians are taken", rounds, 3)
    .option("--zetcd-go <path>", "also measure this Go zetcd")
    .helpOption("--help", "print this")
    .allowExcessArguments(false)
    .exitOverride();
  try {
    command.parse([...argv], { from: "user" });
  } catch (cause) {
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : 254;
    throw cause;
  }
  return bench(command.opts<Options>());
}

function rounds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It is a whole number from 1.");
}

async function bench(options: Options): Promise<number> {
  const contenders: Contender[] = [];
  try {
    const reference = await zooKeeper();
    contenders.push(reference);
    contenders.push(await zetcd(reference.server.version));
    if (options.zetcdGo !== undefined) contenders.push(await zetcdInGo(options.zetcdGo));
    say(describeRun(options, contenders));
    const rows = await sideBySide(contenders, options);
    say(
      `\n${table(
        rows,
        contenders.map(({ name }) => name),
      )}`,
    );
    const [stopped] = contenders.splice(1, 1);
    await stopped?.stop();
    const checkedRows = await crossChecked(reference, options);
    say(`\n${table(checkedRows, [reference.name, crossCheckName])}`);
    const figures = [...rows, ...checkedRows].flatMap((row) => Object.values(row.figures));
    return figures.includes(undefined) ? 1 : 0;
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/** The result. */
function say(text: string): void {
  process.stdout.write(text);
}

/** Progress goes to stderr, so that stdout is the result. */
function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function describeRun({ rounds, quick }: Options, contenders: readonly Contender[]): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model.trim() ?? process.arch}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const about = contenders.map((contender) => contender.about).join("; ");
  return `${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node}, stores in ${tmpdir()}
${about}; medians of ${rounds} ${quick ? "quick " : ""}rounds
`;
}

/** Every workload on every contender, in turns: the order is reversed from round to round, so that neither always goes first. */
async function sideBySide(contenders: readonly Contender[], options: Options): Promise<Row[]> {
  for (const contender of contenders) {
    note(`warming up ${contender.name}`);
    for (const workload of warmUp(options)) await attempt(contender, workload);
  }
  const rows: Row[] = [];
  for (const workload of workloads(options)) {
    const results = new Map<string, Summary[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const summary = await attempt(contender, workload);
        if (summary !== undefined) results.get(contender.name)?.push(summary);
      }
    }
    const figures = Object.fromEntries([...results].map(([name, summaries]) => [name, medians(summaries)]));
    rows.push({ workload: workloadName(workload), figures });
  }
  return rows;
}

/** One measurement, with a line of progress; undefined when it was spoiled. */
async function attempt(contender: Contender, workload: Workload): Promise<Summary | undefined> {
  try {
    const summary = await measure(contender, workload);
    note(`${contender.name}: ${workloadName(workload)}: ${summary.perSecond.toFixed(0)} req/s`);
    return summary;
  } catch (cause) {
    if (!(cause instanceof Spoiled)) throw cause;
    note(`${contender.name}: ${workloadName(workload)}: spoiled, ${cause.message}`);
    return undefined;
  }
}

/** The proxy in cross-check mode next to the ZooKeeper of the first table, in turns as there. */
async function crossChecked(reference: Contender, options: Options): Promise<Row[]> {
  const checked = await crossCheck();
  try {
    const pair = [reference, checked];
    for (const workload of crossCheckWorkloads({ quick: true })) await attempt(checked, workload);
    const rows: Row[] = [];
    for (const workload of crossCheckWorkloads(options)) {
      const results = pair.map((contender) => ({ contender, summaries: [] as Summary[] }));
      for (let round = 0; round < options.rounds; round++)
        for (const { contender, summaries } of round % 2 === 0 ? results : results.toReversed()) {
          const summary = await attempt(contender, workload);
          if (summary !== undefined) summaries.push(summary);
        }
      const figures = Object.fromEntries(results.map((each) => [each.contender.name, medians(each.summaries)]));
      rows.push({ workload: workloadName(workload), figures });
    }
    return rows;
  } finally {
    await checked.stop();
  }
}
