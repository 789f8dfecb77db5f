import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { decode, encode, read } from "../jute/codec.ts";
import { canonicalInt64, type Int64 } from "../jute/int64.ts";
import type { FieldType, RecordSchema, Schema } from "../jute/kinds.ts";
import * as connect from "./connect.ts";
import * as multi from "./multi.ts";
import { type OpName, opcodes } from "./opcodes.ts";
import * as records from "./records.ts";

/** A value as golden.json spells it: longs as decimal text, buffers as hex. */
type Plain = null | boolean | number | string | Plain[] | { [field: string]: Plain };
interface Row {
  schema: string;
  name: string;
  value: Plain;
  hex: string;
  /** What Java reads where that is not `value`. */
  reads?: Plain;
}
interface Golden {
  zooKeeper: string;
  rows: Row[];
  readings: { schema: string; name: string; hex: string; reads?: Plain; fails?: string }[];
  texts: { hex: string; text: string }[];
  everyText: { classes: string; sequences: number; each: string; joined: string };
}

const golden = JSON.parse(readFileSync(new URL("golden/golden.json", import.meta.url), "utf8")) as Golden;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && "is" in value && (value.is === "record" || value.is === "sequence");

const schemas = new Map(
  [records, connect, multi].flatMap((file) => Object.values(file).filter(isSchema)).map((each) => [each.name, each]),
);

function schemaNamed(name: string): Schema {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`golden.json has a ${name}, records.ts has none`);
  return schema;
}

/** The same body with every scalar passed through `scalar`. */
function mapBody(schema: Schema, body: unknown, scalar: (wire: string, value: unknown) => unknown): unknown {
  const mapField = (type: FieldType, value: unknown): unknown => {
    if (type.is === "kind") return value === null ? null : scalar(type.wire, value);
    if (type.is === "vector")
      return value === null ? null : (value as unknown[]).map((item) => mapField(type.of, item));
    const fields = value as Record<string, unknown>;
    expect(Object.keys(fields)).toEqual(Object.keys(type.fields));
    return Object.fromEntries(
      Object.entries(type.fields).map(([name, field]) => [name, mapField(field, fields[name])]),
    );
  };
  if (schema.is === "record") return mapField(schema, body);
  return (body as { header: Record<string, unknown>; body: unknown }[]).map((item) => ({
    header: mapField(schema.header, item.header),
    body: mapField(schema.bodyOf(item.header) as RecordSchema, item.body),
  }));
}

const fromPlain = (schema: Schema, value: Plain) =>
  mapBody(schema, value, (wire, scalar) =>
    wire === "long"
      ? canonicalInt64(BigInt(scalar as string))
      : wire === "buffer"
        ? Buffer.from(scalar as string, "hex")
        : scalar,
  );

const toPlain = (schema: Schema, value: unknown) =>
  mapBody(schema, value, (wire, scalar) =>
    wire === "long" ? String(scalar as Int64) : wire === "buffer" ? (scalar as Buffer).toString("hex") : scalar,
  );

const title = ({ schema, name }: { schema: string; name: string }) => `${schema}, ${name}`;
const plainRows = golden.rows.filter((row) => !row.schema.includes("+")).map((row) => [title(row), row] as const);
const handshakes = golden.rows.filter((row) => row.schema.includes("+")).map((row) => [title(row), row] as const);

describe(`bytes of ZooKeeper ${golden.zooKeeper}`, () => {
  test.each(plainRows)("%s", (_title, row) => {
    const schema = schemaNamed(row.schema);
    expect(encode(schema, fromPlain(schema, row.value) as never).toString("hex")).toBe(row.hex);
    expect(toPlain(schema, decode(schema, Buffer.from(row.hex, "hex")))).toEqual(row.reads ?? row.value);
  });

  test("values read differently only where UTF-16 units do not survive", () => {
    for (const row of golden.rows.filter(({ reads }) => reads !== undefined)) {
      expect(JSON.stringify(row.value)).toMatch(/[\ud800-\udfff]|\\ud[89a-f]/);
      expect(JSON.stringify(row.reads)).toContain("\ufffd");
    }
  });

  test.each(handshakes)("%s", (_title, row) => {
    const { readOnly, ...fields } = row.value as { readOnly: boolean };
    const bytes = Buffer.from(row.hex, "hex");
    const [schema, encoded, decoded] =
      row.schema === "ConnectRequest+readOnly"
        ? ([connect.ConnectRequest, connect.encodeConnectRequest, connect.decodeConnectRequest] as const)
        : ([connect.ConnectResponse, connect.encodeConnectResponse, connect.decodeConnectResponse] as const);
    const value = { ...(fromPlain(schema, fields) as object), readOnly };
    expect(encoded(value as never).toString("hex")).toBe(row.hex);
    const { readOnly: readBack, ...rest } = decoded(bytes);
    expect([toPlain(schema, rest), readBack]).toEqual([fields, readOnly]);
  });

  test.each(golden.readings.map((row) => [title(row), row] as const))("%s", (_title, row) => {
    const schema = schemaNamed(row.schema);
    const bytes = Buffer.from(row.hex, "hex");
    if (row.fails !== undefined) expect(() => read(schema, new Reader(bytes))).toThrow(MalformedFrame);
    else expect(toPlain(schema, read(schema, new Reader(bytes)))).toEqual(row.reads);
  });
});

describe("nothing is left out", () => {
  const named = new Set(golden.rows.map((row) => row.schema));
  const ops = Object.keys(opcodes) as OpName[];
  test.each([...schemas.keys()])("%s has a row", (name) => expect(named).toContain(name));
  test.each(ops)("%s: request and reply have rows", (op) => {
    expect(named).toContain(opcodes[op].request.name);
    expect(named).toContain(opcodes[op].reply.name);
  });
  test("and every row has a schema", () => {
    for (const { schema } of golden.rows) expect(schemas.has(schema.replace("+readOnly", ""))).toBe(true);
  });
  test("each type of a multi's operations and results stands in some row", () => {
    const typesIn = (name: string) =>
      new Set(
        golden.rows
          .filter(({ schema }) => schema === name)
          .flatMap(({ value }) => (value as { header: { type: number } }[]).map((item) => item.header.type)),
      );
    const types = Array.from({ length: 256 }, (_, i) => i - 128);
    for (const sequence of [multi.MultiRequest, multi.MultiResponse])
      expect(typesIn(sequence.name)).toEqual(new Set(types.filter((type) => sequence.bodyOf({ type }) !== undefined)));
  });
});

describe("malformed text reads as in Java", () => {
  /** What our reader makes of the bytes as a ustring. */
  function text(bytes: Buffer): string {
    const framed = Buffer.allocUnsafe(bytes.length + 4);
    framed.writeInt32BE(bytes.length, 0);
    bytes.copy(framed, 4);
    return new Reader(framed).ustring() ?? "null";
  }

  test.each(golden.texts)("$hex", ({ hex, text: expected }) => {
    expect(text(Buffer.from(hex, "hex"))).toBe(expected);
  });

  test("every sequence of one to four bytes, alone and joined", () => {
    const classes = [...Buffer.from(golden.everyText.classes, "hex")];
    let sequences: number[][] = [[]];
    const all: Buffer[] = [];
    for (let length = 1; length <= 4; length++) {
      sequences = sequences.flatMap((begun) => classes.map((byte) => [...begun, byte]));
      for (const sequence of sequences) all.push(Buffer.from(sequence));
    }
    const digest = (texts: string[]) =>
      createHash("sha256")
        .update(Buffer.from(`${texts.join("\n")}\n`, "utf16le"))
        .digest("hex");
    expect(all.length).toBe(golden.everyText.sequences);
    expect(digest(all.map(text))).toBe(golden.everyText.each);
    expect(digest([text(Buffer.concat(all))])).toBe(golden.everyText.joined);
  });
});
