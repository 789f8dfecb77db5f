/** A request frame as the cross-check understands it: operation, fields, and how the journal shows it. */
import { MalformedFrame, Reader } from "../../src/jute/buffers.ts";
import { read } from "../../src/jute/codec.ts";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { createFlags, isSequentialFlags, type OpName, opcodes, opName, xids } from "../../src/protocol/opcodes.ts";
import { RequestHeader } from "../../src/protocol/records.ts";

/** One operation with its fields; a multi has several. */
export interface Operation {
  readonly op: OpName;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A request. `operations` is undefined when the opcode is unknown or the body cannot be decoded; a multi's own are its parts. */
export interface Request {
  readonly frame: Buffer;
  /** What the reply's header will bear: the request's xid, but −2 for every ping. */
  readonly replyXid: number;
  readonly op: OpName | undefined;
  readonly operations?: readonly Operation[];
  /** Our own question, which the client must not see answered. */
  readonly isOurs: boolean;
}

/** Takes a frame of at least 8 bytes apart. Never throws: what cannot be decoded is for the servers to refuse. */
export function parseRequest(frame: Buffer, isOurs = false): Request {
  const reader = new Reader(frame);
  const header = read(RequestHeader, reader);
  const op = opName(header.type);
  const replyXid = op === "ping" ? xids.ping : header.xid;
  if (op === undefined) return { frame, replyXid, op, isOurs };
  try {
    const body = read(opcodes[op].request, reader);
    const operations = Array.isArray(body) ? operationsOf(body) : [{ op, fields: body as Operation["fields"] }];
    return { frame, replyXid, op, operations, isOurs };
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    return { frame, replyXid, op, isOurs };
  }
}

const operationsOf = (items: readonly SequenceItem[]): Operation[] =>
  items.map(({ header, body }) => ({ op: opName(header.type as number) ?? "check", fields: body }));

/** The path an operation names; "" is the root's alias, undefined where there is none or it is null. */
export function pathOf({ fields }: Operation): string | undefined {
  const path = fields.path;
  return typeof path === "string" ? path || "/" : undefined;
}

/** Whether an operation makes a znode. */
export const isCreate = (op: OpName): boolean =>
  op === "create" || op === "create2" || op === "createContainer" || op === "createTTL";

/** Create flags that append a number. */
export const isSequential = ({ fields }: Operation): boolean => isSequentialFlags(fields.flags);

/** Create flags that tie the znode to its session. */
export const isEphemeral = ({ op, fields }: Operation): boolean =>
  (op === "create" || op === "create2") &&
  (fields.flags === createFlags.ephemeral || fields.flags === createFlags.ephemeralSequential);

/** Whether a request may look to its session's end like the creation of an ephemeral znode. For createContainer and createTTL the flag counts only
 *  while the request is outstanding: a closeSession pipelined behind it removes the znode, one that comes later does not.
 *  Source: PrepRequestProcessor.pRequest2Txn (closeSession). */
export const looksEphemeral = ({ op, fields }: Operation): boolean =>
  isCreate(op) && (fields.flags === createFlags.ephemeral || fields.flags === createFlags.ephemeralSequential);

/** Whether an operation's outstanding record differs from what is applied in the end in whether anything may be created below: behind a createContainer
 *  or createTTL with the ephemeral flag ZooKeeper itself decides that by chance. Source: PrepRequestProcessor.pRequest2TxnCreate (3.8). */
const isTakenForEphemeral = (operation: Operation): boolean =>
  (operation.op === "createContainer" || operation.op === "createTTL") && looksEphemeral(operation);

/** Whether ZooKeeper stumbles over an operation where it ought to refuse it. In a multi what the operations before it would have changed then stays
 *  outstanding until the multi is answered, and a create2 pipelined behind may be taken for possible, fail when it is applied, and never be answered.
 *  Source: PrepRequestProcessor.pRequestHelper, which rolls back for a KeeperException alone, and NIOServerCnxn.sendResponse (3.8). */
function isStumbledOver(operation: Operation): boolean {
  const acl = operation.fields.acl as readonly { readonly id: { readonly scheme: unknown; readonly id: unknown } }[];
  const isNull = ({ id }: (typeof acl)[number]) => id.scheme === null || id.id === null;
  const { path } = operation.fields;
  return typeof path !== "string" || !path.startsWith("/") || (Array.isArray(acl) && acl.some(isNull));
}

/** Whether what a request changes shows its own connection's later requests by chance, until it is answered. */
export const isSlowToShow = ({ op, operations = [] }: Request): boolean =>
  operations.some((one) => isTakenForEphemeral(one) || (op === "multi" && isStumbledOver(one)));

/** Whether an operation is carried out and answered ahead of what is in the pipeline. `auth` and `sasl` change which events the client may see: since 3.8.4
 *  and 3.9.2 only those of znodes that it may read just then. Source: ServerCnxn.process (CVE-2024-23944). An unknown opcode ends the connection, whatever
 *  is still owed there. */
export const isOutOfLine = ({ op }: Request): boolean => op === undefined || opcodes[op].access === "connection";

const plainWrites: ReadonlySet<OpName> = new Set(["create", "create2", "delete", "setData", "check"]);

/** Writes whose answer, also a refusal, bears a zxid of its own, and that show at once. */
export const isPlainWrite = (request: Request): boolean =>
  request.op !== undefined &&
  request.op !== "check" &&
  request.op !== "multiRead" &&
  request.operations?.every((one) => plainWrites.has(one.op)) === true &&
  !isSlowToShow(request);

/** Znodes that the server itself removes some day. */
export const isReaped = ({ op, fields }: Operation): boolean =>
  op === "createContainer" || op === "createTTL" || (isCreate(op) && (fields.flags as number) >= createFlags.container);

/** CreateMode's names, as scenarios spell them. */
const flagNames: Readonly<Record<number, string>> = {
  0: "persistent",
  1: "ephemeral",
  2: "sequential",
  3: "ephemeral-sequential",
  4: "container",
  5: "ttl",
  6: "ttl-sequential",
};

/** A create's variant as scenarios name it, or its number. */
export const flagName = (flags: unknown): string | number => flagNames[flags as number] ?? Number(flags);

/** The variant of a request, short: `flags=ephemeral`, `watch`, `version=-1`, `ops=3`. Absent where there is nothing to say. */
export function shapeOf(request: Request): string | undefined {
  const { op, operations } = request;
  if (op === undefined) return "unknown";
  if (operations === undefined) return "malformed";
  if (op === "multi" || op === "multiRead") return `ops=${operations.length}`;
  const fields = operations[0]?.fields ?? {};
  if (isCreate(op)) return `flags=${flagName(fields.flags)}`;
  if (fields.watch === true) return "watch";
  if (typeof fields.version === "number") return `version=${fields.version}`;
  if (typeof fields.mode === "number") return `mode=${fields.mode}`;
  return op === "removeWatches" || op === "checkWatches" ? `type=${fields.type}` : undefined;
}

/** The part of the shape that makes another operation of it, for fingerprints: create flags, but no numbers that a run chose by chance. */
export function variantOf(request: Request): string | undefined {
  if (request.op === undefined || request.operations === undefined) return shapeOf(request);
  return isCreate(request.op) ? shapeOf(request) : undefined;
}
