/** Both ends of a client's connection: on each side a session, what it has still to answer, and whether it has hung up. */
import type { BackendSession } from "../../src/backend.ts";
import type { Side } from "../compare/difference.ts";
import { both, otherSide, sides } from "../compare/sides.ts";
import { underWayOf } from "./hang-ups.ts";
import { Lane } from "./lane.ts";
import type { Label } from "./options.ts";
import type { Shared } from "./shared.ts";

/** How long after a death all of its hang-ups are known, ms. */
const deathSettleMs = 600;

/** `absent`: this side never granted a session, or is given up. */
interface End {
  readonly lane: Lane;
  session: BackendSession | undefined;
  state: "open" | "ended" | "absent";
  /** Our clock, ms. */
  endedAt: number;
  /** The same on the waking clock, ms: the other side is waited for from then on. */
  awaitedFrom: number;
  /** Whether it is known that it hung up because it died; `understood` resolves then. */
  isUnderstood: boolean;
  understood: Promise<void>;
}

export class Ends {
  readonly #shared: Shared;
  readonly #ends = both(
    (): End => ({
      ...{ lane: new Lane(), session: undefined, state: "open" },
      ...{ endedAt: 0, awaitedFrom: 0, isUnderstood: false, understood: Promise.resolve() },
    }),
  );

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** A side without a session is absent from now on. */
  begin(sessions: Partial<Record<Side, BackendSession>>): void {
    for (const side of sides) {
      this.#ends[side].session = sessions[side];
      if (sessions[side] === undefined) this.giveUp(side);
    }
  }

  lane(side: Side): Lane {
    return this.#ends[side].lane;
  }

  session(side: Side): BackendSession | undefined {
    return this.#ends[side].session;
  }

  isOpen = (side: Side): boolean => this.#ends[side].state === "open";

  isAbsent = (side: Side): boolean => this.#ends[side].state === "absent";

  /** Whether it has hung up and is not given up for that yet. */
  hasEnded = (side: Side): boolean => this.#ends[side].state === "ended";

  get areOpen(): boolean {
    return sides.every(this.isOpen);
  }

  get hasAbsent(): boolean {
    return sides.some(this.isAbsent);
  }

  /** One side has hung up, and the other may follow. */
  get isHalfEnded(): boolean {
    return sides.filter(this.hasEnded).length === 1 && !this.hasAbsent;
  }

  /** A side of a case hangs up. */
  end(side: Side, label: Label): void {
    const end = this.#ends[side];
    const watch = this.#shared.deathsOf(side);
    end.state = "ended";
    end.endedAt = Date.now();
    end.awaitedFrom = this.#shared.clock.now();
    end.understood = watch.hungUp(end.endedAt, label.case, underWayOf(end.lane.waiting, label)).then(() => {
      end.isUnderstood = true;
    });
  }

  /** Resolves when it is known of every side that has hung up whether it died. */
  async understood(): Promise<void> {
    await Promise.all(sides.map((side) => this.#ends[side].understood));
  }

  giveUp(side: Side): void {
    this.#ends[side].state = "absent";
  }

  /** When a side hung up, our clock, ms. */
  endedAt(side: Side): number {
    return this.#ends[side].endedAt;
  }

  /** Whether a side hung up because it died. It may have been started again by now. */
  hasDied(side: Side): boolean {
    return this.hasEnded(side) && this.#shared.deathsOf(side).isDeath(this.endedAt(side));
  }

  /** The sides that have hung up alone, and long enough ago; `now` is of the waking clock. */
  endedAlone(now: number): Side[] {
    const isDue = (side: Side) => this.#ends[side].awaitedFrom + this.#followMs(side) <= now;
    return sides.filter(
      (side) => this.hasEnded(side) && this.#ends[side].isUnderstood && this.isOpen(otherSide(side)) && isDue(side),
    );
  }

  /** Says goodbye to both sides. */
  close(): void {
    for (const side of sides) {
      this.giveUp(side);
      this.session(side)?.close("client");
    }
  }

  /** How long the other side may take to hang up too. A server that died had no reason that the other one could share, but perhaps that one. */
  #followMs(side: Side): number {
    const { settleMs } = this.#shared.options;
    return this.hasDied(side) ? Math.min(settleMs, deathSettleMs) : settleMs;
  }
}
