/** Replies and events taken apart without trust: a frame that cannot be decoded is a finding, never an exception. */
import { MalformedFrame, Reader } from "../../src/jute/buffers.ts";
import { read } from "../../src/jute/codec.ts";
import type { Schema } from "../../src/jute/kinds.ts";
import { type OpName, opcodes } from "../../src/protocol/opcodes.ts";
import { ReplyHeader, WatcherEvent } from "../../src/protocol/records.ts";

/** A reply as far as it could be read. `left` counts the bytes behind it. */
export interface Decoded {
  readonly frame: Uint8Array;
  readonly header?: ReplyHeader;
  readonly schema?: Schema;
  readonly body?: unknown;
  readonly left: number;
  /** Why and where reading stopped. */
  readonly malformed?: string;
}

/** Reads one reply. An operation that is unknown (`undefined`), or a failure, has no body; only multi and multiRead may send one with an error. */
export function decodeAnswer(op: OpName | undefined, frame: Uint8Array): Decoded {
  const schema = op === undefined ? undefined : opcodes[op].reply;
  const mayFailWithBody = op === "multi" || op === "multiRead";
  return decodeFrame(frame, (header, reader) =>
    header.err === 0 || (mayFailWithBody && reader.remaining > 0) ? schema : undefined,
  );
}

/** Reads one event frame. */
export const decodeEvent = (frame: Uint8Array): Decoded => decodeFrame(frame, () => WatcherEvent);

function decodeFrame(
  frame: Uint8Array,
  schemaOf: (header: ReplyHeader, reader: Reader) => Schema | undefined,
): Decoded {
  const reader = new Reader(frame);
  let header: ReplyHeader | undefined;
  try {
    header = read(ReplyHeader, reader);
    const schema = schemaOf(header, reader);
    if (schema === undefined) return { frame, header, left: reader.remaining };
    const body = read(schema, reader);
    return { frame, header, schema, body, left: reader.remaining };
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    return { frame, ...(header === undefined ? {} : { header }), left: 0, malformed: cause.message };
  }
}

/** Whether a frame with xid −1 is a watch event and not the reply to a request that bears this xid: an event is exactly header and WatcherEvent. */
export function isEvent(frame: Uint8Array): boolean {
  const decoded = decodeEvent(frame);
  return decoded.malformed === undefined && decoded.left === 0 && decoded.header?.err === 0;
}
