/** What many tried lies say together: the kill rate, and a table of all. */
import type { TrialResult } from "./mutant-trial.ts";

/** All plain lies and this share of the rare ones must be found out. */
const rareShareMin = 0.9;

/** What a shrunk counterexample may have, operations. */
const stepsMax = 6;

/** The judgement of a whole self-test. */
export interface MutantsVerdict {
  readonly isGood: boolean;
  /** A few lines for people. */
  readonly text: string;
}

const median = (numbers: readonly number[]): number | undefined =>
  [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];

const killedOf = (some: readonly TrialResult[]): number => some.filter((one) => one.killed).length;

/** Judges the results of a self-test that ran to its end. */
export function judgeMutants(results: readonly TrialResult[]): MutantsVerdict {
  const rare = results.filter((one) => one.rare);
  const plain = results.filter((one) => !one.rare);
  const steps = results.flatMap((one) => (one.steps === null ? [] : [one.steps]));
  const seconds = results.filter((one) => one.killed).map((one) => one.seconds);
  const long = results.filter((one) => one.steps !== null && one.steps > stepsMax).map((one) => one.name);
  const alive = results.filter((one) => !one.killed).map((one) => one.name);
  const rate = (some: readonly TrialResult[]) => `${killedOf(some)} of ${some.length}`;
  const lines = [
    `killed: ${rate(results)} (plain ${rate(plain)}, rare ${rate(rare)})`,
    `to the kill: median ${median(seconds) ?? "-"} s, longest ${seconds.length === 0 ? "-" : Math.max(...seconds)} s`,
    `shrunk: median ${median(steps) ?? "-"} operations, most ${steps.length === 0 ? "-" : Math.max(...steps)}`,
    ...(alive.length === 0 ? [] : [`not found out: ${alive.join(", ")}`]),
    ...(long.length === 0 ? [] : [`more than ${stepsMax} operations: ${long.join(", ")}`]),
  ];
  const isGood = killedOf(plain) === plain.length && killedOf(rare) >= rare.length * rareShareMin;
  return { isGood, text: lines.join("\n") };
}

/** One line of the table. */
export const resultLine = (one: TrialResult): string =>
  [
    one.name.padEnd(34),
    one.class.padEnd(10),
    (one.rare ? "rare" : "").padEnd(5),
    (one.killed ? "killed" : "ALIVE").padEnd(7),
    `${one.seconds.toFixed(1)} s`.padStart(7),
    (one.steps === null ? "-" : String(one.steps)).padStart(3),
    one.trouble ?? one.by ?? "",
  ]
    .join(" ")
    .trimEnd();

/** The line above the table. */
export const tableHead = [
  "name".padEnd(34),
  "class".padEnd(10),
  "rare".padEnd(5),
  "".padEnd(7),
  "time".padStart(7),
  "ops".padStart(3),
  "given away by",
].join(" ");
