/** One client's ordered way out: what a backend knows as `Downstream`. */
import type { Duplex } from "node:stream";
import type { Downstream } from "../backend.ts";
import { FrameWriter } from "../protocol/frame-writer.ts";
import type { Clock } from "./clock.ts";
import type { ServerLimits } from "./limits.ts";
import type { ConnectionStats } from "./stats.ts";

/** What the connection learns from its outbox. */
export interface OutboxListener {
  /** The client has taken most of what made `isHigh` true. */
  onDrained(): void;
  /** The client does not read; nothing more is queued and the connection must go. */
  onOverflow(): void;
  /** No frame will follow. */
  onEnded(): void;
}

/** Queues frames for one stream, joins them, and watches how much the client has not taken. Frames that a backend sends before the
 *  handshake's answer is on its way are held back until then. */
export class Outbox implements Downstream {
  readonly #stream: Duplex;
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #stats: ConnectionStats;
  readonly #listener: OutboxListener;
  readonly #writer: FrameWriter;
  #early: Buffer[] | undefined = [];
  #isEarlyEnd = false;
  #isHigh = false;
  #hasEnded = false;

  constructor(
    stream: Duplex,
    context: { readonly limits: ServerLimits; readonly clock: Clock; readonly stats: ConnectionStats },
    listener: OutboxListener,
  ) {
    this.#stream = stream;
    this.#limits = context.limits;
    this.#clock = context.clock;
    this.#stats = context.stats;
    this.#listener = listener;
    this.#writer = new FrameWriter(stream, {
      onFlush: () => this.#stats.flush(this.#clock.now()),
      onTaken: () => this.#taken(),
    });
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  /** Whether the client should read before it gets more. */
  get isHigh(): boolean {
    return this.#isHigh;
  }

  /** Whether the last frame has been queued. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends the handshake's answer, then what was held back for it. */
  begin(answer: Uint8Array): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (!this.#hasEnded) {
      this.#stats.greetingOut();
      this.#writer.send(answer);
    }
    for (const frame of early) this.send(frame);
    if (this.#isEarlyEnd) this.end();
  }

  send(frame: Uint8Array): void {
    if (this.#hasEnded) return;
    if (this.#early !== undefined) {
      this.#early.push(Buffer.from(frame));
      return;
    }
    this.#stats.frameOut(frame);
    this.#writer.send(frame);
    const queued = this.#writer.queuedBytes;
    if (queued <= this.#limits.highWaterBytes) return;
    if (!this.#isHigh) {
      this.#isHigh = true;
      this.#writer.flush();
    }
    // Judged by what was queued before, so that a single reply may be larger than the limit.
    if (queued - frame.length <= this.#limits.queuedBytesMax) return;
    this.#hasEnded = true;
    this.#listener.onOverflow();
  }

  end(): void {
    if (this.#early !== undefined) this.#isEarlyEnd = true;
    else this.close();
  }

  /** Ends even when the handshake was never answered. The client sees the end of the stream, not a reset, as long as it goes on reading:
   *  what it still sends is taken and dropped until it closes or `lingerMs` have passed. */
  close(lastWords = ""): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#writer.flush();
    if (lastWords === "") this.#stream.end();
    else this.#stream.end(lastWords);
    const cancel = this.#clock.after(this.#limits.lingerMs, () => this.#stream.destroy());
    this.#stream.once("close", cancel);
    this.#listener.onEnded();
  }

  #taken(): void {
    if (!this.#isHigh || this.#writer.queuedBytes > this.#limits.lowWaterBytes) return;
    this.#isHigh = false;
    this.#listener.onDrained();
  }
}
