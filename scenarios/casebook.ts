/** Sorts the cross-check's journal lines by case. A case ends with its first unexpected divergence: what the same case says after that is echo
 *  and goes nowhere. */
import type { DivergenceLine, EndLine, JournalLine, JournalSink } from "../oracle/journal.ts";

/** What the journal said of one case so far. */
export interface CaseRecord {
  readonly name: string;
  /** The first unexpected divergence, if any: the one that counts. */
  divergence: DivergenceLine | undefined;
  /** Fingerprints of everything unexpected, echo included: a shrunk sequence may show the same cause in another place. */
  readonly fingerprints: Set<string>;
  /** Divergences that the known list covers. */
  readonly known: DivergenceLine[];
  /** Lines of the case, echo excluded; empty unless they were asked for. */
  readonly lines: JournalLine[];
  steps: number;
  notifications: number;
}

type CaseLine = Extract<JournalLine, { readonly case: string }>;

const hasCase = (line: JournalLine): line is CaseLine => "case" in line;

/** Keeps a record for every case that was opened, and forwards the lines worth keeping. */
export class Casebook {
  readonly #forward: JournalSink;
  readonly #open = new Map<string, { readonly record: CaseRecord; readonly keepLines: boolean }>();
  #lastNumber = 0;
  /** The last number given to a step or event that came without a number of this journal's. */
  #given = 0;
  readonly #totals = { steps: 0, compared: 0, notifications: 0, cases: 0 };

  constructor(forward: JournalSink) {
    this.#forward = forward;
  }

  /** Starts a record. */
  open(name: string, keepLines = false): CaseRecord {
    const record: CaseRecord = {
      name,
      divergence: undefined,
      fingerprints: new Set(),
      known: [],
      lines: [],
      steps: 0,
      notifications: 0,
    };
    this.#open.set(name, { record, keepLines });
    this.#totals.cases++;
    return record;
  }

  /** Nothing more is expected of a case. */
  close(name: string): void {
    this.#open.delete(name);
  }

  /** What a cross-check emits into. */
  readonly emit: JournalSink = (line) => {
    if (!hasCase(line)) return this.#forward(line);
    const open = this.#open.get(line.case);
    const isEcho = this.#note(line, open?.record);
    if (isEcho) return;
    if (open?.keepLines) open.record.lines.push(line);
    if ("n" in line) this.#lastNumber = Math.max(this.#lastNumber, line.n);
    this.#count(line);
    this.#forward(line);
  };

  /** What one of several cross-checks emits into. Each counts its own steps and events; the journal counts them all. */
  readonly emitNumbered: JournalSink = (line) => {
    if (!("n" in line)) return this.emit(line);
    // A divergence comes right behind its step and bears the step's number.
    if (line.event === "step" || line.event === "notification") this.#given++;
    this.emit({ ...line, n: this.#given });
  };

  /** The journal's last line for what went through here. */
  endLine(rest: Pick<EndLine, "durationMs" | "interrupted">): EndLine {
    return { event: "end", ...this.#totals, ...rest };
  }

  /** The highest number of a step or event so far: a line from elsewhere goes on from there. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Steps whose two sides were compared. */
  get compared(): number {
    return this.#totals.compared;
  }

  /** Takes a line into the record; answers whether it is echo. */
  #note(line: CaseLine, record: CaseRecord | undefined): boolean {
    if (record === undefined) return false;
    const before = record.divergence;
    if (line.event === "divergence") {
      if (line.verdict === "known") record.known.push(line);
      if (line.verdict === "diverges") {
        record.fingerprints.add(line.fingerprint);
        record.divergence ??= line;
      }
    }
    if (before !== undefined) return true;
    if (line.event === "step") record.steps++;
    if (line.event === "notification") record.notifications++;
    return false;
  }

  #count(line: CaseLine): void {
    if (line.event === "notification") this.#totals.notifications++;
    if (line.event !== "step") return;
    this.#totals.steps++;
    if (line.verdict !== "unchecked") this.#totals.compared++;
  }
}
