/** Results as data: what tables, curves and results.json are made of. Pure. */

/** Numbers by measure. */
export type Figures = Readonly<Record<string, number>>;

/** One kind of number, and how it is shown. */
export interface Measure {
  readonly key: string;
  /** Its unit included, like `p50 ms`. */
  readonly heading: string;
  /** Digits behind the point. */
  readonly digits: number;
}

/** A workload's figures by contender; undefined where it could not be measured. */
export interface Row {
  readonly workload: string;
  /** Where the row lies on the curves, if it does. */
  readonly at?: { readonly op: string; readonly connections: number };
  readonly figures: Readonly<Record<string, Figures | undefined>>;
}

/** One table. */
export interface Result {
  /** The section it is of. */
  readonly section: string;
  readonly title: string;
  /** What was measured, with versions; a line each. */
  readonly about: readonly string[];
  readonly contenders: readonly string[];
  readonly measures: readonly Measure[];
  readonly rows: readonly Row[];
  /** The measure whose ratios are told, and of whom over whom. */
  readonly ratioOf: string;
  readonly ratios: readonly (readonly [string, string])[];
}

/** What a run was made on. */
export interface Head {
  /** ISO, to the second. */
  readonly date: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  /** The folder that the stores are in. */
  readonly stores: string;
  readonly quick: boolean;
  readonly rounds: number;
}

/** Everyone else over the first: what most tables tell. */
export const overFirst = ([first = "", ...others]: readonly string[]): [string, string][] =>
  others.map((name) => [name, first]);

/** Also everyone behind the second over that: ZooKeeper first, then ours in its plainest form. */
export const overFirstTwo = (names: readonly string[]): [string, string][] => [
  ...overFirst(names),
  ...overFirst(names.slice(1)),
];

/** The middle of several values; of an even number the lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The medians of several rounds, each figure on its own; undefined of none. */
export function medians(rounds: readonly Figures[]): Figures | undefined {
  const [first] = rounds;
  if (first === undefined) return undefined;
  const values = (key: string) => rounds.map((figures) => figures[key] ?? Number.NaN);
  return Object.fromEntries(Object.keys(first).map((key) => [key, median(values(key))]));
}

/** Whether something could not be measured. */
export const hasGap = (result: Result): boolean =>
  result.rows.some(({ figures }) => result.contenders.some((name) => figures[name] === undefined));

/** The run in a line or two of text. */
export const describe = ({ date, cpus, cpu, memoryGiB, node, stores, quick, rounds }: Head): string =>
  `${date.slice(0, 10)}, ${cpus} x ${cpu}, ${memoryGiB} GiB, Node ${node}, stores in ${stores}; medians of ${rounds} ${
    quick ? "quick " : ""
  }rounds`;
