/** Frames out: each one is copied behind its length prefix into a slab, and everything of one turn of the event loop leaves in one write.
 *  Both ends of the wire use it. For pipelined traffic one write per turn is worth an order of magnitude, because a socket write
 *  costs far more than a reply. */
import type { Writable } from "node:stream";

/** Size of a slab in bytes: some hundred replies. A frame that does not fit gets memory of its own. */
const slabBytes = 32 * 1024;

/** Slabs kept for reuse, process-wide, so that a connection with nothing to say holds none. 128 slabs are 4 MiB. */
const spareSlabsMax = 128;
const spareSlabs: Buffer[] = [];

/** Writers with something to flush at the end of this turn; one immediate serves them all. */
let waiting: FrameWriter[] = [];

function flushWaiting(): void {
  const turn = waiting;
  waiting = [];
  for (const writer of turn) writer.flush();
}

/** A filled stretch of memory on its way into the stream. */
interface Piece {
  readonly memory: Buffer;
  readonly length: number;
}

/** What a writer reports to its owner. */
export interface WriterListener {
  /** Frames are about to be handed to the stream. */
  onFlush(): void;
  /** The operating system has taken bytes; `queuedBytes` is lowered already. */
  onTaken(): void;
}

/** Joins frames for one stream. Frames leave in the order of the calls; after the stream's end they are dropped. */
export class FrameWriter {
  readonly #stream: Writable;
  readonly #listener: WriterListener | undefined;
  #slab: Buffer | undefined;
  #used = 0;
  #full: Piece[] = [];
  #isWaiting = false;
  #queuedBytes = 0;

  constructor(stream: Writable, listener?: WriterListener) {
    this.#stream = stream;
    this.#listener = listener;
  }

  /** Bytes sent here that the operating system has not taken yet, prefixes included. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Appends one frame, without its prefix; the bytes are copied before this returns. */
  send(frame: Uint8Array): void {
    if (!this.#stream.writable) return;
    const size = frame.length + 4;
    let slab = this.#slab;
    if (slab === undefined || this.#used + size > slab.length) slab = this.#renewSlab(size);
    slab.writeInt32BE(frame.length, this.#used);
    slab.set(frame, this.#used + 4);
    this.#used += size;
    this.#queuedBytes += size;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      if (waiting.push(this) === 1) setImmediate(flushWaiting);
    }
  }

  /** Hands everything to the stream now instead of at the end of the turn. */
  flush(): void {
    this.#isWaiting = false;
    this.#retireSlab();
    const pieces = this.#full;
    if (pieces.length === 0) return;
    this.#full = [];
    this.#listener?.onFlush();
    if (pieces.length > 1) this.#stream.cork();
    for (const piece of pieces) {
      this.#stream.write(piece.memory.subarray(0, piece.length), (error) => this.#taken(piece, error != null));
    }
    if (pieces.length > 1) this.#stream.uncork();
  }

  #renewSlab(size: number): Buffer {
    this.#retireSlab();
    const slab = size > slabBytes ? undefined : spareSlabs.pop();
    this.#slab = slab ?? Buffer.allocUnsafeSlow(Math.max(size, slabBytes));
    return this.#slab;
  }

  #retireSlab(): void {
    if (this.#slab === undefined) return;
    this.#full.push({ memory: this.#slab, length: this.#used });
    this.#slab = undefined;
    this.#used = 0;
  }

  /** A failed write may still be in the hands of the operating system: its slab is left to the garbage collector. */
  #taken(piece: Piece, hasFailed: boolean): void {
    this.#queuedBytes -= piece.length;
    if (!hasFailed && piece.memory.length === slabBytes && spareSlabs.length < spareSlabsMax)
      spareSlabs.push(piece.memory);
    this.#listener?.onTaken();
  }
}
