/** Random values of any schema, for property tests only. */
import fc, { type Arbitrary } from "fast-check";
import type { BodyOf } from "./codec.ts";
import { canonicalInt64 } from "./int64.ts";
import type { FieldType, Kind, Schema, SequenceSchema } from "./kinds.ts";

/** Text that comes back as it went: no surrogates, which leave as CESU-8 and return as U+FFFD. */
const text = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom("/", "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufeff", "\uffff"),
  ),
  maxLength: 20,
});

/** The whole range, with a taste for the edge between number and bigint. */
const long = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.integer().map(BigInt),
    fc.tuple(fc.constantFrom(-1n, 1n), fc.bigInt({ min: -3n, max: 3n })).map(([sign, near]) => sign * 2n ** 53n + near),
  )
  .map(canonicalInt64);

const buffer = fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes));

const plain = { noNullPrototype: true } as const;

const scalars: Record<Kind["wire"], Arbitrary<unknown>> = {
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0x7fffffff, -0x80000000)),
  long,
  buffer: fc.option(buffer),
  ustring: fc.option(text),
};

function fieldArbitrary(type: FieldType): Arbitrary<unknown> {
  if (type.is === "kind") return scalars[type.wire];
  if (type.is === "vector") return fc.option(fc.array(fieldArbitrary(type.of), { maxLength: 4 }));
  const fields = Object.entries(type.fields).map(([name, field]) => [name, fieldArbitrary(field)] as const);
  return fc.record(Object.fromEntries(fields), plain);
}

function sequenceArbitrary(schema: SequenceSchema): Arbitrary<unknown> {
  const allowed = Array.from({ length: 256 }, (_, index) => index - 128).filter(
    (type) => schema.bodyOf({ type }) !== undefined,
  );
  const item = fc.constantFrom(...allowed).chain((type) =>
    fc.record(
      {
        header: fc.record({ type: fc.constant(type), done: fc.constant(false), err: scalars.int }, plain),
        body: fieldArbitrary(schema.bodyOf({ type }) ?? { is: "record", name: "none", fields: {} }),
      },
      plain,
    ),
  );
  return fc.array(item, { maxLength: 4 });
}

/** Any value that the schema can carry unchanged: 64-bit integers in canonical form, nulls where jute allows them. */
export function arbitraryOf<S extends Schema>(schema: S): Arbitrary<BodyOf<S>> {
  return (schema.is === "record" ? fieldArbitrary(schema) : sequenceArbitrary(schema)) as Arbitrary<BodyOf<S>>;
}
