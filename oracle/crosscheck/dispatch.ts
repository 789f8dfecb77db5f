/** A connection's requests on their way to both sides: at once, or to the candidate only when their convoy knows the order. */
import { type Int64, writeInt64 } from "../../src/jute/int64.ts";
import type { Side } from "../compare/difference.ts";
import { otherSide, sides } from "../compare/sides.ts";
import type { Convoy } from "./convoy.ts";
import type { Ends } from "./ends.ts";
import { HeldBack } from "./held-back.ts";
import type { Exchange } from "./lane.ts";
import { isOutOfLine, type Request } from "./request.ts";
import { type SessionRecord, translateZxid } from "./sessions.ts";
import type { Shared } from "./shared.ts";

export class Dispatch {
  readonly #shared: Shared;
  readonly #ends: Ends;
  readonly #record: SessionRecord;
  /** What the candidate is to get later than the oracle. */
  readonly #heldBack = new HeldBack();

  constructor({ shared, ends, record }: { shared: Shared; ends: Ends; record: SessionRecord }) {
    this.#shared = shared;
    this.#ends = ends;
    this.#record = record;
  }

  /** Sends a request to every side that is there, to `first` first; answers whether any is. */
  send(exchange: Exchange, convoy: Convoy | undefined, first: Side): boolean {
    this.#stamp(exchange);
    exchange.floor = { ...this.#shared.witness.newestWrite };
    exchange.convoy = convoy;
    const open = [first, otherSide(first)].filter(this.#ends.isOpen);
    // Who is not there does not count the silence; whether one that has just hung up did so over it is still to be judged.
    for (const side of sides) if (this.#ends.isAbsent(side)) this.#record.heardAt[side] = Date.now();
    for (const side of open)
      if (side === "candidate" && (convoy !== undefined || !this.#heldBack.isEmpty))
        this.#heldBack.push(exchange, convoy === undefined);
      else this.#submit(side, exchange);
    if (!open.includes("oracle")) this.tellConvoy(exchange, undefined);
    return open.length > 0;
  }

  /** Whether the candidate has still to be sent it. */
  holds(exchange: Exchange): boolean {
    return this.#heldBack.has(exchange);
  }

  /** The oracle's answer to a write in convoy is there, or will never be. Idempotent. */
  tellConvoy(exchange: Exchange, zxid: Int64 | undefined): void {
    const { convoy } = exchange;
    exchange.convoy = undefined;
    convoy?.report(zxid, () => this.#release(exchange));
  }

  #release(exchange: Exchange): void {
    for (const free of this.#heldBack.free(exchange)) {
      if (!this.#ends.isOpen("candidate")) continue;
      this.#stamp(free);
      this.#submit("candidate", free);
    }
  }

  #stamp(exchange: Exchange): void {
    exchange.sentAt = Date.now();
    exchange.awaitedFrom = this.#shared.clock.now();
  }

  #submit(side: Side, exchange: Exchange): void {
    exchange.startedMs[side] = performance.now();
    if (!isOutOfLine(exchange.request)) this.#shared.book.heard(this.#record, side, Date.now());
    this.#ends.lane(side).expect(exchange);
    this.#ends.session(side)?.submit(this.#frameFor(exchange.request, side));
  }

  /** setWatches quotes a zxid of the truth's. */
  #frameFor(request: Request, side: Side): Buffer {
    const { truth, witness } = this.#shared;
    const isQuoting = request.op === "setWatches" || request.op === "setWatches2";
    if (!isQuoting || side === truth || request.operations === undefined) return request.frame;
    const zxid = request.operations[0]?.fields.relativeZxid as Int64;
    const translated = translateZxid(zxid, { witness, truth, record: this.#record });
    const frame = Buffer.from(request.frame);
    writeInt64(frame, 8, translated);
    return frame;
  }
}
