import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryOf } from "../jute/arbitrary.ts";
import { MalformedFrame } from "../jute/buffers.ts";
import { decode, encode } from "../jute/codec.ts";
import type { Schema } from "../jute/kinds.ts";
import { walk } from "../jute/walk.ts";
import { errorCodes, errorName } from "./error-codes.ts";
import { type OpName, opcodes, opName } from "./opcodes.ts";

const ops = Object.keys(opcodes) as OpName[];

test("every opcode has one name, and its name leads back", () => {
  expect(new Set(ops.map((op) => opcodes[op].code)).size).toBe(ops.length);
  for (const op of ops) expect(opName(opcodes[op].code)).toBe(op);
});

test.each([0, 10, 23, 99, -1, -10, -12])("%i is no operation for clients", (code) => {
  expect(opName(code)).toBeUndefined();
});

test("error codes have one name each, and a number without a name stays a number", () => {
  for (const [name, code] of Object.entries(errorCodes)) expect(errorName(code)).toBe(name);
  expect(new Set(Object.values(errorCodes)).size).toBe(Object.keys(errorCodes).length);
  expect(errorName(-4711)).toBe("-4711");
});

const schemas = [...new Set(ops.flatMap((op): Schema[] => [opcodes[op].request, opcodes[op].reply]))];

/** Decodes; a refusal is an answer, anything else thrown is a bug. */
function attempt(schema: Schema, bytes: Uint8Array): unknown {
  try {
    return decode(schema, bytes);
  } catch (cause) {
    if (cause instanceof MalformedFrame) return cause;
    throw cause;
  }
}

/** How many scalars and lists a decoded body holds. */
function sizeOf(schema: Schema, value: unknown): number {
  let size = 0;
  const count = () => {
    size++;
    return true;
  };
  walk(schema, value, { scalar: count, list: count });
  return size;
}

describe.each(schemas)("$name", (schema) => {
  test("decode after encode is identity", () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => isDeepStrictEqual(decode(schema, encode(schema, value)), value)),
      { numRuns: 50 },
    );
  });

  test("a cut at any byte is malformed and names a field", () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => {
        const bytes = encode(schema, value);
        for (let length = 0; length < bytes.length; length++) {
          const outcome = attempt(schema, bytes.subarray(0, length));
          if (!(outcome instanceof MalformedFrame) || outcome.field === "" || outcome.offset > length) return false;
        }
        return true;
      }),
      { numRuns: 15 },
    );
  });

  test("arbitrary bytes give a value no larger than themselves, or MalformedFrame", () => {
    const damaged = fc
      .tuple(
        arbitraryOf(schema),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff)), { maxLength: 6 }),
      )
      .map(([value, changes]) => {
        const bytes = encode(schema, value);
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), damaged), (bytes) => {
        const outcome = attempt(schema, bytes);
        return outcome instanceof MalformedFrame || sizeOf(schema, outcome) <= bytes.length;
      }),
      { numRuns: 80 },
    );
  });
});
