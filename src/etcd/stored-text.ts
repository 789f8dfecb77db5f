/** Text in stored records. It is written as on the wire, in CESU-8, but unlike on the wire everything written has to be read back: Java's lenient
 *  UTF-8 would turn each half of a surrogate pair into U+FFFD, and the user of a digest may well have one in the name. */
import { Reader } from "../jute/buffers.ts";
import { type BodyOf, read } from "../jute/codec.ts";
import type { Schema } from "../jute/kinds.ts";

/** Reads every string that a `Writer` can write. */
class StoredReader extends Reader {
  override ustring(): string | null {
    const start = this.offset;
    const text = super.ustring();
    return text?.includes("\ufffd") ? unitByUnit(this.bytes.subarray(start + 4, this.offset)) : text;
  }
}

/** UTF-16 units encoded each on its own, in one to three bytes. */
function unitByUnit(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    const unit =
      length === 1
        ? first
        : length === 2
          ? ((first & 0x1f) << 6) | (second & 0x3f)
          : ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
    text += String.fromCharCode(unit);
    at += length;
  }
  return text;
}

/** Decodes a record that stands somewhere in stored bytes. Errors: `MalformedFrame`. */
export const readStored = <S extends Schema>(schema: S, bytes: Buffer, offset: number): BodyOf<S> =>
  read(schema, new StoredReader(bytes, offset));

/** Decodes a whole stored record. Errors: `MalformedFrame`, also for bytes left over. */
export function decodeStored<S extends Schema>(schema: S, bytes: Uint8Array): BodyOf<S> {
  const reader = new StoredReader(bytes);
  const value = read(schema, reader);
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes behind ${schema.name}`);
  return value;
}
