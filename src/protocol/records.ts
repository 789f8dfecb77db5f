/** Every record of zookeeper.jute (3.9) that crosses the client port, under its own name, each field with its meaning.
 *  Source: zookeeper-jute/src/main/resources/zookeeper.jute; field order is wire order. */
import { type Infer, kind, record, unorderedVector, vector } from "../jute/kinds.ts";

/** Position of a write in the server's total order. −1 where the server has none to tell. */
export const zxid = kind("zxid", "long");
/** The zxid in the header of a reply: the newest write that the server had applied, or the reply's own. */
export const headerZxid = kind("headerZxid", "long");
/** Milliseconds since 1970, from the clock of the server that ordered the write. */
export const timestampMs = kind("timestampMs", "long");
/** A session's id; 0 means none. */
export const sessionId = kind("sessionId", "long");
/** Life of a TTL znode in milliseconds, 1 … 2^40 − 1. */
export const ttlMs = kind("ttlMs", "long");
/** Version of the dynamic configuration. */
export const configId = kind("configId", "long");
/** Chosen by the client, echoed by the server. */
export const xid = kind("xid", "int");
/** ZooDefs.OpCode. */
export const opcode = kind("opcode", "int");
/** KeeperException.Code. */
export const errorCode = kind("errorCode", "int");
/** A change counter: data, child or ACL version; −1 in a request matches anything. */
export const version = kind("version", "int");
/** A number of things: children, bytes. */
export const count = kind("count", "int");
/** CreateMode flags, AddWatchMode, WatcherType: a number that selects a variant. */
export const mode = kind("mode", "int");
/** Bits of ZooDefs.Perms. */
export const perms = kind("perms", "int");
/** Watcher.Event.EventType. */
export const eventType = kind("eventType", "int");
/** Watcher.Event.KeeperState. */
export const keeperState = kind("keeperState", "int");
/** A duration in milliseconds that the two sides negotiate. */
export const durationMs = kind("durationMs", "int");
/** A number without meaning, sent for the sake of the layout. */
export const filler = kind("filler", "int");
export const flag = kind("flag", "boolean");
/** A znode's absolute path. */
export const path = kind("path", "ustring");
/** A znode's name below its parent. */
export const childName = kind("childName", "ustring");
/** An authentication scheme. */
export const scheme = kind("scheme", "ustring");
/** An identity inside a scheme; may hold a password digest. */
export const identity = kind("identity", "ustring");
/** Text without a finer meaning. */
export const text = kind("text", "ustring");
/** What a znode holds. */
export const data = kind("data", "buffer");
/** Passwords, credentials and tokens: compared for presence, never shown. */
export const secret = kind("secret", "buffer");

export const Id = record("Id", { scheme, id: identity });
export type Id = Infer<typeof Id>;

export const ACL = record("ACL", { perms, id: Id });
/** One entry of an access control list. */
export type ACL = Infer<typeof ACL>;

export const ClientInfo = record("ClientInfo", { authScheme: scheme, user: identity });

export const Stat = record("Stat", {
  czxid: zxid,
  mzxid: zxid,
  ctime: timestampMs,
  mtime: timestampMs,
  version,
  cversion: version,
  aversion: version,
  ephemeralOwner: sessionId,
  dataLength: count,
  numChildren: count,
  pzxid: zxid,
});
/** A znode's bookkeeping, 68 bytes on the wire. */
export interface Stat extends Infer<typeof Stat> {}

export const RequestHeader = record("RequestHeader", { xid, type: opcode });
export const ReplyHeader = record("ReplyHeader", { xid, zxid: headerZxid, err: errorCode });
export interface ReplyHeader extends Infer<typeof ReplyHeader> {}

export const CreateRequest = record("CreateRequest", { path, data, acl: vector(ACL), flags: mode });
export interface CreateRequest extends Infer<typeof CreateRequest> {}
export const CreateTTLRequest = record("CreateTTLRequest", { path, data, acl: vector(ACL), flags: mode, ttl: ttlMs });
export interface CreateTTLRequest extends Infer<typeof CreateTTLRequest> {}
export const CreateResponse = record("CreateResponse", { path });
export const Create2Response = record("Create2Response", { path, stat: Stat });
export const DeleteRequest = record("DeleteRequest", { path, version });
export const DeleteContainerRequest = record("DeleteContainerRequest", { path });
export const ExistsRequest = record("ExistsRequest", { path, watch: flag });
export const ExistsResponse = record("ExistsResponse", { stat: Stat });
export const GetDataRequest = record("GetDataRequest", { path, watch: flag });
export const GetDataResponse = record("GetDataResponse", { data, stat: Stat });
export const SetDataRequest = record("SetDataRequest", { path, data, version });
export const SetDataResponse = record("SetDataResponse", { stat: Stat });
export const GetACLRequest = record("GetACLRequest", { path });
export const GetACLResponse = record("GetACLResponse", { acl: vector(ACL), stat: Stat });
export const SetACLRequest = record("SetACLRequest", { path, acl: vector(ACL), version });
export const SetACLResponse = record("SetACLResponse", { stat: Stat });
export const GetChildrenRequest = record("GetChildrenRequest", { path, watch: flag });
export const GetChildrenResponse = record("GetChildrenResponse", { children: unorderedVector(childName) });
export const GetChildren2Request = record("GetChildren2Request", { path, watch: flag });
export const GetChildren2Response = record("GetChildren2Response", {
  children: unorderedVector(childName),
  stat: Stat,
});
export const GetAllChildrenNumberRequest = record("GetAllChildrenNumberRequest", { path });
export const GetAllChildrenNumberResponse = record("GetAllChildrenNumberResponse", { totalNumber: count });
export const GetEphemeralsRequest = record("GetEphemeralsRequest", { prefixPath: path });
export const GetEphemeralsResponse = record("GetEphemeralsResponse", { ephemerals: unorderedVector(path) });
export const SyncRequest = record("SyncRequest", { path });
export const SyncResponse = record("SyncResponse", { path });
export const CheckVersionRequest = record("CheckVersionRequest", { path, version });
export const ReconfigRequest = record("ReconfigRequest", {
  joiningServers: text,
  leavingServers: text,
  newMembers: text,
  curConfigId: configId,
});
export const CheckWatchesRequest = record("CheckWatchesRequest", { path, type: mode });
export const RemoveWatchesRequest = record("RemoveWatchesRequest", { path, type: mode });
export const AddWatchRequest = record("AddWatchRequest", { path, mode });
export const SetWatches = record("SetWatches", {
  relativeZxid: zxid,
  dataWatches: vector(path),
  existWatches: vector(path),
  childWatches: vector(path),
});
export interface SetWatches extends Infer<typeof SetWatches> {}
export const SetWatches2 = record("SetWatches2", {
  ...SetWatches.fields,
  persistentWatches: vector(path),
  persistentRecursiveWatches: vector(path),
});
export interface SetWatches2 extends Infer<typeof SetWatches2> {}
export const AuthPacket = record("AuthPacket", { type: filler, scheme, auth: secret });
export const GetSASLRequest = record("GetSASLRequest", { token: secret });
export const SetSASLResponse = record("SetSASLResponse", { token: secret });
export const WhoAmIResponse = record("WhoAmIResponse", { clientInfo: unorderedVector(ClientInfo) });
export const ErrorResponse = record("ErrorResponse", { err: errorCode });
export const WatcherEvent = record("WatcherEvent", { type: eventType, state: keeperState, path });
export interface WatcherEvent extends Infer<typeof WatcherEvent> {}
/** A request or reply without fields. */
export const Empty = record("Empty", {});
