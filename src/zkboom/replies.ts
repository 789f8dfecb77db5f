/** Reads of a reply stream no more than the headers. */

/** Prefix and ReplyHeader. */
const headBytes = 20;

/** Cuts replies out of chunks and tells xid, error and length (prefix included) of each; bodies are skipped where they lie. */
export class ReplyScanner {
  readonly #onReply: (xid: number, err: number, bytes: number) => void;
  /** The head of a reply that came in pieces. */
  readonly #head = Buffer.alloc(headBytes);
  #headFill = 0;
  #toSkip = 0;

  constructor(onReply: (xid: number, err: number, bytes: number) => void) {
    this.#onReply = onReply;
  }

  /** Feeds bytes `from` … `to` of a chunk. Throws RangeError for a length that no reply has. */
  push(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#toSkip > 0) {
        const step = Math.min(this.#toSkip, to - at);
        this.#toSkip -= step;
        at += step;
      } else if (this.#headFill === 0 && to - at >= headBytes) {
        this.#reply(chunk, at);
        at += headBytes;
      } else {
        const step = Math.min(headBytes - this.#headFill, to - at);
        chunk.copy(this.#head, this.#headFill, at, at + step);
        this.#headFill += step;
        at += step;
        if (this.#headFill === headBytes) {
          this.#headFill = 0;
          this.#reply(this.#head, 0);
        }
      }
    }
  }

  #reply(bytes: Buffer, at: number): void {
    const length = bytes.readInt32BE(at);
    if (length < headBytes - 4) throw new RangeError(`a reply of ${length} bytes`);
    this.#toSkip = length - (headBytes - 4);
    this.#onReply(bytes.readInt32BE(at + 4), bytes.readInt32BE(at + 16), length + 4);
  }
}
