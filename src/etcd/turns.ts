/** The requests of one connection, each in its turn: writes are with the committer as soon as no sync stands before them, reads run when every write
 *  and sync before them is answered. */
import type { Write } from "./prepared-batch.ts";

/** A request whose turn has not come. */
type Pending =
  | { readonly is: "write"; readonly write: Write; isSubmitted: boolean }
  | { readonly is: "read"; readonly run: () => void }
  | { readonly is: "sync"; readonly run: () => void; isStarted: boolean };

/** One connection's queue. `isOver` says that nobody waits for answers any more. */
export class Turns {
  readonly #submit: (write: Write) => void;
  readonly #isOver: () => boolean;
  #pending: Pending[] = [];
  #syncs = 0;

  constructor(wiring: { readonly submit: (write: Write) => void; readonly isOver: () => boolean }) {
    this.#submit = wiring.submit;
    this.#isOver = wiring.isOver;
  }

  /** Whether a read would run at once. */
  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /** Whether a sync is under way, which everything behind it waits for. */
  get isSyncing(): boolean {
    return this.#syncs > 0;
  }

  /** `answered` ends its turn. */
  write(write: Write): void {
    const isSubmitted = !this.isSyncing;
    this.#pending.push({ is: "write", write, isSubmitted });
    if (isSubmitted) this.#submit(write);
  }

  /** Its turn ends when it returns. */
  read(run: () => void): void {
    this.#pending.push({ is: "read", run });
  }

  /** `synced` and then `answered` end its turn. */
  sync(run: () => void): void {
    this.#syncs++;
    this.#pending.push({ is: "sync", run, isStarted: false });
    if (this.#pending.length === 1) this.#drain();
  }

  /** Writes behind the sync may go to the committer from now on, up to the next sync. */
  synced(): void {
    this.#syncs--;
  }

  /** The first one is answered: those behind it have their turn. */
  answered(): void {
    this.#pending.shift();
    this.#drain();
  }

  /** Lets everything run whose turn has come, up to the next request that has to wait. */
  #drain(): void {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      if (this.#isOver()) {
        this.#pending = [];
        return;
      }
      if (next.is === "read") {
        this.#pending.shift();
        next.run();
        continue;
      }
      if (next.is === "sync") {
        if (!next.isStarted) {
          next.isStarted = true;
          next.run();
        }
        return;
      }
      return this.#submitWrites();
    }
  }

  /** Writes that a sync held back go to the committer, up to the next sync. */
  #submitWrites(): void {
    for (const pending of this.#pending) {
      if (pending.is === "sync") return;
      if (pending.is !== "write" || pending.isSubmitted) continue;
      pending.isSubmitted = true;
      this.#submit(pending.write);
    }
  }
}
