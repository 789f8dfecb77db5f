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

/** Collects chunks and hands out whole frames, without their prefix, in order. Holds at most one unfinished frame; memory grows with the
 *  bytes that really arrived, never with the length that a prefix promises. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wanted = 4;

  constructor(frameBytesMax = juteMaxBuffer) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes of the unfinished frame held back. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Feeds one chunk and calls `onFrame` for each frame completed by it; frames are views of the chunk where they lie in one piece.
   *  `onFrame` answers false to stop: the rest of the chunk is dropped. Errors: `BadFrameLength`. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => boolean): void {
    let bytes = chunk;
    if (this.#pendingBytes > 0) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      if (this.#pendingBytes < this.#wanted) return;
      bytes = Buffer.concat(this.#pending, this.#pendingBytes);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readInt32BE(at);
      if (length < 0 || length > this.#frameBytesMax) throw new BadFrameLength(length, this.#frameBytesMax);
      if (bytes.length - at - 4 < length) break;
      if (!onFrame(bytes.subarray(at + 4, at + 4 + length))) return;
      at += 4 + length;
    }
    if (at === bytes.length) {
      this.#wanted = 4;
      return;
    }
    const rest = bytes.subarray(at);
    this.#pending.push(rest);
    this.#pendingBytes = rest.length;
    this.#wanted = rest.length >= 4 ? 4 + rest.readInt32BE(0) : 4;
  }
}
