/** Which sessions have been silent for too long. Costs nothing per request but a time stamp, and one look per session and timeout.
 *  Source: ExpiryQueue, SessionTrackerImpl (3.9). */
import type { Int64 } from "../jute/int64.ts";

interface Tracked {
  timeoutMs: number;
  heardMs: number;
}

/** Expires in whole ticks: a session silent since `heard` ends at (floor((heard + timeout) / tick) + 1) × tick. */
export class SessionTracker {
  readonly #tickMs: number;
  readonly #now: () => number;
  readonly #expire: (session: Int64) => void;
  readonly #tracked = new Map<Int64, Tracked>();
  readonly #buckets = new Map<number, Set<Int64>>();
  readonly #timer: NodeJS.Timeout;
  readonly #checkEveryMs: number;
  #checkedMs: number;
  #lookedMs: number;
  #isPaused = false;

  /** `now` is a monotonic clock, ms. */
  constructor(options: { tickMs: number; now: () => number; expire: (session: Int64) => void }) {
    this.#tickMs = options.tickMs;
    this.#now = options.now;
    this.#expire = options.expire;
    this.#checkedMs = this.#tickBefore(options.now());
    this.#lookedMs = options.now();
    this.#checkEveryMs = Math.min(options.tickMs, 250);
    this.#timer = setInterval(() => this.check(), this.#checkEveryMs);
    this.#timer.unref();
  }

  get count(): number {
    return this.#tracked.size;
  }

  /** Places in the buckets: a forgotten session keeps its one until it would have been due. */
  get waitingCount(): number {
    return [...this.#buckets.values()].reduce((sum, bucket) => sum + bucket.size, 0);
  }

  /** Starts, or restarts, a session's clock. */
  track(session: Int64, timeoutMs: number): void {
    const isNew = !this.#tracked.has(session);
    this.#tracked.set(session, { timeoutMs, heardMs: this.#now() });
    if (isNew) return this.#schedule(session);
    // A shorter timeout than before may be due earlier than the bucket it waits in.
    for (const bucket of this.#buckets.values()) bucket.delete(session);
    this.#schedule(session);
  }

  /** The session's client was heard. */
  touch(session: Int64): void {
    const tracked = this.#tracked.get(session);
    if (tracked !== undefined) tracked.heardMs = this.#now();
  }

  /** When a session ends if it stays silent, by the clock of the constructor; undefined where its clock does not run here. */
  dueAt(session: Int64): number | undefined {
    const tracked = this.#tracked.get(session);
    return tracked === undefined ? undefined : this.#dueMs(tracked);
  }

  isTracked(session: Int64): boolean {
    return this.#tracked.has(session);
  }

  forget(session: Int64): void {
    this.#tracked.delete(session);
  }

  /** Nothing expires until `resume`: nobody can be heard meanwhile. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on, with every clock started anew, as a ZooKeeper server does when it takes over. */
  resume(): void {
    this.#isPaused = false;
    for (const tracked of this.#tracked.values()) tracked.heardMs = this.#now();
  }

  /** Expires what is due. A look that comes late by more than a tick (the process was stopped) is left out: what clients said meanwhile still
   *  waits in the sockets. */
  check(): void {
    const nowMs = this.#now();
    const lateMs = nowMs - this.#lookedMs - this.#checkEveryMs;
    this.#lookedMs = nowMs;
    if (this.#isPaused || lateMs > this.#tickMs) return;
    for (let at = this.#checkedMs; at <= nowMs; at += this.#tickMs) {
      const bucket = this.#buckets.get(at);
      this.#buckets.delete(at);
      this.#checkedMs = at + this.#tickMs;
      for (const session of bucket ?? []) this.#settle(session, nowMs);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #settle(session: Int64, nowMs: number): void {
    const tracked = this.#tracked.get(session);
    if (tracked === undefined) return;
    if (this.#dueMs(tracked) > nowMs) return this.#schedule(session);
    this.#tracked.delete(session);
    this.#expire(session);
  }

  #schedule(session: Int64): void {
    const tracked = this.#tracked.get(session);
    if (tracked === undefined) return;
    const dueMs = this.#dueMs(tracked);
    const bucket = this.#buckets.get(dueMs);
    if (bucket === undefined) this.#buckets.set(dueMs, new Set([session]));
    else bucket.add(session);
  }

  #dueMs(tracked: Tracked): number {
    return this.#tickBefore(tracked.heardMs + tracked.timeoutMs) + this.#tickMs;
  }

  #tickBefore(ms: number): number {
    return Math.floor(ms / this.#tickMs) * this.#tickMs;
  }
}
