/** Where cases meet a cross-check: gives each its own root and name, runs it, and hands back what the cross-check said of it. */
import type { CrossCheck, Observation } from "../oracle/crosscheck.ts";
import type { Casebook, CaseRecord } from "./casebook.ts";
import type { Door } from "./connection.ts";
import type { Scenario } from "./format.ts";
import { type CaseOutcome, runScenario } from "./run.ts";

/** One case, run. `seen` is empty unless the arena watches. */
export interface CaseResult {
  readonly record: CaseRecord;
  readonly outcome: CaseOutcome;
  readonly root: string;
  readonly seen: readonly Observation[];
}

/** Root names are unique among the runs that share a server: time, then a counter. */
let lastRoot = 0;
const newRoot = (chroot: string) => {
  lastRoot++;
  return `${chroot}/x${Date.now().toString(36)}-${lastRoot.toString(36)}/r`;
};

/** Runs cases, any number at a time. */
export class Arena {
  readonly book: Casebook;
  readonly #door: Door;
  readonly #chroot: string;
  readonly #seen = new Map<string, Observation[]>();
  /** Every root that was made, for whoever cleans up. */
  readonly roots: string[] = [];

  /** `chroot` is "" or the path below which all roots are made. */
  constructor(check: Pick<CrossCheck, "openAs" | "settled">, book: Casebook, chroot = "") {
    this.book = book;
    this.#chroot = chroot;
    this.#door = {
      open: (as, hello, downstream) => check.openAs(as, hello, downstream),
      settled: (caseName) => check.settled(caseName),
    };
  }

  /** What a watching cross-check calls for each step and event. */
  readonly observe = (seen: Observation): void => {
    this.#seen.get(seen.label.case)?.push(seen);
  };

  /** Runs one scenario under a name that no other case of the run has. */
  async run(scenario: Scenario, name: string, keepLines = false): Promise<CaseResult> {
    const record = this.book.open(name, keepLines);
    const seen: Observation[] = [];
    this.#seen.set(name, seen);
    const root = newRoot(this.#chroot);
    this.roots.push(root);
    try {
      const isOver = () => record.divergence !== undefined;
      const outcome = await runScenario(scenario, { door: this.#door, name, root, isOver });
      return { record, outcome, root, seen };
    } finally {
      this.book.close(name);
      this.#seen.delete(name);
    }
  }
}
