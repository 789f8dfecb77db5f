/** The description language for jute records: wire types, field kinds and record schemas as plain data.
 *  A kind is a wire type plus the protocol fact it carries (this long is a zxid, that one a session id). Encoding, decoding, walking,
 *  printing and comparing are separate folds over these descriptions; none of them lives here. */
import type { Int64 } from "./int64.ts";

/** The primitive layouts of jute (org.apache.jute.BinaryOutputArchive). */
export type WireType = "boolean" | "int" | "long" | "buffer" | "ustring";

/** What a wire type decodes to. A null buffer or string (length −1) is `null`, never empty. */
export interface WireValues {
  boolean: boolean;
  int: number;
  long: Int64;
  buffer: Uint8Array | null;
  ustring: string | null;
}

/** A scalar field: `tag` names its meaning, `wire` its layout. */
export interface Kind<Tag extends string = string, W extends WireType = WireType> {
  readonly is: "kind";
  readonly tag: Tag;
  readonly wire: W;
}

/** A counted list. `unordered` says that the protocol promises no order (children, ephemerals). A null list has count −1. */
export interface VectorType<F extends FieldType = FieldType> {
  readonly is: "vector";
  readonly of: F;
  readonly unordered: boolean;
}

/** A named sequence of fields, in wire order. */
export interface RecordSchema<F extends Fields = Fields> {
  readonly is: "record";
  readonly name: string;
  readonly fields: F;
}

/** Header-and-body pairs up to a header that says it is the last: the framing of multi. `bodyOf` answers `undefined` for a header that
 *  the protocol does not allow; `endsAt` decides by header alone; `end` is what a writer puts last. */
export interface SequenceSchema {
  readonly is: "sequence";
  readonly name: string;
  readonly header: RecordSchema;
  readonly end: Readonly<Record<string, unknown>>;
  endsAt(header: Readonly<Record<string, unknown>>): boolean;
  bodyOf(header: Readonly<Record<string, unknown>>): RecordSchema | undefined;
}

/** Anything that may stand in a record field. */
export type FieldType = Kind | VectorType | RecordSchema;
/** The fields of a record by name; the order of the keys is the order on the wire. */
export type Fields = { readonly [name: string]: FieldType };
/** Anything that may be the body of a frame. */
export type Schema = RecordSchema | SequenceSchema;

/** One element of a decoded sequence. */
export interface SequenceItem {
  header: Record<string, unknown>;
  body: Record<string, unknown>;
}

/** The TypeScript type of a decoded field or record. */
export type Infer<F> =
  F extends Kind<string, infer W>
    ? WireValues[W]
    : F extends VectorType<infer E>
      ? Infer<E>[] | null
      : F extends RecordSchema<infer R>
        ? { -readonly [K in keyof R]: Infer<R[K]> }
        : never;

/** Declares a scalar kind. */
export const kind = <Tag extends string, W extends WireType>(tag: Tag, wire: W): Kind<Tag, W> => ({
  is: "kind",
  tag,
  wire,
});

/** Declares a list whose order the protocol promises. */
export const vector = <F extends FieldType>(of: F): VectorType<F> => ({ is: "vector", of, unordered: false });

/** Declares a list that is a set in meaning. */
export const unorderedVector = <F extends FieldType>(of: F): VectorType<F> => ({ is: "vector", of, unordered: true });

/** Declares a record under its name in zookeeper.jute. */
export const record = <F extends Fields>(name: string, fields: F): RecordSchema<F> => ({ is: "record", name, fields });
