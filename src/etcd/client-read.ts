/** A client's read and its reply. */
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { Schema, SequenceItem } from "../jute/kinds.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { opcodes, xids } from "../protocol/opcodes.ts";
import { type ReadContext, type ReadName, reads } from "./reads.ts";
import { bareReply, refusedMultiReply, replyWith } from "./replies.ts";

/** Operations of a transaction, which ZooKeeper decodes in a multiRead as well, all or none, before it refuses them one step later. */
const transactional: ReadonlySet<unknown> = new Set([
  opcodes.create.code,
  opcodes.create2.code,
  opcodes.createContainer.code,
  opcodes.createTTL.code,
  opcodes.delete.code,
  opcodes.setData.code,
  opcodes.check.code,
]);

/** Such a refusal carries an empty list of results. From 3.8.2 on a null path cannot be decoded in the first place.
 *  Source: MultiOperationRecord.deserialize, FinalRequestProcessor (3.9); zookeeper-semantics 7.5. */
function refusesResults(op: ReadName, body: unknown, context: ReadContext): boolean {
  if (op !== "multiRead") return false;
  const items = body as SequenceItem[];
  if (!items.every(({ header }) => transactional.has(header.type))) return false;
  return !context.features.multiKeepsOpcodes || items.every((item) => item.body.path !== null);
}

/** The frame that answers a read, from the tree as it is now. Valid until the next frame is made. */
export function readReply(op: ReadName, xid: number, frame: Buffer, context: ReadContext): Buffer {
  const { request, reply } = opcodes[op];
  const { zxid } = context.tree;
  let body: unknown;
  try {
    body = read(request as Schema, new Reader(frame, 8));
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    return bareReply(xid, zxid, errorCodes.MARSHALLINGERROR);
  }
  const outcome = reads[op](body as never, context);
  const replyXid = op === "ping" ? xids.ping : xid;
  if (outcome.ok) return replyWith(replyXid, zxid, { schema: reply, value: outcome.body });
  return refusesResults(op, body, context)
    ? refusedMultiReply(xid, zxid, outcome.code)
    : bareReply(replyXid, zxid, outcome.code);
}
