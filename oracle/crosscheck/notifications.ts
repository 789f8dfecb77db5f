/** From paired events to verdicts, and to watches that have fired. */
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";
import { compareEvents } from "../compare/comparator.ts";
import { sides } from "../compare/sides.ts";
import type { CrossConnection } from "./connection.ts";
import { Pairing } from "./pairing.ts";
import type { Shared } from "./shared.ts";

/** How a connection's events are paired and reported. */
export function pairingOf(connection: CrossConnection, shared: Shared): Pairing {
  const { settleMs, eventZxid = "strict" } = shared.options;
  return new Pairing({
    settleMs,
    compare: (frames) => compareEvents(frames, { witness: shared.witness, eventZxid }),
    mayShuffle: (one, other) => {
      if (mayPass(one, other, shared) || mayPass(other, one, shared)) return true;
      if (!isRemoval(one) || !isRemoval(other)) return false;
      const isUnsteady = [one, other].some(({ path }) => shared.unsteadinessLately(path ?? "") !== undefined);
      return isUnsteady || shared.book.hasFading(Date.now()) || shared.ended.mayShuffle(one, other, shared.clock.now());
    },
    isUnsteady: (path) => shared.unsteadinessLately(path) !== undefined,
    isWatchedUnsurely: (path) => connection.isWatchedUnsurely(path),
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

const isRemoval = ({ type }: WatcherEvent): boolean =>
  type === eventTypes.deleted || type === eventTypes.childrenChanged;

/** Whether an event may tell of a removal that nobody asked for: a container's, or that of an expiring session's ephemeral. */
function isOfItself({ type, path }: WatcherEvent, shared: Shared): boolean {
  const unsteady = shared.unsteadinessLately(path ?? "");
  if (unsteady === undefined) return false;
  return type === eventTypes.deleted
    ? unsteady.what === "node"
    : type === eventTypes.childrenChanged && (unsteady.what === "parent" || !unsteady.isChildless);
}

/** What a server removes by itself it tells of at any moment, but not ahead of that znode's own past. Its parent's children and data are two things. */
function mayPass(event: WatcherEvent, other: WatcherEvent, shared: Shared): boolean {
  const { childrenChanged, dataChanged } = eventTypes;
  const isApart = event.path !== other.path || (event.type === childrenChanged && other.type === dataChanged);
  return isApart && isOfItself(event, shared);
}

/** Whether an event may be that of a znode that its server removed by itself, which the other one does in its own time. */
function tellsOfReaping(type: number, path: string, { reapables }: Shared): boolean {
  const now = Date.now();
  if (type === eventTypes.deleted) return reapables.at(path, now) === "node";
  return type === eventTypes.childrenChanged && reapables.mayLoseChild(path, now);
}
