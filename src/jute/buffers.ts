/** Bounds-checked reading and growing writing of jute primitives. Source: org.apache.jute.BinaryInputArchive/BinaryOutputArchive (3.9). */
import { type Int64, int64, writeInt64 } from "./int64.ts";

/** The peer sent bytes that are no well-formed record. `field` is the dotted path of the field that could not be read, `offset` the byte
 *  position inside the frame. A server answers MARSHALLINGERROR or closes; it never lets this reach another connection. */
export class MalformedFrame extends Error {
  readonly field: string;
  readonly offset: number;
  readonly #reason: string;

  constructor(reason: string, { field = "", offset }: { field?: string; offset: number }) {
    super(`${reason} at byte ${offset}${field === "" ? "" : ` (${field})`}`);
    this.name = "MalformedFrame";
    this.field = field;
    this.offset = offset;
    this.#reason = reason;
  }

  /** The same error in the words of what the field is a part of. */
  within(outer: string | number): MalformedFrame {
    const field = this.field === "" ? String(outer) : `${outer}.${this.field}`;
    return new MalformedFrame(this.#reason, { field, offset: this.offset });
  }
}

/** Reads primitives from one frame, left to right. Buffers come back as views of the frame: copy what outlives it. */
export class Reader {
  readonly bytes: Buffer;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** Fails with the current position. */
  fail(reason: string): never {
    throw new MalformedFrame(reason, { offset: this.offset });
  }

  #take(length: number): number {
    const start = this.offset;
    if (length > this.bytes.length - start)
      this.fail(`needs ${length} more bytes, ${this.bytes.length - start} are left`);
    this.offset = start + length;
    return start;
  }

  /** Signed 32-bit, big-endian. */
  int(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  /** Signed 64-bit, big-endian. */
  long(): Int64 {
    const start = this.#take(8);
    return int64(this.bytes.readInt32BE(start), this.bytes.readUInt32BE(start + 4));
  }

  /** Any nonzero byte is true. */
  boolean(): boolean {
    return this.bytes[this.#take(1)] !== 0;
  }

  /** Length-prefixed bytes; −1 is null; a smaller length fails. */
  buffer(): Buffer | null {
    const length = this.int();
    if (length === -1) return null;
    if (length < 0) this.fail(`buffer length ${length}`);
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Length-prefixed text, decoded leniently: each malformed UTF-8 sequence becomes U+FFFD, as many of them as in Java. */
  ustring(): string | null {
    const length = this.int();
    if (length === -1) return null;
    if (length < 0) this.fail(`string length ${length}`);
    const start = this.#take(length);
    const text = this.bytes.toString("utf8", start, start + length);
    return text.includes("\ufffd") ? malformedText(this.bytes.subarray(start, start + length)) : text;
  }

  /** The count in front of a vector: −1 is a null list, any other negative count an empty one (BinaryInputArchive.startVector). */
  count(): number | null {
    const count = this.int();
    if (count === -1) return null;
    return Math.max(count, 0);
  }
}

/** UTF-8 as Java's String constructor decodes it: never fails, each malformed sequence becomes U+FFFD. */
export function lenientText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? malformedText(bytes) : text;
}

/** An encoded surrogate (ED A0…BF, with or without its last byte) is one malformed sequence to Java and two or three to WHATWG decoders, Node's
 *  among them; about everything else they agree. Source: JDK 8–21, java.lang.String, decoding of UTF-8. */
function malformedText(bytes: Buffer): string {
  const replaced = bytes.toString("latin1").replace(/\xed[\xa0-\xbf][\x80-\xbf]?/g, "\xef\xbf\xbd");
  return Buffer.from(replaced, "latin1").toString("utf8");
}

/** Appends primitives to a buffer that doubles when full. Reusable: `reset()` keeps the memory; `bytes()` is a view valid until then. */
export class Writer {
  #buffer: Buffer;
  length = 0;

  constructor(capacity = 512) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** Forgets what was written. */
  reset(): this {
    this.length = 0;
    return this;
  }

  /** A view of everything written; the next `reset()` or growth makes it stale. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** An own copy of everything written. */
  copy(): Buffer {
    return Buffer.from(this.bytes());
  }

  /** Makes room and answers where it starts. May replace the memory: take `#buffer` only behind this call. */
  #room(extra: number): number {
    const start = this.length;
    const wanted = start + extra;
    if (wanted > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, start);
      this.#buffer = larger;
    }
    this.length = wanted;
    return start;
  }

  int(value: number): void {
    const start = this.#room(4);
    this.#buffer.writeInt32BE(value | 0, start);
  }

  long(value: Int64): void {
    const start = this.#room(8);
    writeInt64(this.#buffer, start, value);
  }

  boolean(value: boolean): void {
    const start = this.#room(1);
    this.#buffer[start] = value ? 1 : 0;
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) return this.int(-1);
    this.int(value.length);
    this.raw(value);
  }

  /** Raw bytes without a length. */
  raw(value: Uint8Array): void {
    const start = this.#room(value.length);
    this.#buffer.set(value, start);
  }

  /** Length-prefixed CESU-8, as BinaryOutputArchive.stringToByteBuffer: each UTF-16 unit on its own, U+0000 as one zero byte. */
  ustring(value: string | null): void {
    if (value === null) return this.int(-1);
    const start = this.#room(4 + value.length * 3);
    const buffer = this.#buffer;
    let at = start + 4;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x80) buffer[at++] = unit;
      else {
        if (unit < 0x800) buffer[at++] = 0xc0 | (unit >> 6);
        else {
          buffer[at++] = 0xe0 | (unit >> 12);
          buffer[at++] = 0x80 | ((unit >> 6) & 0x3f);
        }
        buffer[at++] = 0x80 | (unit & 0x3f);
      }
    }
    buffer.writeInt32BE(at - start - 4, start);
    this.length = at;
  }

  /** Overwrites four bytes written earlier, such as a length kept free. */
  patchInt(offset: number, value: number): void {
    this.#buffer.writeInt32BE(value, offset);
  }
}
