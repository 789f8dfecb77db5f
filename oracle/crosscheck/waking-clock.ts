/** A clock that stands still while this process does not run: stopped, its machine asleep or busy elsewhere. What the servers sent meanwhile waits to be
 *  read, and must not look late. Deadlines run on it; how long a server has heard nothing does not. */
export class WakingClock {
  readonly #everyMs: number;
  readonly #woke: (sleptMs: number) => void;
  #lookedAt: number | undefined;
  #sleptMs = 0;

  /** Somebody looks at it at least every so often while it is watched, ms; `woke` is called before the first look behind a longer gap is answered. */
  constructor(everyMs: number, woke: (sleptMs: number) => void) {
    this.#everyMs = everyMs;
    this.#woke = woke;
  }

  /** From now on gaps count, or no more. */
  set isWatched(isWatched: boolean) {
    this.#lookedAt = isWatched ? Date.now() : undefined;
  }

  /** Ms, of no meaning but to be compared with another look. */
  now(): number {
    const at = Date.now();
    if (this.#lookedAt === undefined) return at - this.#sleptMs;
    const sleptMs = at - this.#lookedAt - this.#everyMs;
    this.#lookedAt = at;
    if (sleptMs > this.#everyMs) {
      this.#sleptMs += sleptMs;
      this.#woke(sleptMs);
    }
    return at - this.#sleptMs;
  }
}
