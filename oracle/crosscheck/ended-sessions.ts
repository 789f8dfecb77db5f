/** Sessions that were just closed. Their ephemerals go in no promised order, and so do the events that tell of it; each znode's own events keep theirs.
 *  Source: DataTree.killSession, which goes through a HashSet (3.8). */
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";
import { isSequential, type Operation, pathOf } from "./request.ts";
import { parentOf } from "./watch-map.ts";

interface Ended {
  /** Our clock, ms. */
  readonly at: number;
  /** The requests that may have made its ephemerals; undefined when nobody knows. */
  readonly creates: readonly Operation[] | undefined;
}

export class EndedSessions {
  readonly #windowMs: number;
  #ended: Ended[] = [];

  /** `windowMs`: how long their events may be on their way. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** A session is being closed. */
  add(creates: readonly Operation[] | undefined, now: number): void {
    if (creates?.length === 0) return;
    this.#forget(now);
    this.#ended.push({ at: now, creates: creates && [...creates] });
  }

  /** Whether one server may tell of these two the other way round. */
  mayShuffle(one: WatcherEvent, other: WatcherEvent, now: number): boolean {
    this.#forget(now);
    if (this.#ended.some(({ creates }) => creates === undefined)) return true;
    const gone = [...this.#goneNames()];
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
    const isOfOneZnode = [
      [one, other],
      [other, one],
    ].some(([child, parent]) => child?.type === eventTypes.deleted && parentOf(child.path ?? "") === parent?.path);
    return !isOfOneZnode || goneBelow((one.type === eventTypes.deleted ? other : one).path ?? "") > 1;
  }

  *#goneNames(): Generator<{ readonly path: string; readonly isPrefix: boolean }> {
    const seen = new Set<string>();
    for (const operation of this.#ended.flatMap(({ creates }) => creates ?? [])) {
      const path = pathOf(operation);
      const isPrefix = isSequential(operation);
      if (path === undefined || seen.has(`${path} ${isPrefix}`)) continue;
      seen.add(`${path} ${isPrefix}`);
      yield { path, isPrefix };
    }
  }

  #forget(now: number): void {
    this.#ended = this.#ended.filter(({ at }) => now - at < this.#windowMs);
  }
}
