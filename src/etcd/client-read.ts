/** A client's read and its reply. */
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { Schema, SequenceItem } from "../jute/kinds.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { opcodes, xids } from "../protocol/opcodes.ts";
import { isRead, type ReadContext, type ReadName, reads } from "./reads.ts";
import { bareReply, refusedMultiReply, replyWith } from "./replies.ts";
import { isDecodable } from "./writes.ts";

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

/** The results that a refused multiRead carries behind the error: none where all operations belong into a transaction, those before the first null
 *  path where all are reads. undefined where it carries no list, because it could not be decoded.
 *  Source: MultiOperationRecord.deserialize, FinalRequestProcessor (3.9); zookeeper-semantics 7.5. */
function refusedResults(items: SequenceItem[], context: ReadContext): SequenceItem[] | undefined {
  if (items.every(({ header }) => transactional.has(header.type)))
    return !context.features.multiKeepsOpcodes || items.every(isDecodable) ? [] : undefined;
  const before = reads.multiRead(
    items.slice(
      0,
      items.findIndex(({ body }) => body.path === null),
    ),
    context,
  );
  return before.ok && items.every(isRead) ? before.body : undefined;
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
  const results = op === "multiRead" ? refusedResults(body as SequenceItem[], context) : undefined;
  return results === undefined
    ? bareReply(replyXid, zxid, outcome.code)
    : refusedMultiReply(xid, zxid, outcome.code, results);
}
