/** What the oracle and a twin of it disagree about: noise, which is nobody's fault and above all not the candidate's. */
import type { JournalSink } from "./journal.ts";

/** The fingerprints of a run's noise. */
export class Noise {
  readonly #fingerprints = new Set<string>();

  get size(): number {
    return this.#fingerprints.size;
  }

  has(fingerprint: string): boolean {
    return this.#fingerprints.has(fingerprint);
  }

  /** Takes the lines of a comparison of the oracle with its twin and hands them on to `book`. Each kind of divergence, echo included, is noise from
   *  now on; its first occurrence goes into the run's own journal, as `oracle-unstable`. */
  collector(book: JournalSink, journal: JournalSink): JournalSink {
    return (line) => {
      if (line.event !== "divergence" || line.verdict !== "diverges") return book(line);
      // Not as a divergence, which would end the case: what the run itself will meet behind it has to be met here too.
      book({ ...line, verdict: "oracle-unstable" });
      if (this.has(line.fingerprint)) return;
      this.#fingerprints.add(line.fingerprint);
      journal({ ...line, case: `calibration ${line.case}`, verdict: "oracle-unstable" });
    };
  }
}
