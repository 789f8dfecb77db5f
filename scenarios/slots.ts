/** How many connections may be open at the same time, over all cases that share two servers: a ZooKeeper hangs up on more than `maxClientCnxns` of
 *  one host, 60 by default. */
import type { Scenario, Step } from "./format.ts";

/** How long a server may take to close what its client has closed, ms. */
const closedMs = 50;

/** What may cost a session its connection, so that it needs another one. */
const endings: ReadonlySet<Step["op"]> = new Set([
  "drop",
  "reconnect",
  "expire",
  "raw",
  "closeSession",
  "auth",
  "check",
]);

/** A case that waits. */
interface Waiting {
  readonly connections: number;
  begin(): void;
}

/** Lets cases begin as long as their connections find room, in the order in which they came. */
export class Slots {
  readonly #max: number;
  #taken = 0;
  readonly #waiting: Waiting[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Resolves when there is room; a case that needs more than there is gets all of it. Answers what gives it back. */
  async take(wanted: number): Promise<() => void> {
    const connections = Math.min(wanted, this.#max);
    if (this.#waiting.length > 0 || !this.#fits(connections)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ connections, begin: resolve });
      await promise;
    } else this.#taken += connections;
    const leave = () => {
      this.#taken -= connections;
      this.#release();
    };
    if (!Number.isFinite(this.#max)) return leave;
    return () => void setTimeout(leave, closedMs);
  }

  #fits = (connections: number): boolean => this.#taken + connections <= this.#max;

  #release(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.connections); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#taken += first.connections;
      first.begin();
    }
  }
}

/** Connections that a case has open at the same time, at most: a session that connects again has two until its server has closed the old one. */
export function connectionsOf({ sessions, steps }: Pick<Scenario, "sessions" | "steps">): number {
  const twice = new Set(steps.filter(({ op }) => endings.has(op)).map(({ by }) => by));
  return sessions.length + twice.size;
}
