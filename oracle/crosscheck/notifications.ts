/** From paired events to verdicts, and to watches that have fired. */
import { compareEvents } from "../compare/comparator.ts";
import { sides } from "../compare/sides.ts";
import type { CrossConnection } from "./connection.ts";
import { Pairing } from "./pairing.ts";
import type { Shared } from "./shared.ts";

/** How long after the end of a session, beyond the settle window, its ephemerals' events may still be on their way, ms. */
const afterSessionEndMs = 1_000;

/** How a connection's events are paired and reported. */
export function pairingOf(connection: CrossConnection, shared: Shared): Pairing {
  const { settleMs, eventZxid = "strict" } = shared.options;
  return new Pairing({
    settleMs,
    compare: (frames) => compareEvents(frames, { witness: shared.witness, eventZxid }),
    mayShuffle: () =>
      Date.now() - shared.sessionEndedAt < settleMs * 2 + afterSessionEndMs || shared.book.hasFading(Date.now()),
    isUnsteady: (path) => shared.unsteadiness(path) !== undefined,
    judged: (events) => {
      for (const side of sides) {
        const arrival = events.arrivals[side];
        if (arrival !== undefined) shared.watches.fired(connection, arrival.event, arrival.replies);
      }
      const verdict = events.differences.length === 0 ? "match" : events.isLate ? "timing" : "diverges";
      shared.scribe.notification(connection.label, events, verdict);
    },
  });
}
