/** Headers and footers of the journals behind a view: one run's, or those of its shards, put together into one of each. */
import type { EndLine, RunLine } from "../oracle/journal.ts";
import { bounds, shortened } from "./bounds.ts";

/** Takes headers and footers in the order of the journals. A second header begins a second shard. */
export class Frames {
  readonly #runs: RunLine[] = [];
  readonly #ends: EndLine[] = [];
  /** How many journals have begun. Beyond `bounds.shardsMax` they are counted and not kept, and so never come to an end. */
  shards = 0;

  addRun(line: RunLine): void {
    const printable = printableRun(line);
    this.shards += 1;
    if (this.#runs.length < bounds.shardsMax) this.#runs.push(printable);
  }

  addEnd(line: EndLine): void {
    if (this.#ends.length < bounds.shardsMax) this.#ends.push(line);
  }

  /** The one header, or the first one with what all shards add up to. What they do not have in common is left out. */
  get run(): RunLine | undefined {
    const [first] = this.#runs;
    if (first === undefined || this.#runs.length === 1) return first;
    const { seed, replayToken, ...rest } = first;
    const { shard: _, ...options } = first.options;
    const isShared = (pick: (run: RunLine) => unknown): boolean => this.#runs.every((run) => pick(run) === pick(first));
    return {
      ...rest,
      startedAt: this.#runs.map((run) => run.startedAt).sort()[0] ?? first.startedAt,
      operationsFloor: sum(this.#runs, (run) => run.operationsFloor),
      ...(seed !== undefined && isShared((run) => run.seed) ? { seed } : {}),
      ...(replayToken !== undefined && isShared((run) => run.replayToken) ? { replayToken } : {}),
      options: { ...options, shards: this.shards },
    };
  }

  /** The one footer, or the sum of all; none as long as one shard has none. The duration reaches from the first start to the last end, because
   *  shards may run side by side or in turn. */
  get end(): EndLine | undefined {
    const [first] = this.#ends;
    if (first === undefined || this.#ends.length < this.shards) return undefined;
    if (this.#ends.length === 1) return first;
    return {
      event: "end",
      steps: sum(this.#ends, (end) => end.steps),
      compared: sum(this.#ends, (end) => end.compared),
      notifications: sum(this.#ends, (end) => end.notifications),
      cases: sum(this.#ends, (end) => end.cases),
      durationMs: this.#spanMs(),
      interrupted: this.#ends.some((end) => end.interrupted),
    };
  }

  #spanMs(): number {
    const starts = this.#runs.map((run) => Date.parse(run.startedAt));
    if (starts.length !== this.#ends.length || starts.some(Number.isNaN))
      return sum(this.#ends, (end) => end.durationMs);
    const ends = this.#ends.map((end, at) => (starts[at] ?? 0) + end.durationMs);
    return Math.max(...ends) - Math.min(...starts);
  }
}

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + (of(item) || 0), 0);

/** The header with every text bounded: it names servers, and servers name themselves. */
function printableRun(line: RunLine): RunLine {
  const server = (side: RunLine["candidate"]): RunLine["candidate"] => ({
    name: shortened(String(side.name), 80),
    address: shortened(String(side.address), 120),
    version: shortened(String(side.version), 80),
  });
  const options = Object.entries(line.options).slice(0, bounds.namesMax);
  return {
    ...line,
    tool: shortened(String(line.tool), 80),
    candidate: server(line.candidate),
    oracle: server(line.oracle),
    ...(line.replayToken === undefined ? {} : { replayToken: shortened(String(line.replayToken), 4_000) }),
    options: Object.fromEntries(
      options.map(([name, value]) => [shortened(name, 60), typeof value === "string" ? shortened(value, 200) : value]),
    ),
  };
}
