/** Where cases meet a cross-check: gives each its own root and name, runs it, and hands back what the cross-check said of it. */
import type { CrossCheck, Observation } from "../oracle/crosscheck.ts";
import type { Casebook, CaseRecord } from "./casebook.ts";
import { type Door, doorTo } from "./connection.ts";
import type { CellCount } from "./coverage/cells.ts";
import { CaseStates } from "./coverage/states.ts";
import { expires, type Scenario } from "./format.ts";
import { type CaseOutcome, runScenario } from "./run.ts";
import { connectionsOf, type Slots } from "./slots.ts";

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

/** What an arena needs of a cross-check. */
type Check = Pick<CrossCheck, "openAs" | "settled">;

/** A cross-check and how many cases are under way in it. */
interface Lane {
  readonly door: Door;
  cases: number;
}

/** Runs cases, any number at a time. */
export class Arena {
  readonly book: Casebook;
  readonly #lanes: readonly Lane[];
  readonly #patient: Lane | undefined;
  readonly #chroot: string;
  readonly #reapEveryMs: number | undefined;
  readonly #slots: Slots | undefined;
  /** Of the replies that clients got; absent where nobody asks. */
  readonly cells: CellCount | undefined;
  readonly #seen = new Map<string, Observation[]>();
  /** Every root that was made, for whoever cleans up. */
  readonly roots: string[] = [];

  /** Several cross-checks, of the same two servers, share the cases out. A case meets nobody but those of its own cross-check, in which a request
   *  that cannot be bounded lets everything else wait. `chroot` is "" or the path below which all roots are made. `patient` is for cases in which a
   *  session expires, where the others are hasty. `reapEveryMs` is how often both servers look for what to remove, where that is known. `slots` are
   *  the connections that there is room for. */
  constructor(
    checks: Check | readonly Check[],
    book: Casebook,
    how: { chroot?: string; cells?: CellCount; patient?: Check; reapEveryMs?: number | undefined; slots?: Slots } = {},
  ) {
    this.book = book;
    this.#chroot = how.chroot ?? "";
    this.#reapEveryMs = how.reapEveryMs;
    this.#slots = how.slots;
    this.cells = how.cells;
    const laneOf = (check: Check): Lane => ({ door: doorTo(check), cases: 0 });
    this.#lanes = ("openAs" in checks ? [checks] : checks).map(laneOf);
    this.#patient = how.patient && laneOf(how.patient);
  }

  /** What a watching cross-check calls for each step and event. */
  readonly observe = (seen: Observation): void => {
    this.#seen.get(seen.label.case)?.push(seen);
  };

  /** Runs one scenario under a name that no other case of the run has. It ends at once when `giveUp` is aborted. */
  async run(
    scenario: Scenario,
    name: string,
    { keepLines = false, giveUp }: { readonly keepLines?: boolean; readonly giveUp?: AbortSignal } = {},
  ): Promise<CaseResult> {
    const leave = await this.#slots?.take(connectionsOf(scenario));
    const record = this.book.open(name, keepLines);
    const seen: Observation[] = [];
    this.#seen.set(name, seen);
    const root = newRoot(this.#chroot);
    this.roots.push(root);
    const lane = (expires(scenario.steps) ? this.#patient : undefined) ?? this.#emptiest();
    lane.cases++;
    try {
      const isOver = () => record.divergence !== undefined;
      const { cells } = this;
      const states = cells && new CaseStates(root, (cell) => void cells.add(cell));
      const reapEveryMs = this.#reapEveryMs;
      const outcome = await runScenario(scenario, { door: lane.door, name, root, isOver, states, reapEveryMs, giveUp });
      return { record, outcome, root, seen };
    } finally {
      leave?.();
      lane.cases--;
      this.book.close(name);
      this.#seen.delete(name);
    }
  }

  #emptiest(): Lane {
    const [first, ...others] = this.#lanes;
    if (first === undefined) throw new Error("an arena without a cross-check");
    return others.reduce((best, lane) => (lane.cases < best.cases ? lane : best), first);
  }
}
