/** Request frames made once and patched per request: what costs a load tool its speed is encoding. */
import { Writer } from "../jute/buffers.ts";
import { encodeRequest } from "../protocol/client.ts";
import { createFlags, permBits } from "../protocol/opcodes.ts";
import type { Load } from "./load.ts";

/** Writes the frames of a load, prefix included. */
export interface RequestSource {
  /** Size of every frame in bytes. */
  readonly frameBytes: number;
  /** Puts request number `index` at `at`, under an xid. */
  put(into: Buffer, at: number, request: { readonly index: number; readonly xid: number }): void;
}

/** Where the xid stands: behind the length prefix. */
const xidOffset = 4;

const openAcl = [{ perms: permBits.all, id: { scheme: "world", id: "anyone" } }];

/** A whole frame, prefix first, with room for the xid. */
function framed(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(256);
  writer.int(0);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  return writer.copy();
}

/** The frames of a load. All paths of a create are of one length, and so are the frames; `set` and `get` take their keys in turn. */
export function requestSource(
  load: Pick<Load, "op" | "keys" | "prefix" | "keyBytes" | "valueBytes" | "flags" | "total">,
): RequestSource {
  if (load.op === "create") return createSource(load);
  const data = Buffer.alloc(load.valueBytes, "x");
  const longest = Math.max(...load.keys.map((path) => Buffer.byteLength(path)));
  const frames = load.keys.map((path) =>
    framed((writer) =>
      load.op === "get"
        ? encodeRequest(writer, 0, "getData", { path, watch: false })
        : encodeRequest(writer, 0, "setData", { path, data, version: -1 }),
    ),
  );
  const [first] = frames;
  if (first === undefined || frames.some((frame) => frame.length !== first.length))
    throw new TypeError(`keys must be of one length, the longest has ${longest} bytes`);
  return {
    frameBytes: first.length,
    put(into, at, { index, xid }) {
      (frames[index % frames.length] ?? first).copy(into, at);
      into.writeInt32BE(xid, at + xidOffset);
    },
  };
}

function createSource(load: Pick<Load, "prefix" | "keyBytes" | "valueBytes" | "flags" | "total">): RequestSource {
  const isSequential =
    load.flags === createFlags.persistentSequential || load.flags === createFlags.ephemeralSequential;
  const digits = isSequential ? 0 : Math.max(load.keyBytes - load.prefix.length, String(load.total - 1).length);
  const path = load.prefix + "0".repeat(digits);
  const data = Buffer.alloc(load.valueBytes, "x");
  const frame = framed((writer) => encodeRequest(writer, 0, "create", { path, data, acl: openAcl, flags: load.flags }));
  // Prefix, header and the path's own length stand before the path.
  const lastDigit = 4 + 8 + 4 + Buffer.byteLength(path) - 1;
  return {
    frameBytes: frame.length,
    put(into, at, { index, xid }) {
      frame.copy(into, at);
      into.writeInt32BE(xid, at + xidOffset);
      let rest = index;
      for (let i = 0; i < digits && rest > 0; i++) {
        into[at + lastDigit - i] = 0x30 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    },
  };
}
