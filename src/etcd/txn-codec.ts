/** The one call that every write pays for, encoded and decoded without the detour over generic objects: etcd answers a transaction with a response
 *  per operation, of which only the revision matters here. Field numbers: etcd api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto. */
import type { ICompare, IPutRequest, IRequestOp } from "etcd3";
import protobuf from "protobufjs/minimal.js";

/** `revision` is the header's; `guardRevision` the mod_revision of the first key that a range operation answered, 0 without one. */
export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly revision: number;
  readonly guardRevision: number;
}

/** Tag bytes: field number × 8 + wire type (0 varint, 2 length-delimited). */
const varint = (field: number): number => field << 3;
const bytes = (field: number): number => (field << 3) | 2;

const compareResults = { Equal: 0, Greater: 1, Less: 2, NotEqual: 3 } as const;
const compareTargets = { Version: 0, Create: 1, Mod: 2, Value: 3, Lease: 4 } as const;

/** A TxnRequest. Understands what this backend sends: comparisons of create and mod revisions; puts, deletes and reads of single keys; nesting. */
export function encodeTxn(
  compare: readonly ICompare[],
  success: readonly IRequestOp[],
  failure: readonly IRequestOp[],
) {
  const writer = protobuf.Writer.create();
  writeTxn(writer, compare, success, failure);
  return Buffer.from(writer.finish());
}

function writeTxn(
  writer: protobuf.Writer,
  compare: readonly ICompare[],
  success: readonly IRequestOp[],
  failure: readonly IRequestOp[],
): void {
  for (const one of compare) writeCompare(writer.uint32(bytes(1)).fork(), one);
  for (const op of success) writeOp(writer.uint32(bytes(2)).fork(), op);
  for (const op of failure) writeOp(writer.uint32(bytes(3)).fork(), op);
}

function writeCompare(writer: protobuf.Writer, compare: ICompare): void {
  const { result = "Equal", target = "Version", key } = compare;
  writer.uint32(varint(1)).int32(typeof result === "string" ? compareResults[result] : result);
  writer.uint32(varint(2)).int32(typeof target === "string" ? compareTargets[target] : target);
  if (key !== undefined) writer.uint32(bytes(3)).bytes(key);
  if (compare.create_revision !== undefined) writer.uint32(varint(5)).int64(Number(compare.create_revision));
  if (compare.mod_revision !== undefined) writer.uint32(varint(6)).int64(Number(compare.mod_revision));
  writer.ldelim();
}

function writeOp(writer: protobuf.Writer, op: IRequestOp): void {
  if (op.request_put !== undefined) writePut(writer.uint32(bytes(2)).fork(), op.request_put);
  else if (op.request_delete_range !== undefined) writeKey(writer.uint32(bytes(3)).fork(), op.request_delete_range.key);
  else if (op.request_range !== undefined) writeKey(writer.uint32(bytes(1)).fork(), op.request_range.key);
  else if (op.request_txn !== undefined) {
    const { compare = [], success = [], failure = [] } = op.request_txn;
    writeTxn(writer.uint32(bytes(4)).fork(), compare, success, failure);
    writer.ldelim();
  }
  writer.ldelim();
}

function writePut(writer: protobuf.Writer, put: IPutRequest): void {
  if (put.key !== undefined) writer.uint32(bytes(1)).bytes(put.key);
  if (put.value !== undefined) writer.uint32(bytes(2)).bytes(put.value);
  if (put.lease !== undefined) writer.uint32(varint(3)).int64(put.lease as number);
  writer.ldelim();
}

function writeKey(writer: protobuf.Writer, key: Buffer | undefined): void {
  if (key !== undefined) writer.uint32(bytes(1)).bytes(key);
  writer.ldelim();
}

/** Reads a length-delimited message field by field; `take` answers false for a field it leaves unread. */
function eachField(reader: protobuf.Reader, end: number, take: (field: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!take(tag >>> 3)) reader.skipType(tag & 7);
  }
}

const int64 = (reader: protobuf.Reader): number => Number(String(reader.int64()));
const endOf = (reader: protobuf.Reader): number => reader.uint32() + reader.pos;

/** A TxnResponse. */
export function decodeTxn(answer: Buffer): TxnAnswer {
  const reader = protobuf.Reader.create(answer);
  let succeeded = false;
  let revision = 0;
  let guardRevision = 0;
  eachField(reader, reader.len, (field) => {
    if (field === 1) revision = readRevision(reader, endOf(reader));
    else if (field === 2) succeeded = reader.bool();
    else if (field === 3 && !succeeded && guardRevision === 0) guardRevision = readGuard(reader, endOf(reader));
    else return false;
    return true;
  });
  return { succeeded, revision, guardRevision };
}

/** ResponseHeader → revision. */
function readRevision(reader: protobuf.Reader, end: number): number {
  let revision = 0;
  eachField(reader, end, (field) => {
    if (field !== 3) return false;
    revision = int64(reader);
    return true;
  });
  return revision;
}

/** ResponseOp → RangeResponse → its first KeyValue → mod_revision. */
function readGuard(reader: protobuf.Reader, end: number): number {
  let revision = 0;
  const nested = (field: number, inner: (field: number) => boolean) => (found: number) => {
    if (found !== field) return false;
    eachField(reader, endOf(reader), inner);
    return true;
  };
  const modRevision = (field: number): boolean => {
    if (field !== 3) return false;
    revision = int64(reader);
    return true;
  };
  eachField(reader, end, nested(1, nested(2, modRevision)));
  return revision;
}
