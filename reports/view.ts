/** The view model: one pass over a journal's lines folds them into what every report says. Memory is bounded whatever the run's length. */

import type { Both, Verdict } from "../oracle/compare/difference.ts";
import {
  type CalibrationLine,
  type DivergenceLine,
  type EndLine,
  type JournalLine,
  journalFormat,
  type RunLine,
  type SideLine,
} from "../oracle/journal.ts";
import { type BehaviourView, behaviourOf } from "./behaviour.ts";
import { bounds, grouped, shortened } from "./bounds.ts";
import { type Cause, type CauseGroup, Causes } from "./causes.ts";
import { Cells, type CellsView } from "./cells.ts";
import { Coverage, type CoverageView } from "./coverage.ts";
import { Frames } from "./frames.ts";
import { type HistoryView, historyOf, moreTelling } from "./history.ts";
import { LatencyHistogram, type LatencyView } from "./latency.ts";
import { type RunVerdict, verdictOf } from "./verdict.ts";
import { WatchCoverage, type WatchView } from "./watch-coverage.ts";

/** What was counted. `operations` and the `checked…` numbers come from the lines themselves, never from the footer's claim. */
export interface Counts {
  readonly operations: number;
  readonly checkedReplies: number;
  readonly events: number;
  readonly checkedEvents: number;
  readonly runs: number;
  /** Steps and events together. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Absent for a run that died: nobody knows when. */
  readonly durationMs?: number;
  readonly opsPerSecond?: number;
}

/** All that a report says. Every text in it is bounded and printable. */
export interface View {
  readonly run?: RunLine;
  readonly end?: EndLine;
  /** The run goes on: all this is so far. */
  readonly isRunning?: true;
  readonly verdict: RunVerdict;
  readonly counts: Counts;
  readonly causes: Readonly<Record<CauseGroup, readonly Cause[]>>;
  /** Divergences of causes beyond the bound, not told one by one. */
  readonly causesCut: number;
  readonly coverage: CoverageView;
  /** Absent for runs that count none, and for those that died. */
  readonly cells?: CellsView;
  readonly watches: WatchView;
  readonly latency: Both<LatencyView>;
  readonly sides: readonly SideLine[];
  readonly notes: readonly string[];
  /** Of the first shard that has one. */
  readonly behaviour?: BehaviourView;
  /** The first one that breaks something, else the last. */
  readonly history?: HistoryView;
  /** All shards together. */
  readonly calibration?: CalibrationView;
}

/** How the oracle agreed with its twin. */
export interface CalibrationView {
  readonly twin: string;
  readonly operations: number;
  readonly compared: number;
  readonly causes: number;
}

/** Says which entry of a known list covers a divergence. */
export type KnownCheck = (line: DivergenceLine) => string | undefined;

/** Folds journal lines into a view. With `isKnown` that list decides what is known, whatever the journal says; without it the journal does. */
export class ViewBuilder {
  readonly #isKnown: KnownCheck | undefined;
  readonly #frames = new Frames();
  #newerFormat = false;
  #damagedLines = 0;
  #operations = 0;
  #events = 0;
  #checkedReplies = 0;
  #checkedEvents = 0;
  readonly #verdicts: Record<Verdict, number> = {
    match: 0,
    diverges: 0,
    timing: 0,
    known: 0,
    "oracle-unstable": 0,
    unchecked: 0,
  };
  #divergenceLines = 0;
  /** Diverging steps that the list covers. */
  #excused = 0;
  readonly #cases = new Set<string>();
  readonly #causes: Readonly<Record<CauseGroup, Causes>> = {
    diverges: new Causes(),
    known: new Causes(),
    timing: new Causes(),
    "oracle-unstable": new Causes(),
  };
  readonly #coverage = new Coverage();
  readonly #cells = new Cells();
  readonly #watches = new WatchCoverage();
  readonly #latency = { candidate: new LatencyHistogram(), oracle: new LatencyHistogram() };
  readonly #sides: SideLine[] = [];
  readonly #gone = new Map<string, string>();
  readonly #notes: string[] = [];
  #notesCut = 0;
  #behaviour: BehaviourView | undefined;
  #history: HistoryView | undefined;
  #calibration: CalibrationView | undefined;
  #unstableLines = 0;

  constructor(isKnown?: KnownCheck) {
    this.#isKnown = isKnown;
  }

  /** Takes one line, in journal order. Line types of a later version are ignored. */
  add(line: JournalLine): void {
    switch (line.event) {
      case "run":
        this.#newerFormat ||= Number(line.format) > journalFormat;
        this.#frames.addRun(line);
        return;
      case "step":
        this.#operations += 1;
        if (line.verdict !== "unchecked") this.#checkedReplies += 1;
        this.#count(line.verdict, line.case);
        this.#coverage.add(line);
        this.#watches.step(line);
        this.#latency.candidate.add(line.ms?.candidate);
        this.#latency.oracle.add(line.ms?.oracle);
        return;
      case "notification":
        this.#events += 1;
        if (line.verdict !== "unchecked") this.#checkedEvents += 1;
        this.#count(line.verdict, line.case);
        this.#watches.event(line);
        return;
      case "divergence": {
        this.#diverged(line);
        return;
      }
      case "counterexample":
        Object.values(this.#causes).some((causes) => causes.explain(line));
        return;
      case "side":
        this.#side(line);
        return;
      case "note":
        this.#note(line.text);
        return;
      case "behaviour":
        this.#behaviour ??= behaviourOf(line.table);
        return;
      case "history":
        this.#history = moreTelling(this.#history, historyOf(line));
        return;
      case "calibration":
        this.#calibrated(line);
        return;
      case "cells":
        this.#cells.add(line);
        return;
      case "end":
        this.#frames.addEnd(line);
        return;
    }
  }

  #diverged(line: DivergenceLine): void {
    const recorded = groupOf(line.verdict, line.known);
    const known = this.#isKnown === undefined ? line.known : this.#isKnown(line);
    // What healed, or what the oracle itself is unsure of, needs no excuse and is none.
    const decides = recorded === "diverges" || recorded === "known";
    const group = this.#isKnown === undefined || !decides ? recorded : known === undefined ? "diverges" : "known";
    const { known: _, ...rest } = line;
    // First, because it throws on a line without its fields, which then counts as damage and nothing else.
    this.#causes[group].add(known === undefined ? rest : { ...rest, known });
    if (group === "diverges") this.#divergenceLines += 1;
    if (group === "oracle-unstable") this.#unstableLines += 1;
    if (group === "known" && line.verdict === "diverges") this.#excused += 1;
  }

  /** Counts a line that is not JSON, or no journal line at all. A torn last line is the mark of a run that died and is not reported here. */
  damaged(): void {
    this.#damagedLines += 1;
  }

  /** What the lines so far add up to; may be asked again and again while lines come in. `runningMs` says that the run still goes on, and since when:
   *  the end that is not there yet is then no doubt. */
  view(runningMs?: number): View {
    const { run, end } = this.#frames;
    const isRunning = runningMs !== undefined && end === undefined;
    const counts = this.#counts(end?.durationMs ?? runningMs, end?.cases);
    const causes = {
      diverges: this.#causes.diverges.view(),
      known: this.#causes.known.view(),
      timing: this.#causes.timing.view(),
      "oracle-unstable": this.#causes["oracle-unstable"].view(),
    };
    const [lost] = [...this.#gone.values()];
    const cells = this.#cells.view();
    const verdict = verdictOf({
      run,
      end,
      isRunning,
      ...counts,
      causes: causes.diverges.length,
      divergences: Math.max(this.#verdicts.diverges - this.#excused, this.#divergenceLines),
      known: this.#verdicts.known + causes.known.length,
      unstable: Math.max(this.#verdicts["oracle-unstable"], this.#unstableLines),
      unchecked: this.#verdicts.unchecked,
      cells: cells?.hit,
      lost,
      damagedLines: this.#damagedLines,
      newerFormat: this.#newerFormat,
    });
    return {
      ...(run === undefined ? {} : { run }),
      ...(end === undefined ? {} : { end }),
      ...(isRunning ? { isRunning } : {}),
      verdict,
      counts,
      causes,
      causesCut: Object.values(this.#causes).reduce((sum, group) => sum + group.cut, 0),
      coverage: this.#coverage.view(),
      ...(cells === undefined ? {} : { cells }),
      watches: this.#watches.view(),
      latency: { candidate: this.#latency.candidate.view(), oracle: this.#latency.oracle.view() },
      sides: this.#sides,
      notes: this.#notesCut > 0 ? [...this.#notes, `${grouped(this.#notesCut)} more notes`] : this.#notes,
      ...(this.#behaviour === undefined ? {} : { behaviour: this.#behaviour }),
      ...(this.#history === undefined ? {} : { history: this.#history }),
      ...(this.#calibration === undefined ? {} : { calibration: this.#calibration }),
    };
  }

  #count(verdict: Verdict, name: string): void {
    if (verdict in this.#verdicts) this.#verdicts[verdict] += 1;
    else this.#damagedLines += 1;
    if (this.#cases.size < bounds.casesCountedMax) this.#cases.add(name);
  }

  #counts(durationMs: number | undefined, cases: number | undefined): Counts {
    return {
      operations: this.#operations,
      checkedReplies: this.#checkedReplies,
      events: this.#events,
      checkedEvents: this.#checkedEvents,
      runs: cases ?? this.#cases.size,
      verdicts: { ...this.#verdicts },
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(durationMs === undefined || durationMs <= 0
        ? {}
        : { opsPerSecond: Math.round((this.#operations * 10_000) / durationMs) / 10 }),
    };
  }

  #side(line: SideLine): void {
    const printable = { ...line, reason: shortened(line.reason, 300) };
    if (this.#sides.length < bounds.sidesMax) this.#sides.push(printable);
    // A side that comes back in a later shard does not make up for one that stayed away in an earlier one.
    const side = `${this.#frames.shards} ${line.on}`;
    if (line.state === "back") this.#gone.delete(side);
    else
      this.#gone.set(
        side,
        `The ${line.on} was lost at operation ${grouped(line.n)} (${printable.reason}) and never came back: nothing was checked from there on.`,
      );
  }

  #calibrated({ twin, operations, compared, causes }: CalibrationLine): void {
    const before = this.#calibration ?? { operations: 0, compared: 0, causes: 0 };
    const name = shortened(`${twin.name} ${twin.version} at ${twin.address}`, 200);
    const outcome = causes === 0 ? "no difference" : `${grouped(causes)} causes of differences`;
    this.#note(`Calibration: the oracle against its twin, ${name}: ${grouped(compared)} replies, ${outcome}.`);
    this.#calibration = {
      twin: name,
      operations: before.operations + operations,
      compared: before.compared + compared,
      causes: before.causes + causes,
    };
  }

  #note(text: string): void {
    if (this.#notes.length < bounds.notesMax) this.#notes.push(shortened(text, 300));
    else this.#notesCut += 1;
  }
}

/** An entry of the known list makes a divergence known, whatever verdict its line carries. */
function groupOf(verdict: Verdict, known: string | undefined): CauseGroup {
  if (known !== undefined || verdict === "known") return "known";
  return verdict === "timing" || verdict === "oracle-unstable" ? verdict : "diverges";
}

/** The view of lines that are at hand. */
export function viewOf(lines: Iterable<JournalLine>): View {
  const builder = new ViewBuilder();
  for (const line of lines) builder.add(line);
  return builder.view();
}
