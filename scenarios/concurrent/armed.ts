/** The watches that a client takes to be armed, kept as a stock client keeps them, so that it can register them again at another server.
 *  Source: ClientCnxn, ZKWatchManager, ZooKeeper.WatchRegistration (3.9). */
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { Intent } from "./workload.ts";

/** What setWatches asks. */
export interface Rearming {
  readonly relativeZxid: number;
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
}

export class Armed {
  readonly #data = new Set<string>();
  readonly #exist = new Set<string>();
  readonly #child = new Set<string>();

  /** A request was answered. Only `exists` leaves a watch where there is no znode. */
  answered({ op, path, body }: Intent, err: number): void {
    if (Array.isArray(body) || body.watch !== true) return;
    if (err === errorCodes.OK) (op === "getChildren2" ? this.#child : this.#data).add(path);
    else if (op === "exists" && err === errorCodes.NONODE) this.#exist.add(path);
  }

  /** An event came, and consumed what it tells of. */
  fired(type: number, path: string): void {
    const isOfChildren = type === eventTypes.childrenChanged;
    if (isOfChildren || type === eventTypes.deleted) this.#child.delete(path);
    if (isOfChildren) return;
    this.#data.delete(path);
    this.#exist.delete(path);
  }

  /** What a client asks that has seen everything up to `relativeZxid`; nothing when nothing is armed. */
  asked(relativeZxid: number): Rearming | undefined {
    if (this.#data.size + this.#exist.size + this.#child.size === 0) return undefined;
    return {
      relativeZxid,
      dataWatches: [...this.#data],
      existWatches: [...this.#exist],
      childWatches: [...this.#child],
    };
  }
}
