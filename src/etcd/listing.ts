/** What one proxy can list: all sessions with their ephemerals, and the watches of its own connections. */
import type { BackendListing, SessionListing } from "../backend.ts";
import type { Int64 } from "../jute/int64.ts";
import type { Core } from "./core.ts";

/** Lists the state of this moment. A session served by another proxy has no expiry here. */
export function listCore(core: Core): BackendListing {
  const monotonicOffsetMs = Math.round(Date.now() - performance.now());
  const sessions = [...core.tree.sessions.keys()].map((id): SessionListing => {
    const dueAt = core.tracker.dueAt(id);
    const ephemerals = [...core.tree.ephemeralsOf(id)];
    return dueAt === undefined ? { id, ephemerals } : { id, ephemerals, expiresAtMs: dueAt + monotonicOffsetMs };
  });
  const watched = core.watches.data.byWatcher;
  const watches = new Map<Int64, readonly string[]>();
  for (const [id, client] of core.connections) {
    const paths = watched.get(client);
    if (paths !== undefined) watches.set(id, [...paths]);
  }
  return { sessions, watches };
}
