/** Syncs of many sessions as few: whoever asks while one is under way shares the next, since the one under way may have looked too early. */

/** Runs `once` over and over, never twice at a time. */
export class SharedSync {
  readonly #once: () => Promise<void>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(once: () => Promise<void>) {
    this.#once = once;
  }

  /** Resolves when a run that began after this call has ended; rejects with its error. */
  run(): Promise<void> {
    if (this.#current === undefined) return this.#start();
    const startNext = (): Promise<void> => {
      this.#next = undefined;
      return this.#start();
    };
    this.#next ??= this.#current.then(startNext, startNext);
    return this.#next;
  }

  #start(): Promise<void> {
    const started = this.#once().finally(() => {
      if (this.#current === started) this.#current = undefined;
    });
    this.#current = started;
    return started;
  }
}
