/** The bytes and texts of a request where they lie: a fold over its schema for those who overwrite them and keep their length. */
import type { Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { FieldType, Schema } from "../jute/kinds.ts";

/** Takes the bytes of a field, which are a view of the frame. `scheme` is that of the field before, which says how to read an identity or a secret. */
export type VisitField = (tag: string, bytes: Buffer, scheme: string) => void;

/** Visits every buffer and string of a body in wire order; null ones are passed over. Leaves the reader behind the body. Errors: `MalformedFrame`. */
export function visitFields(schema: Schema, reader: Reader, visit: VisitField): void {
  if (schema.is === "record") return visitField(schema, reader, visit);
  for (;;) {
    const header = read(schema.header, reader) as Record<string, unknown>;
    if (schema.endsAt(header)) return;
    const body = schema.bodyOf(header);
    if (body === undefined) return reader.fail("a header that is not allowed here");
    visitField(body, reader, visit);
  }
}

function visitField(type: FieldType, reader: Reader, visit: VisitField, scheme = ""): void {
  if (type.is === "record") {
    let last = "";
    for (const field of Object.values(type.fields)) {
      const before = reader.offset;
      visitField(field, reader, visit, last);
      if (field.is === "kind" && field.tag === "scheme")
        last = reader.bytes.toString("utf8", before + 4, reader.offset);
    }
    return;
  }
  if (type.is === "vector") {
    const count = reader.count() ?? 0;
    if (count > reader.remaining) reader.fail(`vector of ${count} elements, ${reader.remaining} bytes are left`);
    for (let i = 0; i < count; i++) visitField(type.of, reader, visit);
    return;
  }
  if (type.wire === "int") reader.int();
  else if (type.wire === "long") reader.long();
  else if (type.wire === "boolean") reader.boolean();
  else {
    const bytes = reader.buffer();
    if (bytes !== null) visit(type.tag, bytes, scheme);
  }
}
