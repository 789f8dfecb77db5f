/** Watch events of one connection, paired between the sides by their place: between which two of the connection's replies they came, and in which
 *  order there. Since a server sends an event ahead of every reply that could show its cause, a reply on both sides makes silence a fact. */
import type { WatcherEvent } from "../../src/protocol/records.ts";
import { decodeEvent } from "../compare/decode.ts";
import type { Both, Difference, Side } from "../compare/difference.ts";
import { eventName } from "../compare/print.ts";
import { otherSide, sides } from "../compare/sides.ts";

/** An event as one side sent it. `replies`: how many replies went before it on its connection. */
export interface Arrival {
  readonly frame: Buffer;
  readonly event: WatcherEvent;
  readonly key: string;
  readonly replies: number;
  /** Waking clock, ms. */
  readonly at: number;
}

/** A judged event. `isLate`: the sides disagree on the place of an event that may come at any moment, or on one that only one of them may owe. */
export interface PairedEvents {
  readonly arrivals: Partial<Both<Arrival>>;
  readonly differences: readonly Difference[];
  readonly isLate: boolean;
}

/** What pairing asks of its surroundings. */
export interface PairingScene {
  readonly settleMs: number;
  /** Compares two events that stand for each other. */
  compare(frames: Both<Buffer>): readonly Difference[];
  /** Whether one server may send these two the other way round. */
  mayShuffle(one: WatcherEvent, other: WatcherEvent): boolean;
  /** The znode may go at different moments on the two sides, or just went so (an expiring session's, a reaped one). */
  isUnsteady(path: string): boolean;
  /** What the event tells of may be watched on one side alone. */
  isWatchedUnsurely(path: string): boolean;
  /** How long an event may be on its way to one side after the other has sent it, ms. */
  waitMs(event: WatcherEvent): number;
  /** In the order of judging. */
  judged(events: PairedEvents): void;
}

/** How many events that were judged stay known, to tell a repeated event from an unexpected one. */
const rememberedMax = 64;

export class Pairing {
  readonly #scene: PairingScene;
  readonly #waiting: Record<Side, Arrival[]> = { candidate: [], oracle: [] };
  readonly #paired: { key: string; replies: number }[] = [];
  /** Events that were given up on a side; should they come after all, they have been reported. */
  readonly #givenUp: Record<Side, string[]> = { candidate: [], oracle: [] };
  /** Replies that both sides have sent. */
  #replies = 0;

  constructor(scene: PairingScene) {
    this.#scene = scene;
  }

  /** Events without a counterpart. */
  get waiting(): number {
    return this.#waiting.candidate.length + this.#waiting.oracle.length;
  }

  /** Whether any unpaired event is given up by then, waking clock, ms. */
  endsBy(at: number): boolean {
    return sides.some((side) => this.#waiting[side].some((one) => one.at + this.#scene.waitMs(one.event) <= at));
  }

  /** Everything that waits on one side, oldest first. */
  left(side: Side): readonly Arrival[] {
    return this.#waiting[side];
  }

  /** Drops what waits; nothing can be said of it any more. */
  abandon(): void {
    for (const side of sides) this.#waiting[side] = [];
  }

  arrived(side: Side, frame: Buffer, replies: number, at: number): void {
    const { body } = decodeEvent(frame);
    const event = (body as WatcherEvent | undefined) ?? { type: 0, state: 0, path: null };
    const key = body === undefined ? frame.toString("hex") : `${event.type} ${event.state} ${event.path}`;
    const late = this.#givenUp[side].indexOf(key);
    if (late >= 0) this.#givenUp[side].splice(late, 1);
    else this.#waiting[side].push({ frame, event, key, replies, at });
    this.#pairHeads();
  }

  /** Both sides have sent this many replies: the events before them are complete. */
  replied(replies: number, now: number): void {
    this.#replies = replies;
    if (this.waiting === 0) return;
    this.#pairHeads();
    for (const place of this.#places((arrival) => arrival.replies < replies)) this.#resolve(place, now);
  }

  /** No reply follows: what goes before the last one on one side only is missing on the other, unless it may come at any moment. */
  ended(now: number): void {
    for (const place of this.#places((arrival) => arrival.replies < this.#replies)) this.#resolve(place, now, true);
  }

  /** Gives up what has waited for the settle window. */
  sweep(now: number): void {
    for (const place of this.#places((arrival) => arrival.at + this.#scene.settleMs <= now)) this.#resolve(place, now);
  }

  #places(isDue: (arrival: Arrival) => boolean): number[] {
    const due = sides.flatMap((side) => this.#waiting[side].filter(isDue).map(({ replies }) => replies));
    return [...new Set(due)].sort((a, b) => a - b);
  }

  #pairHeads(): void {
    for (;;) {
      const [candidate, oracle] = [this.#waiting.candidate[0], this.#waiting.oracle[0]];
      if (candidate === undefined || oracle === undefined) return;
      if (candidate.key !== oracle.key || candidate.replies !== oracle.replies) return;
      this.#pair({ candidate, oracle });
    }
  }

  #pair(arrivals: Both<Arrival>, isLate = false, extra: readonly Difference[] = []): void {
    const frames = { candidate: arrivals.candidate.frame, oracle: arrivals.oracle.frame };
    this.#finish(arrivals, [...extra, ...this.#scene.compare(frames)], isLate);
  }

  #finish(arrivals: Partial<Both<Arrival>>, differences: readonly Difference[], isLate = false): void {
    for (const side of sides) {
      const arrival = arrivals[side];
      if (arrival === undefined) continue;
      this.#waiting[side].splice(this.#waiting[side].indexOf(arrival), 1);
      this.#paired.push({ key: arrival.key, replies: arrival.replies });
    }
    if (this.#paired.length > rememberedMax * 2) this.#paired.splice(0, rememberedMax);
    this.#scene.judged({ arrivals, differences, isLate });
  }

  /** Judges the events between two replies. `isLast`: no more will come. */
  #resolve(place: number, now: number, isLast = false): void {
    const here = (side: Side) => this.#waiting[side].filter(({ replies }) => replies === place);
    this.#pairSame(here("candidate"), here("oracle"));
    this.#pairSimilar(here("candidate"), here("oracle"));
    for (const side of sides) for (const arrival of here(side)) this.#resolveLonely(side, arrival, { now, isLast });
  }

  /** Same events, perhaps in another order. */
  #pairSame(candidates: readonly Arrival[], oracles: readonly Arrival[]): void {
    const free = [...oracles];
    const pairs: Both<Arrival>[] = [];
    for (const candidate of candidates) {
      const at = free.findIndex(({ key }) => key === candidate.key);
      const [oracle] = at < 0 ? [] : free.splice(at, 1);
      if (oracle !== undefined) pairs.push({ candidate, oracle });
    }
    const before: { readonly event: WatcherEvent; readonly position: number }[] = [];
    for (const pair of pairs) {
      const { event } = pair.candidate;
      const position = oracles.indexOf(pair.oracle);
      const isBehind = before.some((one) => one.position > position && !this.#scene.mayShuffle(one.event, event));
      before.push({ event, position });
      this.#pair(pair, false, isBehind ? [orderOf(candidates, oracles)] : []);
    }
  }

  /** One event on each side that have something in common: the difference lies inside. */
  #pairSimilar(candidates: readonly Arrival[], oracles: readonly Arrival[]): void {
    const isSteady = ({ event: { path } }: Arrival) =>
      !this.#scene.isUnsteady(path ?? "") && !this.#scene.isWatchedUnsurely(path ?? "");
    const free = oracles.filter(isSteady);
    for (const candidate of candidates.filter(isSteady)) {
      const isClose = ({ event }: Arrival) => event.path === candidate.event.path;
      const isAlike = ({ event }: Arrival) => event.type === candidate.event.type;
      const close = free.findIndex(isClose);
      const at = close >= 0 ? close : free.findIndex(isAlike);
      const [oracle] = at < 0 ? [] : free.splice(at, 1);
      if (oracle !== undefined) this.#pair({ candidate, oracle });
    }
  }

  /** An event that the other side has not sent in this place. It may have sent it in another; the next reply, or the window, decides. */
  #resolveLonely(side: Side, arrival: Arrival, { now, isLast }: { now: number; isLast: boolean }): void {
    const other = otherSide(side);
    const isUnsteady = this.#scene.isUnsteady(arrival.event.path ?? "");
    const elsewhere = this.#waiting[other].find(({ key }) => key === arrival.key);
    if (elsewhere !== undefined) {
      const pair =
        side === "candidate" ? { candidate: arrival, oracle: elsewhere } : { candidate: elsewhere, oracle: arrival };
      this.#pair(pair, isUnsteady, [placeOf(pair)]);
      return;
    }
    const isDue = arrival.at + this.#scene.waitMs(arrival.event) <= now;
    if (!isDue && (isUnsteady || (!isLast && this.#replies < arrival.replies + 2))) return;
    this.#givenUp[other].push(arrival.key);
    if (this.#givenUp[other].length > rememberedMax) this.#givenUp[other].shift();
    // Only the candidate can be wrong in sending twice what the oracle sent once.
    const isRepeated =
      side === "candidate" &&
      this.#paired.some(({ key, replies }) => key === arrival.key && replies >= arrival.replies - 1);
    const at = isRepeated ? "event.duplicate" : "event";
    const isUnsure = this.#scene.isWatchedUnsurely(arrival.event.path ?? "");
    this.#finish({ [side]: arrival }, [{ is: "absent", at, on: other, other: describe(arrival.event) }], isUnsure);
  }
}

const describe = ({ type, path }: WatcherEvent): string => `${eventName(type)} ${path}`;

const orderOf = (candidates: readonly Arrival[], oracles: readonly Arrival[]): Difference => ({
  is: "order",
  at: "event",
  candidate: candidates.map(({ event }) => describe(event)).join(", "),
  oracle: oracles.map(({ event }) => describe(event)).join(", "),
});

const placeOf = ({ candidate, oracle }: Both<Arrival>): Difference => ({
  is: "order",
  at: "event.place",
  candidate: `behind ${candidate.replies} replies`,
  oracle: `behind ${oracle.replies} replies`,
});
