/** Names that a server chose: those of sequential znodes, which a client learns from the reply and goes on with. */
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { SequenceItem } from "../jute/kinds.ts";
import { isSequentialFlags, type OpName, opcodes, opName } from "../protocol/opcodes.ts";

/** Bytes of a request's header, and of a reply's. */
const headerBytes = { request: 8, reply: 16 } as const;

/** Operations that can make sequential znodes, or hold some that do. */
const choosing: ReadonlySet<OpName | undefined> = new Set<OpName>(["create", "create2", "createTTL", "multi"]);

/** What a reply says. `paths` are those of all its creates, in their order; none where it says that they failed. */
export interface Chosen {
  readonly xid: number;
  readonly paths: readonly string[];
}

/** Follows the requests of one connection whose replies hold chosen names. */
export class ChosenNames {
  readonly #waiting = new Map<number, OpName>();

  /** Takes a request; answers its xid when it asks for such a name. */
  asked(frame: Buffer): number | undefined {
    const op = opName(frame.readInt32BE(4));
    if (op === undefined || !choosing.has(op) || !isSequential(op, frame)) return undefined;
    const xid = frame.readInt32BE(0);
    this.#waiting.set(xid, op);
    return xid;
  }

  /** Takes a reply or event; answers the names when it is the reply to such a request. */
  answered(frame: Uint8Array): Chosen | undefined {
    if (this.#waiting.size === 0 || frame.length < headerBytes.reply) return undefined;
    const reader = new Reader(frame);
    const xid = reader.int();
    const op = this.#waiting.get(xid);
    if (op === undefined) return undefined;
    this.#waiting.delete(xid);
    reader.long();
    const isRefused = reader.int() !== 0;
    return { xid, paths: isRefused ? [] : pathsIn(op, reader) };
  }
}

function isSequential(op: OpName, frame: Buffer): boolean {
  try {
    const body = read(opcodes[op].request, new Reader(frame, headerBytes.request));
    const bodies = Array.isArray(body) ? (body as SequenceItem[]).map((item) => item.body) : [body];
    return bodies.some((one) => "flags" in one && isSequentialFlags(one.flags));
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    return false;
  }
}

function pathsIn(op: OpName, reader: Reader): string[] {
  try {
    const body = read(opcodes[op].reply, reader);
    const bodies = Array.isArray(body) ? (body as SequenceItem[]).map((item) => item.body) : [body];
    return bodies.flatMap((one) => ("path" in one && typeof one.path === "string" ? [one.path] : []));
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    return [];
  }
}
