/** The length prefix: cutting a byte stream into frames, however it was split or merged on the way. */

/** A length prefix outside 0 … frameBytesMax: nothing behind it can be trusted, the connection must close. */
export class BadFrameLength extends Error {
  readonly length: number;
  constructor(length: number, frameBytesMax: number) {
    super(`frame length ${length} is outside 0…${frameBytesMax}`);
    this.name = "BadFrameLength";
    this.length = length;
  }
}

/** ZooKeeper's default jute.maxbuffer, bytes. */
export const juteMaxBuffer = 0xfffff;

/** The length that a prefix promises, once it is there. */
const lengthIn = (bytes: Buffer, start: number, end: number) =>
  end - start >= 4 ? bytes.readInt32BE(start) : undefined;

/** Least room made for an unfinished frame, bytes. */
const roomMin = 256;

/** Collects chunks and hands out whole frames, without their prefix, in order. Holds at most one unfinished frame, in memory of its own: at most
 *  twice the bytes that really arrived, however many chunks they came in and whatever length the prefix promises. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  /** Prefix and body of the unfinished frame, as far as they came; the rest of the buffer is room. */
  #pending: Buffer = Buffer.alloc(0);
  #pendingBytes = 0;

  constructor(frameBytesMax = juteMaxBuffer) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes of the unfinished frame held back. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Bytes of memory held for it: at most twice as much, or 256. */
  get roomBytes(): number {
    return this.#pending.length;
  }

  /** Feeds one chunk and calls `onFrame` for each frame completed by it; frames are views of the chunk where they lie in one piece.
   *  `onFrame` answers false to stop: the rest of the chunk is dropped. Errors: `BadFrameLength`. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => boolean): void {
    let at = 0;
    if (this.#pendingBytes > 0) {
      at = this.#continue(chunk);
      const frame = this.#finished();
      if (frame === undefined || !onFrame(frame)) return;
    }
    while (chunk.length - at >= 4) {
      const length = this.#lengthAt(chunk, at);
      if (chunk.length - at - 4 < length) break;
      if (!onFrame(chunk.subarray(at + 4, at + 4 + length))) return;
      at += 4 + length;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** Takes what the unfinished frame still lacks, its prefix first; answers how much of the chunk that was. */
  #continue(chunk: Buffer): number {
    const toPrefix = Math.min(Math.max(4 - this.#pendingBytes, 0), chunk.length);
    this.#keep(chunk, 0, toPrefix);
    if (this.#pendingBytes < 4) return toPrefix;
    const lacking = 4 + this.#lengthAt(this.#pending, 0) - this.#pendingBytes;
    const end = Math.min(toPrefix + lacking, chunk.length);
    this.#keep(chunk, toPrefix, end);
    return end;
  }

  /** The unfinished frame, if that is finished now. */
  #finished(): Buffer | undefined {
    const length = lengthIn(this.#pending, 0, this.#pendingBytes);
    if (length === undefined || this.#pendingBytes < 4 + length) return undefined;
    const frame = this.#pending.subarray(4, this.#pendingBytes);
    this.#pending = Buffer.alloc(0);
    this.#pendingBytes = 0;
    return frame;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const bytes = this.#pendingBytes + end - start;
    if (bytes > this.#pending.length) {
      const promised =
        this.#pendingBytes === 0 ? lengthIn(chunk, start, end) : lengthIn(this.#pending, 0, this.#pendingBytes);
      const room = Math.min(Math.max(2 * bytes, roomMin), promised === undefined ? roomMin : 4 + promised);
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, room));
      this.#pending.copy(larger, 0, 0, this.#pendingBytes);
      this.#pending = larger;
    }
    chunk.copy(this.#pending, this.#pendingBytes, start, end);
    this.#pendingBytes = bytes;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    if (length < 0 || length > this.#frameBytesMax) throw new BadFrameLength(length, this.#frameBytesMax);
    return length;
  }
}
