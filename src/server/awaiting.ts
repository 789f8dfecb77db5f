/** The requests of one connection that wait for their replies, oldest first. */
import { opcodes, xids } from "../protocol/opcodes.ts";

/** A request without a reply so far. */
export interface Awaited {
  readonly xid: number;
  readonly opcode: number;
  readonly atMs: number;
}

/** How far behind the oldest request a reply's own is looked for: replies that overtake are rare, and requests that are never answered rarer. */
const lookMax = 4_096;

/** A queue whose front is nearly always what the next reply belongs to. */
export class Awaiting {
  #queue: Awaited[] = [];
  #head = 0;

  add(request: Awaited): void {
    this.#queue.push(request);
  }

  /** Takes out the oldest request that a reply's xid fits; undefined when there is none. Pings are answered with an xid of their own. */
  take(xid: number): Awaited | undefined {
    const end = Math.min(this.#queue.length, this.#head + lookMax);
    for (let at = this.#head; at < end; at++) {
      const request = this.#queue[at];
      if (request === undefined) return undefined;
      if (request.xid !== xid && !(xid === xids.ping && request.opcode === opcodes.ping.code)) continue;
      if (at === this.#head) this.#advance();
      else this.#queue.splice(at, 1);
      return request;
    }
    return undefined;
  }

  clear(): void {
    this.#queue = [];
    this.#head = 0;
  }

  #advance(): void {
    this.#head++;
    if (this.#head === this.#queue.length) this.clear();
    else if (this.#head >= 1_024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
