/** Reply and event frames of the etcd backend. One scratch buffer serves all of them: whoever sends copies. */
import { Writer } from "../jute/buffers.ts";
import { write } from "../jute/codec.ts";
import type { Schema, SequenceItem } from "../jute/kinds.ts";
import { MultiResponse } from "../protocol/multi.ts";
import { xids } from "../protocol/opcodes.ts";
import { SetSASLResponse, WatcherEvent } from "../protocol/records.ts";

const scratch = new Writer(4096);
/** KeeperState.SyncConnected, the only one that servers send. */
const syncConnected = 3;

function header(xid: number, zxid: number, err: number): Writer {
  scratch.reset();
  scratch.int(xid);
  scratch.long(zxid);
  scratch.int(err);
  return scratch;
}

/** A reply without a body. Valid until the next frame is made. */
export const bareReply = (xid: number, zxid: number, err: number): Buffer => header(xid, zxid, err).bytes();

/** A successful reply with its body. Valid until the next frame is made. */
export function replyWith(xid: number, zxid: number, body: { schema: Schema; value: unknown }): Buffer {
  const writer = header(xid, zxid, 0);
  write(body.schema, writer, body.value as never);
  return writer.bytes();
}

/** A refused multi that ZooKeeper answers with a list of results behind the error, often an empty one. Valid until the next frame is made. */
export function refusedMultiReply(xid: number, zxid: number, err: number, results: SequenceItem[] = []): Buffer {
  const writer = header(xid, zxid, err);
  write(MultiResponse, writer, results);
  return writer.bytes();
}

/** A refused SASL token, which ZooKeeper answers with an empty token behind the error. Valid until the next frame is made. */
export function refusedSaslReply(xid: number, err: number): Buffer {
  const writer = header(xid, 0, err);
  write(SetSASLResponse, writer, { token: null });
  return writer.bytes();
}

/** A watch event. Valid until the next frame is made. */
export function eventFrame(event: { type: number; path: string; zxid: number }): Buffer {
  const writer = header(xids.notification, event.zxid, 0);
  write(WatcherEvent, writer, { type: event.type, state: syncConnected, path: event.path });
  return writer.bytes();
}
