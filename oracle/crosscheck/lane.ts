/** One side of one connection: which request does a frame answer? A server answers a connection's requests in order, except that what concerns
 *  the connection alone (auth, sasl, unknown opcodes) may be answered ahead of what waits in the pipeline. */
import { Reader } from "../../src/jute/buffers.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import { xids } from "../../src/protocol/opcodes.ts";
import { isEvent } from "../compare/decode.ts";
import type { Both, Side } from "../compare/difference.ts";
import type { Convoy } from "./convoy.ts";
import type { Request } from "./request.ts";

/** A request under way and its two answers. */
export interface Exchange {
  readonly request: Request;
  /** How many ordinary requests went before it on this connection; undefined outside the pipeline. */
  readonly position: number | undefined;
  /** Its session was asked to close before. */
  readonly isTooLate: boolean;
  /** Our clock, ms. 0 until sent. */
  sentAt: number;
  /** The same on the waking clock, ms: an answer is waited for from then on. */
  awaitedFrom: number;
  /** When each side was sent it, on the clock that is never set, with fractions of a millisecond: what answer times are measured with. */
  readonly startedMs: Partial<Record<Side, number>>;
  /** Set until the convoy has been told of the oracle's answer. */
  convoy: Convoy | undefined;
  /** Per side the newest write answered when it was sent. */
  floor: Both<Int64>;
  /** `at`: waking clock, ms. */
  readonly replies: Partial<Record<Side, { readonly frame: Buffer; readonly at: number; readonly tookMs: number }>>;
  /** Sides that have answered a later request instead. */
  readonly isSkippedBy: Record<Side, boolean>;
  /** Its verdict is in the journal; an answer that comes later changes nothing. */
  isJudged: boolean;
}

/** What a frame is. `skipped`: requests that will not be answered any more, since a later one was. `stray`: an answer to nothing. */
export type Taken =
  | { readonly is: "event" }
  | { readonly is: "reply"; readonly exchange: Exchange; readonly skipped: readonly Exchange[] }
  | { readonly is: "stray"; readonly isRepeated: boolean };

/** Matches frames to requests. */
export class Lane {
  readonly #waiting: Exchange[] = [];
  #lastXid: number | undefined;
  /** Ordinary requests answered or passed over: events are placed by this count. */
  replies = 0;

  /** A request has been sent. */
  expect(exchange: Exchange): void {
    this.#waiting.push(exchange);
  }

  /** Requests without an answer, oldest first. */
  get waiting(): readonly Exchange[] {
    return this.#waiting;
  }

  take(frame: Buffer): Taken {
    const xid = frame.length >= 4 ? frame.readInt32BE(0) : 0;
    const at = this.#find(xid, frame);
    if (xid === xids.notification && (at < 0 || isEvent(frame))) return { is: "event" };
    if (at >= 0) return this.#answered(at, xid);
    // An answer under a wrong xid still answers the oldest request, unless it repeats the answer before.
    const oldest = this.#waiting.findIndex(({ position }) => position !== undefined);
    if (oldest < 0 || xid === this.#lastXid) return { is: "stray", isRepeated: xid === this.#lastXid };
    return this.#answered(oldest, xid);
  }

  /** Clients may use an xid twice. A zxid of 0 or −1 then tells an answer from outside the pipeline. */
  #find(xid: number, frame: Buffer): number {
    const isOutside = frame.length >= 12 && new Reader(frame, 4).long() <= 0;
    const isMeant = ({ request, position }: Exchange) =>
      request.replyXid === xid && (position === undefined) === isOutside;
    const at = this.#waiting.findIndex(isMeant);
    return at >= 0 ? at : this.#waiting.findIndex(({ request }) => request.replyXid === xid);
  }

  #answered(at: number, xid: number): Taken {
    const [exchange] = this.#waiting.splice(at, 1);
    if (exchange === undefined) return { is: "stray", isRepeated: false };
    this.#lastXid = xid;
    if (exchange.position === undefined) return { is: "reply", exchange, skipped: [] };
    const isPassed = ({ position }: Exchange) => position !== undefined && position < (exchange.position ?? 0);
    const skipped = this.#waiting.filter(isPassed);
    if (skipped.length > 0) this.#waiting.splice(0, Infinity, ...this.#waiting.filter((one) => !isPassed(one)));
    this.replies = exchange.position + 1;
    return { is: "reply", exchange, skipped };
  }
}
