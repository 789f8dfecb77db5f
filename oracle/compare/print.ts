/** Values as text and JSON for differences and journals: what a reader may see, and what stays blank. */
import { createHash } from "node:crypto";
import { type Int64, int64Hex } from "../../src/jute/int64.ts";
import type { FieldType, Kind, Schema, SequenceItem } from "../../src/jute/kinds.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { eventTypes, opName } from "../../src/protocol/opcodes.ts";

/** `reveal` shows znode data. Digests and secrets are never shown. */
export interface PrintOptions {
  readonly reveal: boolean;
}

/** Longest text shown of a znode's data, bytes. */
const previewBytesMax = 64;

const eventNames: Readonly<Record<number, string>> = {
  [eventTypes.created]: "NodeCreated",
  [eventTypes.deleted]: "NodeDeleted",
  [eventTypes.dataChanged]: "NodeDataChanged",
  [eventTypes.childrenChanged]: "NodeChildrenChanged",
};

/** Watcher.Event.EventType's name, or the number where ZooKeeper's servers send no such type. */
export const eventName = (type: number): string => eventNames[type] ?? `event ${type}`;

/** `<12 bytes sha256:1a2b3c4d>`: tells values apart without showing them. */
const digest = (bytes: Uint8Array): string =>
  `<${bytes.length} bytes sha256:${createHash("sha256").update(bytes).digest("hex").slice(0, 8)}>`;

/** Data in clear: text in quotes where it is printable, hex where not; cut behind 64 bytes and then told apart by hash. */
function preview(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, previewBytesMax));
  const text = head.toString("utf8");
  const shown = /^[^\p{C}\uFFFD]*$/u.test(text) ? JSON.stringify(text) : `0x${head.toString("hex")}`;
  return bytes.length > previewBytesMax ? `${shown}… ${digest(bytes)}` : shown;
}

/** An identity keeps its user and loses its password's digest, as in ZooKeeper's own getACL redaction. */
const redactedIdentity = (identity: string): string => identity.replace(/:.*$/s, ":x");

/** One scalar as text. Numbers are decimal, session ids hex, codes by name; null is `null`. */
export function printValue(kind: Kind, value: unknown, options: PrintOptions): string {
  if (value === null || value === undefined) return "null";
  switch (kind.tag) {
    case "sessionId":
      return int64Hex(value as Int64);
    case "errorCode":
      return errorName(value as number);
    case "opcode":
      return opName(value as number) ?? String(value);
    case "eventType":
      return eventName(value as number);
    case "identity":
      return redactedIdentity(value as string);
    case "secret":
      return `<${(value as Uint8Array).length} secret bytes>`;
    case "data":
      return options.reveal ? preview(value as Uint8Array) : digest(value as Uint8Array);
    default:
      return String(value);
  }
}

/** A field as JSON: scalars that are safe numbers or flags stay so, everything else becomes text. */
export function printField(type: FieldType, value: unknown, options: PrintOptions): unknown {
  if (value === null || value === undefined) return null;
  if (type.is === "vector") return (value as unknown[]).map((item) => printField(type.of, item, options));
  if (type.is === "record") return printRecord(type.fields, value as Record<string, unknown>, options);
  const isPlain = type.wire === "int" || type.wire === "boolean";
  const isNamed = type.tag === "errorCode" || type.tag === "opcode" || type.tag === "eventType";
  return isPlain && !isNamed ? value : printValue(type, value, options);
}

function printRecord(
  fields: Readonly<Record<string, FieldType>>,
  value: Record<string, unknown>,
  options: PrintOptions,
) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, type]) => [name, printField(type, value[name], options)]),
  );
}

/** A frame's body as JSON. A sequence becomes `{ results: [{ type, err, … }] }`, so that field paths of differences lead into it. */
export function printBody(schema: Schema, body: unknown, options: PrintOptions): unknown {
  if (schema.is === "record") return printField(schema, body, options);
  return {
    results: (body as SequenceItem[]).map((item) => {
      const { type, err } = item.header;
      const result = schema.bodyOf(item.header);
      const rest = result === undefined ? {} : printRecord(result.fields, item.body, options);
      if ("err" in rest) return { type: opName(type as number) ?? type, err: errorName(err as number), code: rest.err };
      return { type: opName(type as number) ?? type, err: errorName(err as number), ...rest };
    }),
  };
}
