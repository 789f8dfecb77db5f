/** The opcode table: wire facts of every operation a client may send. Source: ZooDefs.OpCode (3.9). */
import type { BodyOf } from "../jute/codec.ts";
import type { Schema } from "../jute/kinds.ts";
import * as multi from "./multi.ts";
import * as r from "./records.ts";

/** How a server treats an operation: `write` becomes a transaction, `read` is answered from the applied state, in order behind the session's
 *  writes; `connection` concerns the connection alone and may be answered out of order (auth, sasl). */
export type Access = "read" | "write" | "connection";

/** What the table knows of an operation. `reply` is the body of a successful reply. */
export interface OpSpec {
  readonly code: number;
  readonly request: Schema;
  readonly reply: Schema;
  readonly access: Access;
}

export const opcodes = {
  create: { code: 1, request: r.CreateRequest, reply: r.CreateResponse, access: "write" },
  delete: { code: 2, request: r.DeleteRequest, reply: r.Empty, access: "write" },
  exists: { code: 3, request: r.ExistsRequest, reply: r.ExistsResponse, access: "read" },
  getData: { code: 4, request: r.GetDataRequest, reply: r.GetDataResponse, access: "read" },
  setData: { code: 5, request: r.SetDataRequest, reply: r.SetDataResponse, access: "write" },
  getACL: { code: 6, request: r.GetACLRequest, reply: r.GetACLResponse, access: "read" },
  setACL: { code: 7, request: r.SetACLRequest, reply: r.SetACLResponse, access: "write" },
  getChildren: { code: 8, request: r.GetChildrenRequest, reply: r.GetChildrenResponse, access: "read" },
  sync: { code: 9, request: r.SyncRequest, reply: r.SyncResponse, access: "read" },
  ping: { code: 11, request: r.Empty, reply: r.Empty, access: "read" },
  getChildren2: { code: 12, request: r.GetChildren2Request, reply: r.GetChildren2Response, access: "read" },
  check: { code: 13, request: r.CheckVersionRequest, reply: r.Empty, access: "write" },
  multi: { code: 14, request: multi.MultiRequest, reply: multi.MultiResponse, access: "write" },
  create2: { code: 15, request: r.CreateRequest, reply: r.Create2Response, access: "write" },
  reconfig: { code: 16, request: r.ReconfigRequest, reply: r.GetDataResponse, access: "write" },
  checkWatches: { code: 17, request: r.CheckWatchesRequest, reply: r.Empty, access: "read" },
  removeWatches: { code: 18, request: r.RemoveWatchesRequest, reply: r.Empty, access: "read" },
  createContainer: { code: 19, request: r.CreateRequest, reply: r.Create2Response, access: "write" },
  deleteContainer: { code: 20, request: r.DeleteContainerRequest, reply: r.Empty, access: "write" },
  createTTL: { code: 21, request: r.CreateTTLRequest, reply: r.Create2Response, access: "write" },
  multiRead: { code: 22, request: multi.MultiRequest, reply: multi.MultiResponse, access: "read" },
  auth: { code: 100, request: r.AuthPacket, reply: r.Empty, access: "connection" },
  setWatches: { code: 101, request: r.SetWatches, reply: r.Empty, access: "read" },
  sasl: { code: 102, request: r.GetSASLRequest, reply: r.SetSASLResponse, access: "connection" },
  getEphemerals: { code: 103, request: r.GetEphemeralsRequest, reply: r.GetEphemeralsResponse, access: "read" },
  getAllChildrenNumber: {
    code: 104,
    request: r.GetAllChildrenNumberRequest,
    reply: r.GetAllChildrenNumberResponse,
    access: "read",
  },
  setWatches2: { code: 105, request: r.SetWatches2, reply: r.Empty, access: "read" },
  addWatch: { code: 106, request: r.AddWatchRequest, reply: r.ErrorResponse, access: "read" },
  whoAmI: { code: 107, request: r.Empty, reply: r.WhoAmIResponse, access: "read" },
  closeSession: { code: -11, request: r.Empty, reply: r.Empty, access: "write" },
} as const satisfies Record<string, OpSpec>;

/** An operation's name as ZooDefs.OpCode spells it. */
export type OpName = keyof typeof opcodes;
/** The decoded request of an operation. */
export type RequestOf<Op extends OpName> = BodyOf<(typeof opcodes)[Op]["request"]>;
/** The decoded body of its successful reply. */
export type ReplyOf<Op extends OpName> = BodyOf<(typeof opcodes)[Op]["reply"]>;

const names = new Map<number, OpName>(
  (Object.keys(opcodes) as OpName[]).map((name) => [opcodes[name].code, name] as const),
);

/** The operation behind an opcode; `undefined` for what ZooKeeper answers UNIMPLEMENTED. */
export const opName = (code: number): OpName | undefined => names.get(code);

/** Create flags (CreateMode): the low digit a client sends. */
export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentTTL: 5,
  persistentSequentialTTL: 6,
} as const;

/** Whether a create with these flags leaves the end of the name to the server. */
export const isSequentialFlags = (flags: unknown): boolean =>
  flags === createFlags.persistentSequential ||
  flags === createFlags.ephemeralSequential ||
  flags === createFlags.persistentSequentialTTL;

/** xids with a meaning by convention. Events carry `notification`; replies to pings always carry `ping`. */
export const xids = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** Watcher.Event.EventType, as far as servers send it. */
export const eventTypes = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;

/** What removeWatches and checkWatches name: Watcher.WatcherType. */
export const watcherTypes = { children: 1, data: 2, any: 3, persistent: 4, recursive: 5 } as const;

/** What addWatch sets: AddWatchMode. */
export const addWatchModes = { persistent: 0, recursive: 1 } as const;

/** Bits of ZooDefs.Perms. */
export const permBits = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** The list that znodes get when nothing else is said: everything for everyone. Source: ZooDefs.Ids.OPEN_ACL_UNSAFE. */
export const openAcl: r.ACL[] = [{ perms: permBits.all, id: { scheme: "world", id: "anyone" } }];
