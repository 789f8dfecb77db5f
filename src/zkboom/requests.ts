/** Request frames made once and patched per request: what costs a load tool its speed is encoding. */
import { Writer } from "../jute/buffers.ts";
import { encodeRequest } from "../protocol/client.ts";
import { multiOp } from "../protocol/multi.ts";
import { createFlags, opcodes, openAcl } from "../protocol/opcodes.ts";
import type { Load } from "./load.ts";

/** Writes the frames of a load, prefix included. */
export interface RequestSource {
  /** Size of the largest frame in bytes. */
  readonly frameBytesMax: number;
  /** A good reply has so many bytes at least, prefix included. A multi that was refused says so in its body alone, which is shorter. */
  readonly replyBytesMin: number;
  /** Whether a request of `mixed` is a set; false for all others. */
  isWrite(index: number): boolean;
  /** Puts request number `index` at `at`, under an xid; answers the size of the frame. */
  put(into: Buffer, at: number, request: { readonly index: number; readonly xid: number }): number;
}

/** What decides the frames. */
type Asked = Omit<Load, "endpoints" | "connections" | "rate" | "timeoutMs" | "pipeline">;

/** Where the xid stands: behind the length prefix. */
const xidOffset = 4;

/** Prefix and header of a request. */
const headBytes = 4 + 8;

/** Prefix and header of a reply. */
const replyHeadBytes = 4 + 16;

/** A MultiHeader. */
const multiHeadBytes = 9;

/** A whole frame, prefix first, with room for the xid. */
function framed(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(256);
  writer.int(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.copy();
}

/** The frames of a load. All paths of a create are of one length, and so are the frames; other operations take their keys in turn. */
export function requestSource(load: Asked): RequestSource {
  if (load.op === "create") return createSource(load);
  if (load.op === "multi") return multiSource(load);
  if (load.op === "mixed") return mixedSource(load);
  return keyedSource(load, load.op);
}

/** Gets or sets. */
function keyedSource(load: Asked, op: "get" | "set"): RequestSource {
  const data = Buffer.alloc(load.valueBytes, "x");
  const frames = load.keys.map((path) =>
    framed((writer) =>
      op === "get"
        ? encodeRequest(writer, 0, "getData", { path, watch: false })
        : encodeRequest(writer, 0, "setData", { path, data, version: -1 }),
    ),
  );
  const [first] = frames;
  if (first === undefined || frames.some((frame) => frame.length !== first.length)) {
    const longest = Math.max(...load.keys.map((path) => Buffer.byteLength(path)));
    throw new TypeError(`keys must be of one length, the longest has ${longest} bytes`);
  }
  return {
    frameBytesMax: first.length,
    replyBytesMin: replyHeadBytes,
    isWrite: () => false,
    put(into, at, { index, xid }) {
      (frames[index % frames.length] ?? first).copy(into, at);
      into.writeInt32BE(xid, at + xidOffset);
      return first.length;
    },
  };
}

/** Gets with sets strewn in evenly; gets and sets take their keys in turn, each for themselves. */
function mixedSource(load: Asked): RequestSource {
  const gets = keyedSource(load, "get");
  const sets = keyedSource(load, "set");
  /** How many of the first `count` requests are sets. */
  const setsAmong = (count: number) => Math.floor((count * (100 - load.readPercent)) / 100);
  const isWrite = (index: number) => setsAmong(index + 1) > setsAmong(index);
  return {
    frameBytesMax: Math.max(gets.frameBytesMax, sets.frameBytesMax),
    replyBytesMin: replyHeadBytes,
    isWrite,
    put(into, at, { index, xid }) {
      const before = setsAmong(index);
      return isWrite(index)
        ? sets.put(into, at, { index: before, xid })
        : gets.put(into, at, { index: index - before, xid });
    },
  };
}

function createSource(load: Asked): RequestSource {
  const isSequential =
    load.flags === createFlags.persistentSequential || load.flags === createFlags.ephemeralSequential;
  const digits = isSequential ? 0 : digitsOf(load, load.total);
  const path = load.prefix + "0".repeat(digits);
  const data = Buffer.alloc(load.valueBytes, "x");
  const frame = framed((writer) => encodeRequest(writer, 0, "create", { path, data, acl: openAcl, flags: load.flags }));
  // The path's own length stands before the path.
  const lastDigit = headBytes + 4 + Buffer.byteLength(path) - 1;
  return {
    frameBytesMax: frame.length,
    replyBytesMin: replyHeadBytes,
    isWrite: () => false,
    put(into, at, { index, xid }) {
      frame.copy(into, at);
      into.writeInt32BE(xid, at + xidOffset);
      putNumber(into, at + lastDigit, { digits, number: index });
      return frame.length;
    },
  };
}

/** Several creates in each request. */
function multiSource(load: Asked): RequestSource {
  const { batch } = load;
  const digits = digitsOf(load, load.total * batch);
  const path = load.prefix + "0".repeat(digits);
  const pathBytes = Buffer.byteLength(path);
  const data = Buffer.alloc(load.valueBytes, "x");
  const create = multiOp(opcodes.create.code, { path, data, acl: openAcl, flags: createFlags.persistent });
  const frame = framed((writer) => encodeRequest(writer, 0, "multi", Array<typeof create>(batch).fill(create)));
  const createBytes = (frame.length - headBytes - multiHeadBytes) / batch;
  const lastDigit = headBytes + multiHeadBytes + 4 + pathBytes - 1;
  return {
    frameBytesMax: frame.length,
    replyBytesMin: replyHeadBytes + batch * (multiHeadBytes + 4 + pathBytes) + multiHeadBytes,
    isWrite: () => false,
    put(into, at, { index, xid }) {
      frame.copy(into, at);
      into.writeInt32BE(xid, at + xidOffset);
      for (let i = 0; i < batch; i++)
        putNumber(into, at + lastDigit + i * createBytes, { digits, number: index * batch + i });
      return frame.length;
    },
  };
}

/** How many digits paths have, so that they are as long as asked and `count` numbers fit. */
const digitsOf = ({ keyBytes, prefix }: Asked, count: number): number =>
  Math.max(keyBytes - prefix.length, String(count - 1).length);

/** Writes a number over zeros, its last digit at `lastDigit`. */
function putNumber(into: Buffer, lastDigit: number, { digits, number }: { digits: number; number: number }): void {
  let rest = number;
  for (let i = 0; i < digits && rest > 0; i++) {
    into[lastDigit - i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
