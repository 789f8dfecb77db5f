/** Makes a failing sequence small on live servers: a guess first, then fast-check's own shrink where that leaves much, then delta debugging over steps,
 *  sessions, fields and names.
 *  Works on nothing but the question "does it still fail?", so it can be tested without a server. */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { isSlow, type Step } from "../format.ts";
import { canonicalSessions, fewerSessions, plainerPaths, simplerSteps } from "./simpler.ts";

/** Whether a sequence still shows the same divergence. */
export type StillFails = (steps: readonly Step[]) => Promise<boolean>;

/** How a shrink is bounded. */
export interface ShrinkLimits {
  /** For everything together, ms. The best so far is kept when it is over. */
  readonly budgetMs: number;
  /** Candidates tried at the same time. */
  readonly inFlight: number;
  /** False for steps that must not be sent, whatever the shrink thinks of. */
  readonly isAllowed: (step: Step) => boolean;
  /** Instead, where every candidate waits for what servers do by themselves. */
  readonly whereWaiting?: Pick<ShrinkLimits, "budgetMs" | "inFlight">;
}

/** The smallest failing sequence found, and what that took. */
export interface Shrunk {
  readonly steps: readonly Step[];
  readonly attempts: number;
  readonly ms: number;
}

/** Where a sequence came from, for fast-check to shrink the value that it generated itself. */
export interface Origin {
  readonly arbitrary: fc.Arbitrary<Step[]>;
  readonly seed: number;
}

/** What is known of a failing sequence beforehand. */
export interface Clues {
  /** Absent for a sequence that nobody generated, such as a saved one. */
  readonly origin?: Origin;
  /** Shorter sequences worth trying first, the boldest first. */
  readonly guesses?: readonly (readonly Step[])[];
}

/** Sequences of so few steps are left to delta debugging: fast-check would begin again with all that was generated. */
const fewSteps = 8;

/** Runs of one sequence, all of which should show what it has shown, where that may be chance. */
const triesAgain = 3;

/** Whether that happens each time, one after the other: what servers do by themselves they do for all that run at one time. */
export async function showsEachTime(happens: () => Promise<boolean>): Promise<boolean> {
  for (let i = 0; i < triesAgain; i++) if (!(await happens())) return false;
  return true;
}

/** A number, half of it, and so on down to 1. */
function halvings(size: number): number[] {
  if (size <= 1) return size === 1 ? [1] : [];
  return [size, ...halvings(Math.ceil(size / 2))];
}

/** What is left without any one run of so many steps, the last run first. */
const without = (steps: readonly Step[], size: number): (readonly Step[])[] =>
  Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => steps.toSpliced(i * size, size)).reverse();

/** What several parts of one sequence have in common; steps are told apart by identity. */
const common = (steps: readonly Step[], parts: readonly (readonly Step[])[]): readonly Step[] => {
  const sets = parts.map((part) => new Set(part));
  return steps.filter((step) => sets.every((set) => set.has(step)));
};

/** A shrink under way. */
class Shrinker {
  readonly #stillFails: StillFails;
  #limits: ShrinkLimits;
  #isWaiting = false;
  readonly #tried = new Set<string>();
  readonly #started = performance.now();
  attempts = 0;

  constructor(stillFails: StillFails, limits: ShrinkLimits) {
    this.#stillFails = stillFails;
    this.#limits = limits;
  }

  /** From here on a sequence is to be shrunk that waits for servers, or none. */
  begin(steps: readonly Step[]): void {
    this.#isWaiting = steps.some(isSlow);
    if (this.#isWaiting) this.#limits = { ...this.#limits, ...this.#limits.whereWaiting };
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  get isOver(): boolean {
    return this.elapsedMs > this.#limits.budgetMs;
  }

  /** Tries one; what was tried before, is not allowed or comes too late counts as passing. */
  async fails(steps: readonly Step[]): Promise<boolean> {
    const key = JSON.stringify(steps);
    if (this.isOver || this.#tried.has(key) || !steps.every(this.#limits.isAllowed)) return false;
    this.#tried.add(key);
    this.attempts++;
    const happens = () => this.#stillFails(steps);
    // Without the wait what it waits for may still have happened, by chance.
    return this.#isWaiting && !steps.some(isSlow) ? showsEachTime(happens) : happens();
  }

  /** The first candidate that fails; several are tried at a time. */
  async firstFailing(candidates: Iterable<readonly Step[]>): Promise<readonly Step[] | undefined> {
    const [first] = await this.firstOnesFailing(candidates);
    return first;
  }

  /** The first candidate that fails, and those that were tried at the same time and fail too. */
  async firstOnesFailing(candidates: Iterable<readonly Step[]>): Promise<(readonly Step[])[]> {
    let batch: (readonly Step[])[] = [];
    const tryBatch = async () => {
      const failed = await Promise.all(batch.map((candidate) => this.fails(candidate)));
      const ones = batch.filter((_, i) => failed[i]);
      batch = [];
      return ones;
    };
    for (const candidate of candidates) {
      batch.push(candidate);
      if (batch.length < this.#limits.inFlight) continue;
      const ones = await tryBatch();
      if (ones.length > 0 || this.isOver) return ones;
    }
    return tryBatch();
  }

  /** fast-check's shrink of the value that the seed generates, within a share of the budget. */
  async asFastCheckDoes(origin: Origin, steps: readonly Step[]): Promise<readonly Step[]> {
    let best = steps;
    let isFirst = true;
    let isOver = false;
    const passes = async (candidate: Step[]) => {
      if (isOver) return true;
      // The first value is the sequence itself, which is known to fail: a run of it would only cost time.
      const failed = isFirst || (await this.fails(candidate));
      isFirst = false;
      if (failed && !isOver && candidate.length <= best.length) best = candidate;
      return !failed;
    };
    const shareMs = this.#limits.budgetMs / 4;
    const parameters = { seed: origin.seed, numRuns: 1, interruptAfterTimeLimit: shareMs };
    const hurry = new AbortController();
    const share = sleep(shareMs, undefined, { signal: hurry.signal }).catch(() => undefined);
    // A candidate that gets no answers can take longer than all the rest.
    await Promise.race([fc.check(fc.asyncProperty(origin.arbitrary, passes), parameters), share]);
    isOver = true;
    hurry.abort();
    return best;
  }

  /** Drops runs of steps, half of them at first, single ones at last; later steps first, because a failure is mostly near the end. Runs of several
   *  lengths are tried together where there is room for all; what could be dropped each on its own is then dropped together, if that fails too. */
  async fewerSteps(steps: readonly Step[]): Promise<readonly Step[]> {
    let best = steps;
    let sizes = halvings(Math.ceil(best.length / 2));
    while (sizes.length > 0 && best.length > 0 && !this.isOver) {
      const shorter = new Map<readonly Step[], number>();
      for (const size of sizes) {
        const one = without(best, size);
        if (shorter.size > 0 && shorter.size + one.length > this.#limits.inFlight) break;
        for (const candidate of one) shorter.set(candidate, size);
      }
      const failing = await this.firstOnesFailing(shorter.keys());
      const [smaller] = failing;
      // A size that has helped is tried again.
      const bound = smaller === undefined ? Math.min(...shorter.values()) - 1 : (shorter.get(smaller) ?? 0);
      sizes = sizes.filter((size) => size <= bound);
      if (smaller === undefined) continue;
      const whole = best;
      const together = failing.map((_, i) => common(whole, failing.slice(0, failing.length - i)));
      best = (await this.firstFailing(together.filter(({ length }) => length < smaller.length))) ?? smaller;
    }
    return best;
  }

  /** One change that makes it simpler, or undefined. */
  async simpler(steps: readonly Step[]): Promise<readonly Step[] | undefined> {
    const changes = function* (): Generator<readonly Step[]> {
      yield* fewerSessions(steps);
      for (const [i, step] of steps.entries())
        for (const smaller of simplerSteps(step)) yield steps.toSpliced(i, 1, smaller);
      yield* plainerPaths(steps);
    };
    return this.firstFailing(changes());
  }
}

/** Shrinks `steps`, which is known to fail. */
export async function shrink(
  steps: readonly Step[],
  stillFails: StillFails,
  limits: ShrinkLimits,
  { origin, guesses = [] }: Clues = {},
): Promise<Shrunk> {
  const shrinker = new Shrinker(stillFails, limits);
  shrinker.begin(steps);
  let best = (await shrinker.firstFailing(guesses)) ?? steps;
  shrinker.begin(best);
  const isGenerated = best.every((step) => steps.includes(step));
  if (origin !== undefined && isGenerated && best.length > fewSteps)
    best = await shrinker.asFastCheckDoes(origin, best);
  for (;;) {
    best = await shrinker.fewerSteps(best);
    const simpler = await shrinker.simpler(best);
    if (simpler === undefined) break;
    best = simpler;
  }
  const canonical = canonicalSessions(best);
  if (JSON.stringify(canonical) !== JSON.stringify(best) && (await shrinker.fails(canonical))) best = canonical;
  return { steps: best, attempts: shrinker.attempts, ms: Math.round(shrinker.elapsedMs) };
}
