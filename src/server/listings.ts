/** The words that list sessions and watches: dump, wchs, wchc, wchp. Source: DumpCommand, WatchCommand, ExpiryQueue.dump, DataTree.dumpEphemerals,
 *  WatchManager.dumpWatches (3.9). */
import type { BackendListing } from "../backend.ts";
import { type Int64, int64Hex } from "../jute/int64.ts";
import type { Connection } from "./connection.ts";
import type { ServerView } from "./view.ts";

/** Connections are looked at in steps of ten seconds (NIOServerCnxnFactory). */
const connectionStepMs = 10_000;

/** A time as Java's Date prints it, in UTC: `Sat Nov 21 00:45:43 UTC 2026`. */
export function javaDate(ms: number): string {
  const [day = "", date, month, year, time] = new Date(ms).toUTCString().split(" ");
  return `${day.slice(0, 3)} ${month} ${date} ${time} UTC ${year}`;
}

/** Entries of equal expiry under one line each, the soonest first. Entries without expiry are left out. */
function sets<T>(
  title: string,
  entries: readonly T[],
  how: { expiresAt(entry: T): number | undefined; print(entry: T): string },
): string {
  const timed = entries.filter((entry) => how.expiresAt(entry) !== undefined);
  const byExpiry = Map.groupBy(timed, (entry) => how.expiresAt(entry) ?? 0);
  let text = `${title} Sets (${byExpiry.size})/(${timed.length}):\n`;
  for (const [atMs, bucket] of [...byExpiry].sort(([a], [b]) => a - b))
    text += `${bucket.length} expire at ${javaDate(atMs)}:\n${bucket.map((entry) => `\t${how.print(entry)}\n`).join("")}`;
  return text;
}

/** When a silent connection would be closed by its own timer, sessions apart. */
function connectionExpiry({ stats, granted }: Connection, handshakeMs: number): number {
  const atMs = stats.heardAtMs + (granted?.timeOut ?? handshakeMs);
  return Math.ceil(atMs / connectionStepMs) * connectionStepMs;
}

/** The text of `dump`. */
export function dumpText({ listing, connections, settings }: ServerView): string {
  const { sessions } = listing();
  const owners = sessions.filter(({ ephemerals }) => ephemerals.length > 0);
  const ephemerals = owners.map(({ id, ephemerals: paths }) => `${int64Hex(id)}:\n${lines(paths)}`).join("");
  return [
    "SessionTracker dump:\n",
    sets("Session", sessions, { expiresAt: ({ expiresAtMs }) => expiresAtMs, print: ({ id }) => int64Hex(id) }),
    `ephemeral nodes dump:\nSessions with Ephemerals (${owners.length}):\n${ephemerals}`,
    "Connections dump:\n",
    sets("Connections", [...connections], {
      expiresAt: (connection) => connectionExpiry(connection, settings.handshakeMs),
      print: ({ peer, granted }) => `ip: /${peer.address}:${peer.port} sessionId: ${int64Hex(granted?.sessionId ?? 0)}`,
    }),
  ].join("");
}

const lines = (texts: readonly string[]): string => texts.map((text) => `\t${text}\n`).join("");

/** Sessions by the path that they watch. */
export function watchesByPath({ watches }: BackendListing): Map<string, Int64[]> {
  const byPath = new Map<string, Int64[]>();
  for (const [session, paths] of watches)
    for (const path of paths) {
      const sessions = byPath.get(path);
      if (sessions === undefined) byPath.set(path, [session]);
      else sessions.push(session);
    }
  return byPath;
}

/** Connections that watch, paths watched, and pairs of both. */
export function watchSummary(listing: BackendListing): { connections: number; paths: number; watches: number } {
  let watches = 0;
  for (const paths of listing.watches.values()) watches += paths.length;
  return { connections: listing.watches.size, paths: watchesByPath(listing).size, watches };
}

/** The text of `wchs`. */
export function watchSummaryText({ listing }: ServerView): string {
  const { connections, paths, watches } = watchSummary(listing());
  return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

/** The text of `wchc`. */
export function watchesBySessionText({ listing }: ServerView): string {
  return `${[...listing().watches].map(([id, paths]) => `${int64Hex(id)}\n${lines(paths)}`).join("")}\n`;
}

/** The text of `wchp`. */
export function watchesByPathText({ listing }: ServerView): string {
  const byPath = [...watchesByPath(listing())];
  return `${byPath.map(([path, ids]) => `${path}\n${lines(ids.map(int64Hex))}`).join("")}\n`;
}
