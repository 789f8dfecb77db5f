/** The fuzz loop: sequences by number, several in flight, until a limit is reached; each new cause is shrunk, verified and saved. */
import type { CounterexampleLine, DivergenceLine, JournalSink } from "../../oracle/journal.ts";
import type { Arena, CaseResult } from "../arena.ts";
import type { CellCount } from "../coverage/cells.ts";
import type { Scenario } from "../format.ts";
import { lastWords } from "../last-words.ts";
import { explain } from "./explain.ts";
import { type Aim, moodsOf } from "./moods.ts";
import { generator, moodsBySeed, type Plan, seedOf, sequenceArbitrary } from "./sequence.ts";
import { Steering } from "./steering.ts";

/** Bounds of a fuzz run. */
export interface FuzzLimits {
  /** Sequences, at most. */
  readonly runs: number;
  /** Operations (steps of sequences), about. */
  readonly operations: number;
  readonly timeLimitMs: number;
  /** Sequences under way at the same time. */
  readonly inFlight: number;
  /** Distinct causes after which the run ends. */
  readonly maxCauses: number;
  /** For shrinking one cause, ms; 0 shrinks nothing. What is left when `timeLimitMs` are over shares as much once more. */
  readonly shrinkMs: number;
  /** End with the first cause. */
  readonly endOnFailure: boolean;
  /** The run is one of several that share a seed: of `count`, this is number `index` (from 1) and takes every `count`-th sequence. The other limits
   *  are its own. */
  readonly shard?: Shard;
  /** Prefer sequences whose aim has coverage cells that nothing has hit. Without, and where the arena counts none, numbers are taken in order. */
  readonly isSteered: boolean;
}

/** One part of a run that is split over machines. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** What the loop works with. `lab` is a second cross-check over the same servers, on which shrinking leaves no trace in the journal. */
export interface FuzzMeans {
  readonly arena: Arena;
  readonly lab: Arena;
  readonly journal: JournalSink;
  readonly reportDir: string;
  /** The command that shows sequence number `index` again. */
  readonly replayOf: (index: number) => string;
  /** The command that shows a saved counterexample again, by its name under the report directory. */
  readonly replayFile: (name: string) => string;
  /** Ends the run. */
  readonly stop: AbortSignal;
  readonly progress?: (totals: FuzzTotals) => void;
  /** Told about each cause, shrunk or not. */
  readonly found?: (cause: Cause) => void;
}

/** One cause of divergences. */
export interface Cause {
  readonly divergence: DivergenceLine;
  /** Sequence that showed it first. */
  readonly index: number;
  readonly counterexample?: CounterexampleLine;
}

/** How a run went. `ended` says why it is over. */
export interface FuzzTotals {
  runs: number;
  operations: number;
  readonly causes: Cause[];
  ended: "limit" | "causes" | "interrupted" | "lost";
  /** Why a case could not be run to its end, the last time. */
  trouble: string | undefined;
}

/** For shrinking a cause, at least, ms: that it shows itself again is seen in any case. */
const shrinkMinMs = 500;

/** Cases without a session, each begun behind the one before, until a server counts as lost. Those that were under way together may have met one and the
 *  same mishap: a pause of this program in which all their sessions expired. */
const lostMax = 3;

/** The cells that an aim could still add. An ephemeral is met by its own session and by others; that a znode had a child is no state of its own. */
function unhitOf(cells: CellCount, aim: Aim | undefined): number {
  if (aim === undefined) return 0;
  if (aim.meets === "emptied") return cells.unhit(aim.op, "persistent");
  if (aim.meets !== "ephemeral") return cells.unhit(aim.op, aim.meets);
  return cells.unhit(aim.op, "ephemeral-own") + cells.unhit(aim.op, "ephemeral-other");
}

/** A sequence that diverged, and how many of its steps had been sent by then. */
interface Failed {
  readonly index: number;
  readonly scenario: Scenario;
  readonly executed: number;
}

/** A run under way. */
class Fuzz {
  readonly #plan: Plan;
  readonly #limits: FuzzLimits;
  readonly #means: FuzzMeans;
  readonly #scenarioAt: (index: number) => Scenario;
  readonly #started = performance.now();
  readonly #fingerprints = new Set<string>();
  readonly #steering: Steering;
  #sent = 0;
  #underWay = 0;
  #lostInARow = 0;
  /** How many cases had been begun when the last loss was counted. */
  #begunAtLoss = 0;
  readonly #over = new AbortController();
  readonly #giveUp = lastWords(this.#over.signal);
  #unexplained = 0;
  /** Held while a cause is shrunk: new sequences wait, so that the shrink has the servers to itself. */
  #pause: Promise<void> = Promise.resolve();
  readonly totals: FuzzTotals = { runs: 0, operations: 0, causes: [], ended: "limit", trouble: undefined };

  constructor(plan: Plan, limits: FuzzLimits, means: FuzzMeans) {
    this.#plan = plan;
    this.#limits = limits;
    this.#means = means;
    this.#scenarioAt = generator(plan);
    const moods = moodsOf(plan.profile);
    const { cells } = means.arena;
    this.#steering = new Steering({
      moodAt: moodsBySeed(moods, plan.seed),
      shard: limits.shard ?? { index: 1, count: 1 },
      unhit: limits.isSteered && cells !== undefined ? () => moods.map(({ aim }) => unhitOf(cells, aim)) : undefined,
    });
  }

  async run(): Promise<FuzzTotals> {
    const { stop } = this.#means;
    const interrupted = () => this.#end("interrupted");
    stop.addEventListener("abort", interrupted);
    if (stop.aborted) interrupted();
    await Promise.all(Array.from({ length: this.#limits.inFlight }, () => this.#worker()));
    await this.#pause;
    stop.removeEventListener("abort", interrupted);
    return this.totals;
  }

  async #worker(): Promise<void> {
    for (;;) {
      await this.#pause;
      if (this.#isDone()) return;
      const index = this.#steering.next();
      const number = this.#sent++;
      const scenario = this.#scenarioAt(index);
      this.#underWay += scenario.steps.length;
      const result = await this.#means.arena.run(scenario, `seq-${index}`, { giveUp: this.#giveUp });
      this.#underWay -= scenario.steps.length;
      this.totals.runs++;
      this.totals.operations += result.outcome.steps;
      this.#note(result, number);
      const { divergence } = result.record;
      if (divergence !== undefined) this.#cause(divergence, { index, scenario, executed: result.outcome.steps });
      this.#means.progress?.(this.totals);
    }
  }

  #isDone(): boolean {
    const { runs, operations, timeLimitMs } = this.#limits;
    const isEnough =
      this.#sent >= runs ||
      this.totals.operations + this.#underWay >= operations ||
      performance.now() - this.#started >= timeLimitMs;
    return this.#isOver || isEnough;
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #end(why: FuzzTotals["ended"]): void {
    if (this.#isOver) return;
    this.totals.ended = why;
    this.#over.abort();
  }

  #note({ outcome, record }: CaseResult, number: number): void {
    if (outcome.is !== "lost") this.#lostInARow = 0;
    else if (number >= this.#begunAtLoss) {
      this.#lostInARow++;
      this.#begunAtLoss = this.#sent;
    }
    if (outcome.reason !== undefined) this.totals.trouble = outcome.reason;
    if (outcome.is === "stuck" && record.divergence === undefined)
      this.#means.journal({ event: "note", text: `${record.name} could not be finished: ${outcome.reason}` });
    if (this.#lostInARow >= lostMax) this.#end("lost");
  }

  #cause(divergence: DivergenceLine, failed: Failed): void {
    const { index } = failed;
    // What the sequences still under way find after the end stays in the journal; it is not looked into.
    const isEnough = this.#isOver || this.totals.causes.length >= this.#limits.maxCauses;
    if (isEnough || this.#fingerprints.has(divergence.fingerprint)) return;
    this.#fingerprints.add(divergence.fingerprint);
    const at = this.totals.causes.push({ divergence, index }) - 1;
    if (this.#limits.endOnFailure || this.totals.causes.length >= this.#limits.maxCauses) this.#end("causes");
    this.#unexplained++;
    this.#pause = this.#pause.then(async () => {
      const counterexample = await this.#explain(divergence, failed);
      this.#unexplained--;
      const cause = { divergence, index, ...(counterexample === undefined ? {} : { counterexample }) };
      this.totals.causes[at] = cause;
      this.#means.found?.(cause);
    });
  }

  /** For shrinking the next cause, ms. */
  #shareOfTime(): number {
    const { shrinkMs, timeLimitMs } = this.#limits;
    const leftMs = timeLimitMs + shrinkMs - (performance.now() - this.#started);
    return Math.min(shrinkMs, Math.max(leftMs / this.#unexplained, shrinkMinMs));
  }

  async #explain(divergence: DivergenceLine, failed: Failed): Promise<CounterexampleLine | undefined> {
    const { index, scenario, executed } = failed;
    if (this.#limits.shrinkMs <= 0 || this.#means.stop.aborted) return undefined;
    const origin = { arbitrary: sequenceArbitrary(this.#plan, index), seed: seedOf(this.#plan.seed, index) };
    const replay = this.#means.replayOf(index);
    const how = { ...this.#means, shrinkMs: this.#shareOfTime(), plan: this.#plan, index, origin, executed, replay };
    return explain(scenario, divergence, how);
  }
}

/** Runs a fuzz run to its end. */
export const fuzz = (plan: Plan, limits: FuzzLimits, means: FuzzMeans): Promise<FuzzTotals> =>
  new Fuzz(plan, limits, means).run();
