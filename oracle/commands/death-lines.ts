/** What a run's journal says of a candidate that dies. */
import type { Difference, UnderWay } from "../compare/difference.ts";
import { fingerprintOf } from "../compare/fingerprint.ts";
import { deathStep } from "../crosscheck/hang-ups.ts";
import type { KnownMatcher } from "../crosscheck.ts";
import type { JournalLine, JournalSink } from "../journal.ts";

/** A death as a step and its divergence, to be numbered by the journal: of one request, or of nobody knows which. */
export function deathLines(underWay: readonly UnderWay[], isKnown: KnownMatcher): JournalLine[] {
  const [first] = underWay;
  const where = { n: 0, case: first?.case ?? "run", session: first?.session ?? "" };
  const unknown = deathStep(where, underWay);
  const { answers, ms } = unknown;
  const isCertain = first !== undefined && underWay.length === 1;
  const { op, request } = isCertain ? { op: first.op, request: { op: first.op } } : unknown;
  const died = { is: "closed", at: "connection", on: "candidate", died: true } as const;
  const differences: readonly Difference[] = isCertain ? [died] : unknown.differences;
  const fingerprint = fingerprintOf(op, differences, isCertain ? first.variant : undefined);
  const known = isKnown({ ...where, operation: op, fingerprint, differences });
  const verdict = known === undefined ? "diverges" : "known";
  return [
    { event: "step", ...where, op, err: { candidate: "closed", oracle: "none" }, ms, verdict },
    {
      event: "divergence",
      ...where,
      ...{ fingerprint, operation: op, verdict, differences, request, answers },
      ...(known === undefined ? {} : { known }),
    },
  ];
}

/** Several cross-checks over the same servers see a side go and come back; the journal is told once. */
export function sidesOnce(sink: JournalSink): JournalSink {
  const states = new Map<string, string>();
  return (line) => {
    if (line.event === "side") {
      if ((states.get(line.on) ?? "back") === line.state) return;
      states.set(line.on, line.state);
    }
    sink(line);
  };
}
