/** The casebook of a run. A case ends with its first divergence, because what follows may be echo; but a candidate that is wrong in every handshake, or
 *  in one field of every Stat, would so hide everything else. Hence a case goes on behind what a server only shows. */
import { Casebook, type CaseRecord } from "../../scenarios/casebook.ts";
import type { Difference } from "../compare/difference.ts";
import type { DivergenceLine, JournalLine, JournalSink } from "../journal.ts";

/** Whether nothing that a server does next can depend on it. */
const isShown = ({ is, at }: Difference): boolean =>
  is === "value"
    ? /^(connect\..+|zxid|(.+\.)?stat\.([cmp]zxid|[cm]time|cversion|aversion|ephemeralOwner))$/.test(at)
    : is === "layout" && at === "connect";

/** A case that is under way, and the divergences that it went on behind. */
interface Open {
  readonly record: CaseRecord;
  readonly passed: DivergenceLine[];
}

export class RunBook extends Casebook {
  readonly #journal: JournalSink;
  readonly #open = new Map<string, Open>();
  /** Fingerprints that some case has answered for. */
  readonly #answeredFor = new Set<string>();

  constructor(journal: JournalSink) {
    super(journal);
    this.#journal = journal;
  }

  override open(name: string, keepLines = false): CaseRecord {
    const record = super.open(name, keepLines);
    this.#open.set(name, { record, passed: [] });
    return record;
  }

  /** A case answers for one divergence: the one that ended it or, if others have done that already, one that it went on behind. */
  override close(name: string): void {
    super.close(name);
    const open = this.#open.get(name);
    this.#open.delete(name);
    if (open === undefined) return;
    const { record, passed } = open;
    const all = record.divergence === undefined ? passed : [record.divergence, ...passed];
    record.divergence = all.find(({ fingerprint }) => !this.#answeredFor.has(fingerprint)) ?? all[0];
    if (record.divergence !== undefined) this.#answeredFor.add(record.divergence.fingerprint);
  }

  /** What one of several cross-checks emits into. */
  readonly take: JournalSink = (line) => this.#take(line, this.emitNumbered);

  /** What a cross-check emits into that numbers for all. */
  readonly takeAlone: JournalSink = (line) => this.#take(line, this.emit);

  #take(line: JournalLine, emit: JournalSink): void {
    const open = isUnexpected(line) && line.differences.every(isShown) ? this.#open.get(line.case) : undefined;
    if (open === undefined || open.record.divergence !== undefined || !isUnexpected(line)) return emit(line);
    open.record.fingerprints.add(line.fingerprint);
    open.passed.push(line);
    // Right behind its step, which the book has just forwarded.
    this.#journal({ ...line, n: this.lastNumber });
  }
}

const isUnexpected = (line: JournalLine): line is DivergenceLine =>
  line.event === "divergence" && line.verdict === "diverges";
