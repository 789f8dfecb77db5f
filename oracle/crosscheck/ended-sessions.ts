/** Sessions that were just closed. Their ephemerals go in no promised order, and so do the events that tell of it; each znode's own events keep theirs.
 *  Source: DataTree.killSession, which goes through a HashSet (3.8). */
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";
import { isSequential, pathOf } from "./request.ts";
import type { SessionRecord } from "./sessions.ts";
import { parentOf } from "./watch-map.ts";

type Session = Pick<SessionRecord, "ephemeralCreates">;

export class EndedSessions {
  readonly #windowMs: number;
  /** When each was closed, waking clock, ms; the oldest first. */
  readonly #closedAt = new Map<Session, number>();

  /** `windowMs`: how long their events may be on their way. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** A session is being closed, or just was. */
  add(session: Session, now: number): void {
    this.#forget(now);
    if (session.ephemeralCreates?.length === 0) return;
    this.#closedAt.delete(session);
    this.#closedAt.set(session, now);
  }

  /** Whether one server may tell of these two the other way round. */
  mayShuffle(one: WatcherEvent, other: WatcherEvent, now: number): boolean {
    this.#forget(now);
    const sessions = [...this.#closedAt.keys()];
    if (sessions.some(({ ephemeralCreates }) => ephemeralCreates === undefined)) return true;
    const gone = [...goneNames(sessions)];
    const isGone = (path: string) =>
      gone.some((name) => (name.isPrefix ? path.startsWith(name.path) : path === name.path));
    // A server may have chosen several names with one prefix.
    const goneBelow = (path: string) =>
      gone.reduce((sum, name) => sum + (parentOf(name.path) === path ? (name.isPrefix ? 2 : 1) : 0), 0);
    const isAbout = ({ type, path }: WatcherEvent) =>
      type === eventTypes.deleted
        ? isGone(path ?? "")
        : type === eventTypes.childrenChanged && goneBelow(path ?? "") > 0;
    if (!isAbout(one) || !isAbout(other)) return false;
    const [child, parent] = one.type === eventTypes.deleted ? [one, other] : [other, one];
    const isOfOneZnode = child.type === eventTypes.deleted && parentOf(child.path ?? "") === parent.path;
    return !isOfOneZnode || goneBelow(parent.path ?? "") > 1;
  }

  #forget(now: number): void {
    for (const [session, at] of this.#closedAt) {
      if (now - at < this.#windowMs) return;
      this.#closedAt.delete(session);
    }
  }
}

/** What the sessions' ephemerals may have been called, each name once. */
function* goneNames(sessions: readonly Session[]): Generator<{ readonly path: string; readonly isPrefix: boolean }> {
  const seen = new Set<string>();
  for (const operation of sessions.flatMap(({ ephemeralCreates }) => ephemeralCreates ?? [])) {
    const path = pathOf(operation);
    const isPrefix = isSequential(operation);
    if (path === undefined || seen.has(`${path} ${isPrefix}`)) continue;
    seen.add(`${path} ${isPrefix}`);
    yield { path, isPrefix };
  }
}
