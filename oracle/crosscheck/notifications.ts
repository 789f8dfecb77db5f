/** From paired events to verdicts, and to watches that have fired. */
import { eventTypes } from "../../src/protocol/opcodes.ts";
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
    waitMs: ({ type, path }) => settleMs + (tellsOfReaping(type, path ?? "", shared) ? shared.reapEveryMs : 0),
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

/** Whether an event may be that of a znode that its server removed by itself, which the other one does in its own time. */
function tellsOfReaping(type: number, path: string, shared: Shared): boolean {
  const reaped = shared.reapables.at(path, Date.now());
  return type === (reaped === "node" ? eventTypes.deleted : eventTypes.childrenChanged) && reaped !== undefined;
}
