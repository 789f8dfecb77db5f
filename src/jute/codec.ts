/** Encoding and decoding of any schema, compiled once per schema to cached closures. */
import { MalformedFrame, Reader, Writer } from "./buffers.ts";
import type { FieldType, Infer, Kind, RecordSchema, Schema, SequenceItem, SequenceSchema } from "./kinds.ts";

interface Codec {
  read(reader: Reader): unknown;
  write(writer: Writer, value: unknown): void;
}

const compiled = new WeakMap<object, Codec>();

function codecOf(type: FieldType | SequenceSchema): Codec {
  let codec = compiled.get(type);
  if (codec === undefined) {
    codec =
      type.is === "kind"
        ? scalarCodec(type)
        : type.is === "vector"
          ? vectorCodec(type.of)
          : type.is === "record"
            ? recordCodec(type)
            : sequenceCodec(type);
    compiled.set(type, codec);
  }
  return codec;
}

function scalarCodec(kind: Kind): Codec {
  switch (kind.wire) {
    case "boolean":
      return { read: (r) => r.boolean(), write: (w, v) => w.boolean(v as boolean) };
    case "int":
      return { read: (r) => r.int(), write: (w, v) => w.int(v as number) };
    case "long":
      return { read: (r) => r.long(), write: (w, v) => w.long(v as number | bigint) };
    case "buffer":
      return { read: (r) => r.buffer(), write: (w, v) => w.buffer(v as Uint8Array | null) };
    case "ustring":
      return { read: (r) => r.ustring(), write: (w, v) => w.ustring(v as string | null) };
  }
}

/** A count larger than the bytes left fails before anything is allocated for it: every element takes at least one byte. */
function vectorCodec(of: FieldType): Codec {
  const element = codecOf(of);
  return {
    read(reader) {
      const count = reader.count();
      if (count === null) return null;
      if (count > reader.remaining) reader.fail(`vector of ${count} elements, ${reader.remaining} bytes are left`);
      const out: unknown[] = [];
      try {
        while (out.length < count) out.push(element.read(reader));
      } catch (cause) {
        throw inField(out.length, cause);
      }
      return out;
    },
    write(writer, value) {
      const list = value as unknown[] | null;
      writer.int(list === null ? -1 : list.length);
      for (const item of list ?? []) element.write(writer, item);
    },
  };
}

function recordCodec(schema: RecordSchema): Codec {
  const names = Object.keys(schema.fields);
  const codecs = Object.values(schema.fields).map(codecOf);
  return {
    read(reader) {
      const out: Record<string, unknown> = {};
      let i = 0;
      try {
        for (; i < names.length; i++) out[names[i] as string] = (codecs[i] as Codec).read(reader);
      } catch (cause) {
        throw inField(names[i] as string, cause);
      }
      return out;
    },
    write(writer, value) {
      const fields = value as Record<string, unknown>;
      for (let i = 0; i < names.length; i++) (codecs[i] as Codec).write(writer, fields[names[i] as string]);
    },
  };
}

function sequenceCodec(schema: SequenceSchema): Codec {
  const header = codecOf(schema.header);
  return {
    read(reader) {
      const items: SequenceItem[] = [];
      try {
        for (;;) {
          const head = header.read(reader) as Record<string, unknown>;
          if (schema.endsAt(head)) return items;
          const body = schema.bodyOf(head);
          if (body === undefined) return reader.fail("a header that is not allowed here");
          items.push({ header: head, body: codecOf(body).read(reader) as Record<string, unknown> });
        }
      } catch (cause) {
        throw inField(items.length, cause);
      }
    },
    write(writer, value) {
      for (const item of value as SequenceItem[]) {
        const body = schema.bodyOf(item.header);
        if (body === undefined)
          throw new TypeError(`${schema.name}: no body belongs to ${JSON.stringify(item.header)}`);
        header.write(writer, item.header);
        codecOf(body).write(writer, item.body);
      }
      header.write(writer, schema.end);
    },
  };
}

/** Fields are named when reading has failed, not while it goes on: hardly any frame is malformed. */
const inField = (name: string | number, cause: unknown): unknown =>
  cause instanceof MalformedFrame ? cause.within(name) : cause;

/** The decoded type of a frame body. */
export type BodyOf<S extends Schema> = S extends RecordSchema ? Infer<S> : SequenceItem[];

/** Reads one record or sequence at the reader's position. Errors: `MalformedFrame`. Bytes behind it are left for the caller to judge. */
export function read<S extends Schema>(schema: S, reader: Reader): BodyOf<S> {
  return codecOf(schema).read(reader) as BodyOf<S>;
}

/** Appends one record or sequence. */
export function write<S extends Schema>(schema: S, writer: Writer, value: BodyOf<S>): void {
  codecOf(schema).write(writer, value);
}

/** Decodes a whole byte string. Errors: `MalformedFrame`, also for bytes left over. */
export function decode<S extends Schema>(schema: S, bytes: Uint8Array): BodyOf<S> {
  const reader = new Reader(bytes);
  const value = read(schema, reader);
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes behind ${schema.name}`);
  return value;
}

/** Encodes to fresh bytes. */
export function encode<S extends Schema>(schema: S, value: BodyOf<S>): Buffer {
  const writer = new Writer(128);
  write(schema, writer, value);
  return writer.bytes();
}
