/** What a session learns from a reply: zxids always, versions and bound paths where the operation tells them. */
import type { Reader } from "../src/jute/buffers.ts";
import { read } from "../src/jute/codec.ts";
import type { SequenceItem } from "../src/jute/kinds.ts";
import { opcodes } from "../src/protocol/opcodes.ts";
import type { ReplyHeader, Stat } from "../src/protocol/records.ts";
import type { RequestStep } from "./encode.ts";
import type { PathValue, ReadStep, WriteStep } from "./format.ts";
import type { Memory } from "./references.ts";

/** The part of a reply body that is of interest; each operation has some of it. */
interface Told {
  readonly path?: string | null;
  readonly stat?: Stat;
}

const isCreate = (op: string) => op.startsWith("create");

function learnOne(by: string, step: { op: string; path: PathValue; bind?: string }, told: Told, memory: Memory): void {
  const sent = memory.path(step.path);
  if (isCreate(step.op)) {
    const path = told.path ?? sent;
    memory.learn(by, path, { version: 0, aversion: 0 });
    if (step.bind !== undefined && path !== null) memory.bind(step.bind, path);
  } else if (step.op === "delete") memory.forget(by, sent);
  else if (told.stat !== undefined) memory.learn(by, sent, told.stat);
}

function learnMulti(by: string, ops: readonly (WriteStep | ReadStep)[], results: SequenceItem[], memory: Memory): void {
  for (const [index, step] of ops.entries()) {
    const result = results[index];
    if (result !== undefined && result.header.type !== -1) learnOne(by, step, result.body as Told, memory);
  }
}

/** A reply's body, from a reader behind the header; undefined where there is none, or none that can be decoded: the comparison has its own opinion of
 *  that. */
export function bodyOf(op: RequestStep["op"], header: ReplyHeader, reader: Reader): unknown {
  if (header.err !== 0 || reader.remaining === 0) return undefined;
  try {
    return read(opcodes[op].reply, reader);
  } catch {
    return undefined;
  }
}

/** Takes over what a successful or failed reply tells; `body` is its own, as far as there is one. */
export function learn(step: RequestStep, header: ReplyHeader, body: unknown, memory: Memory): void {
  memory.saw(step.by, header.zxid);
  if (header.err === 0 && step.op === "delete") memory.forget(step.by, memory.path(step.path));
  if (body === undefined) return;
  if (step.op === "multi") learnMulti(step.by, step.ops, body as SequenceItem[], memory);
  else if ("path" in step) learnOne(step.by, step, body as Told, memory);
}
