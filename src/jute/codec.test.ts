import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryOf } from "./arbitrary.ts";
import { MalformedFrame, Reader, Writer } from "./buffers.ts";
import { decode, encode, read, write } from "./codec.ts";
import { kind, type RecordSchema, record, type Schema, type SequenceSchema, vector } from "./kinds.ts";

const Inner = record("Inner", { text: kind("text", "ustring"), wide: kind("wide", "long") });
const Outer = record("Outer", {
  flag: kind("flag", "boolean"),
  inner: Inner,
  blob: kind("blob", "buffer"),
  inners: vector(Inner),
  names: vector(kind("name", "ustring")),
  lists: vector(vector(kind("number", "int"))),
});
const Header = record("Header", { type: kind("type", "int"), done: kind("done", "boolean"), err: kind("err", "int") });
const Nothing = record("Nothing", {});
const bodies: Record<number, RecordSchema> = { 1: Inner, 2: Nothing };
const Many: SequenceSchema = {
  is: "sequence",
  name: "Many",
  header: Header,
  end: { type: -1, done: true, err: -1 },
  endsAt: (header) => header.done === true,
  bodyOf: (header) => bodies[header.type as number],
};
const schemas: Schema[] = [Inner, Outer, Many, Nothing];

function failure(schema: Schema, bytes: Uint8Array): MalformedFrame | undefined {
  try {
    decode(schema, bytes);
    return undefined;
  } catch (cause) {
    if (cause instanceof MalformedFrame) return cause;
    throw cause;
  }
}

describe.each(schemas)("$name", (schema) => {
  test("decode after encode is identity", () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => isDeepStrictEqual(decode(schema, encode(schema, value)), value)),
    );
  });

  test("a cut at any byte is malformed and names the field", () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => {
        const bytes = encode(schema, value);
        for (let length = 0; length < bytes.length; length++)
          expect(failure(schema, bytes.subarray(0, length))?.field).toMatch(/^[a-z0-9.]+$/i);
      }),
      { numRuns: 20 },
    );
  });

  test("bytes behind the value are malformed to decode and left alone by read", () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => {
        const bytes = Buffer.concat([encode(schema, value), Buffer.from([7])]);
        expect(failure(schema, bytes)?.message).toContain(schema.name);
        const reader = new Reader(bytes);
        expect(read(schema, reader)).toEqual(value);
        expect(reader.remaining).toBe(1);
      }),
      { numRuns: 20 },
    );
  });
});

test("the error names the innermost field", () => {
  const value = { text: "x", wide: 1 };
  const outer = { flag: true, inner: value, blob: null, inners: [value, value], names: null, lists: [[1], [2, 3]] };
  const bytes = encode(Outer, outer);
  const cutAt = (length: number) => failure(Outer, bytes.subarray(0, length))?.field;
  expect(cutAt(0)).toBe("flag");
  expect(cutAt(3)).toBe("inner.text");
  expect(cutAt(13)).toBe("inner.wide");
  expect(cutAt(17)).toBe("blob");
  expect(cutAt(20)).toBe("inners");
  expect(cutAt(22 + 13 + 4)).toBe("inners.1.text");
  expect(cutAt(bytes.length - 1)).toBe("lists.1.1");
});

test("a count that the bytes cannot hold fails before anything is made for it", () => {
  const Names = record("Names", { names: vector(kind("name", "ustring")) });
  const error = failure(Names, Buffer.from("7fffffff00000000", "hex"));
  expect(error?.message).toContain("2147483647");
  expect(error?.field).toBe("names");
});

describe("sequences", () => {
  test("end at the first header that says so, whatever else it holds", () => {
    expect(decode(Many, Buffer.from("000000020000000000" + "000000630100000007", "hex"))).toEqual([
      { header: { type: 2, done: false, err: 0 }, body: {} },
    ]);
  });

  test("a header without a body is malformed to the reader", () => {
    expect(failure(Many, Buffer.from("000000630000000000", "hex"))?.field).toBe("0");
    expect(failure(Many, Buffer.from("000000020000000000" + "ffffffff00ffffffff", "hex"))?.field).toBe("1");
  });

  test("and a mistake of the caller to the writer", () => {
    const item = { header: { type: 99, done: false, err: 0 }, body: {} };
    expect(() => encode(Many, [item])).toThrow(TypeError);
  });
});

test("write appends where the writer stands", () => {
  const writer = new Writer(1);
  writer.int(5);
  write(Inner, writer, { text: null, wide: -1 });
  expect(writer.bytes().toString("hex")).toBe("00000005ffffffffffffffffffffffff");
});

test("encoded bytes are the caller's own", () => {
  const first = encode(Inner, { text: "one", wide: 1 });
  const kept = first.toString("hex");
  encode(Inner, { text: "two", wide: 2 });
  expect(first.toString("hex")).toBe(kept);
});
