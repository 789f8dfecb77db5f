/** The run journal: one JSON object a line, from the header to the footer. Every verdict, page and exit code is a pure function of it.
 *  64-bit numbers are decimal strings, bytes are hex. A journal without its `end` line is a run that died, and never green.
 *  This file holds the line types and the format version. */
import type { Both, Difference, Side, Verdict } from "./compare/difference.ts";

/** Raised with every change that an older reader would misread. */
export const journalFormat = 1;

/** One server of the comparison, as far as it told. `version` is "unknown" where it would not say. */
export interface ServerDescription {
  readonly name: string;
  readonly address: string;
  readonly version: string;
}

/** First line. `mode` says what drove the requests. */
export interface RunLine {
  readonly event: "run";
  readonly format: typeof journalFormat;
  readonly tool: string;
  readonly mode: "fuzz" | "run" | "replay" | "live" | "concurrent" | "calibrate" | "demo";
  readonly startedAt: string;
  readonly candidate: ServerDescription;
  readonly oracle: ServerDescription;
  readonly answerFrom: Side;
  /** Decimal; absent where nothing was generated. */
  readonly seed?: string;
  readonly replayToken?: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Fewest operations that make the run worth a verdict. */
  readonly operationsFloor: number;
  /** Fewest coverage cells that make the run worth a verdict, where somebody asked for any. */
  readonly cellsFloor?: number;
}

/** What one side sent back, or why nothing came. `body` is the decoded reply as JSON (secrets blanked), `hex` the raw frame where it was kept. */
export interface Answer {
  readonly is: "reply" | "event" | "closed" | "none";
  readonly err?: string;
  readonly zxid?: string;
  readonly body?: unknown;
  readonly hex?: string;
}

/** One compared request. `case` names the sequence, scenario or connection it belongs to; `session` the session inside it. */
export interface StepLine {
  readonly event: "step";
  readonly n: number;
  readonly case: string;
  readonly session: string;
  readonly op: string;
  readonly path?: string;
  /** Create flags, watch flag, versions and so on, short, for people and for the coverage matrix: `flags=ephemeral`, `watch`, `version=-1`. */
  readonly shape?: string;
  readonly err: Both<string>;
  /** Answer times with fractions; −1 where no answer came. */
  readonly ms: Both<number>;
  readonly verdict: Verdict;
}

/** One compared watch event (or one that only one side sent). */
export interface NotificationLine {
  readonly event: "notification";
  readonly n: number;
  readonly case: string;
  readonly session: string;
  readonly type: string;
  readonly path: string;
  readonly verdict: Verdict;
}

/** A step or event whose two sides disagree, with all that is needed to explain it. Follows its step line and has the same `n`. */
export interface DivergenceLine {
  readonly event: "divergence";
  readonly n: number;
  readonly case: string;
  readonly session: string;
  readonly fingerprint: string;
  readonly operation: string;
  readonly verdict: Verdict;
  readonly differences: readonly Difference[];
  /** The request as a scenario step. */
  readonly request: unknown;
  readonly answers: Both<Answer>;
  /** Id of the known-divergences entry that covers it. */
  readonly known?: string;
}

/** One step of a shrunk story, with both answers. `differences` is empty for the steps that only set the stage. */
export interface StoryStep {
  readonly by: string;
  readonly request: unknown;
  readonly answers: Both<Answer>;
  readonly events: Both<readonly Answer[]>;
  readonly differences: readonly Difference[];
}

/** A divergence shrunk to its smallest reproduction and verified. `operations` counts the steps; `reproduced` of `attempts` replays diverged. */
export interface CounterexampleLine {
  readonly event: "counterexample";
  readonly fingerprint: string;
  readonly operations: number;
  readonly sessions: number;
  readonly story: readonly StoryStep[];
  /** A complete command line that shows it again. */
  readonly replay: string;
  /** File under the report directory. */
  readonly file: string;
  readonly reproduced: number;
  readonly attempts: number;
  readonly shrinkMs: number;
}

/** From here on one side was gone, or came back. */
export interface SideLine {
  readonly event: "side";
  readonly n: number;
  readonly on: Side;
  readonly state: "lost" | "back";
  readonly reason: string;
}

/** Something that a reader should know and that is no verdict: a slow start, a retry, a truncated field. */
export interface NoteLine {
  readonly event: "note";
  readonly text: string;
}

/** What one operation did to one znode, on every server of the table. `cells` holds for each of `fields` a word per server. */
export interface BehaviourRow {
  readonly operation: string;
  readonly on: "node" | "parent";
  readonly result: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

/** The whole table. Lists inside rows follow `servers`: candidate, oracle; or the one server. */
export interface BehaviourTable {
  readonly servers: readonly ServerDescription[];
  readonly fields: readonly string[];
  readonly rows: readonly BehaviourRow[];
}

/** What each operation does to each Stat field on candidate and oracle, in this order. */
export interface BehaviourLine {
  readonly event: "behaviour";
  readonly table: BehaviourTable;
}

/** The oracle was compared with a twin of itself before the run, with the run's seed. What differed there follows or precedes as divergences with
 *  the verdict `oracle-unstable`; `causes` counts their fingerprints. */
export interface CalibrationLine {
  readonly event: "calibration";
  readonly twin: ServerDescription;
  readonly operations: number;
  readonly compared: number;
  readonly causes: number;
  readonly durationMs: number;
}

/** A broken rule of a history. `call` and `witness` are positions in its calls; the witness may be an event, which has none. */
export interface HistoryViolation {
  readonly rule: string;
  readonly call: number;
  readonly witness: number | null;
  readonly expected: string;
  readonly found: string;
}

/** What free-running clients did, to be drawn: one entry in each column per call, in the order in which they were sent. Times are µs since the first;
 *  `start` and `zxid` are differences to the entry before; `op` and `path` are positions in the lists of names. `wrote` is 1 where the tree changed.
 *  `violations` holds the first of each rule, `violated` counts them all;
 *  `diverging` is the call that the oracle answers otherwise; `cut` counts calls that were left out at the end. */
export interface HistoryLine {
  readonly event: "history";
  readonly case: string;
  readonly lanes: readonly { readonly session: string; readonly server: string }[];
  readonly operations: readonly string[];
  readonly paths: readonly string[];
  readonly calls: Readonly<
    Record<"lane" | "start" | "took" | "op" | "path" | "zxid" | "err" | "wrote", readonly number[]>
  >;
  readonly violations: readonly HistoryViolation[];
  readonly violated: number;
  /** From `start` (µs, not a difference) on, something was wrong with a lane. */
  readonly faults: readonly { readonly lane: number; readonly start: number; readonly what: string }[];
  readonly diverging: number | null;
  readonly cut: number;
}

/** How one operation was answered with one result. `times` counts replies; `nodes` says how many declared cells there are for each state of the
 *  znode. The operations inside a multi count as `multi/create` and so on, and its failure's code as the multi's own. */
export interface CellPair {
  readonly op: string;
  readonly result: string;
  readonly times: number;
  readonly nodes: readonly (readonly [state: string, cells: number])[];
}

/** Which coverage cells (operation, variant, result, state of the znode, of its watches, of the session) the run hit, of those that are declared
 *  reachable. Cells are numbered in the order of `pairs` and of their `nodes`; `hit` has a bit for each, as hex, the lowest bit of a byte first.
 *  `beyond` counts cells that came and are not declared. Before the end; its numbering is the writer's, so that any reader can add up shards. */
export interface CellsLine {
  readonly event: "cells";
  readonly pairs: readonly CellPair[];
  readonly hit: string;
  readonly beyond: number;
}

/** Last line. `compared` counts replies that had an answer from both sides. `interrupted`: the user stopped the run. */
export interface EndLine {
  readonly event: "end";
  readonly steps: number;
  readonly compared: number;
  readonly notifications: number;
  readonly cases: number;
  readonly durationMs: number;
  readonly interrupted: boolean;
}

export type JournalLine =
  | RunLine
  | StepLine
  | NotificationLine
  | DivergenceLine
  | CounterexampleLine
  | SideLine
  | NoteLine
  | BehaviourLine
  | CalibrationLine
  | HistoryLine
  | CellsLine
  | EndLine;

/** Takes journal lines in order. */
export type JournalSink = (line: JournalLine) => void;
