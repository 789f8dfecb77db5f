/** Where everything lies in etcd, and how it is laid out there. All keys stand under one prefix (default `/zetcd`):
 *
 *     <prefix>/f                 the fence: every batch rewrites it and is guarded by its mod_revision, so batches are totally ordered
 *     <prefix>/l/<proxy>.<load>  the log: the last batch of that proxy as the list of its changes; the others watch it. Each time a proxy loads
 *                                its tree it starts a new log, so that it can follow what its own past may still commit
 *     <prefix>/n/<shard><path>   one znode: data, ACL and the Stat fields that only its own writes touch
 *     <prefix>/b/<shard><base>   a bundle: znodes created together that have no key of their own (bundles.ts)
 *     <prefix>/g/<shard><base>   which of that bundle's znodes are gone; absent while none is
 *     <prefix>/c/<shard><path>   how many children were ever created below a znode, and its pzxid; absent where none was
 *     <prefix>/s/<session id>    one session: timeout and the proxy that serves it
 *     <prefix>/p/<proxy>         a living proxy, on its lease
 *     <prefix>/k/secret          the key that session passwords are derived with
 *
 *  A child's creation touches its parent's `c` key, not the parent's data, and fifty creations in one batch put that key once. `<shard>` is a
 *  hash byte in hex, so a starting proxy loads disjoint ranges in parallel (etcd's `limit` would make each page cost the whole range).
 *
 *  A batch does not know its revision before etcd has taken it. Zxid fields therefore hold either a whole zxid, or the position inside the batch
 *  that wrote the key, to be completed with the key's own mod_revision. */
import { createHash } from "node:crypto";
import { Reader } from "../jute/buffers.ts";
import { encode } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import { int64Hex } from "../jute/int64.ts";
import { type Infer, kind, record, vector } from "../jute/kinds.ts";
import { ACL, data, path } from "../protocol/records.ts";
import { decodeStored } from "./stored-text.ts";

/** Zxids per etcd revision: a batch carries at most this many transactions less one. Revisions up to 2^41 keep zxids exact as numbers. */
export const zxidsPerRevision = 4096;

/** The zxid of the transaction at `index` (from 1) of the batch that etcd committed at `revision`. */
export const zxidOf = (revision: number, index: number): number => revision * zxidsPerRevision + index;

const long = kind("long", "long");
const int = kind("int", "int");
const bool = kind("boolean", "boolean");

/** A zxid field of a stored record: a position below `zxidsPerRevision` refers to the record's own revision, −1 is zxid 0. */
export const storedZxid = (zxid: number): number => (zxid === 0 ? -1 : zxid);
/** The zxid behind a stored field, given the key's mod_revision. */
export const loadedZxid = (stored: Int64, modRevision: number): number => {
  const value = Number(stored);
  if (value < 0) return 0;
  return value < zxidsPerRevision ? zxidOf(modRevision, value) : value;
};

/** Layout of an `n` value. `acl` null is world:anyone with all permissions; `owner` is the session of an ephemeral znode; `ttl` in ms. */
export const ZnodeRecord = record("ZnodeRecord", {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  aversion: int,
  kind: int,
  owner: long,
  ttl: long,
  acl: vector(ACL),
  data,
});
export type ZnodeRecord = Infer<typeof ZnodeRecord>;

/** A znode in a bundle, as it was born. `index` is the position in the batch that its zxids are made of. A `b` value is made of these, each behind
 *  its length as an int. */
export const BundledZnode = record("BundledZnode", {
  path,
  kind: int,
  index: int,
  ctime: long,
  owner: long,
  ttl: long,
  data,
  acl: vector(ACL),
});
/** What it begins with. */
export const BundledPath = record("BundledPath", { path });

/** Layout of a `c` value. */
export const ChildrenRecord = record("ChildrenRecord", { creates: int, pzxid: long });

/** Layout of an `s` value. `owner` is a proxy id. */
export const SessionRecord = record("SessionRecord", { timeoutMs: int, owner: kind("text", "ustring") });

/** Layout of the fence's value: the batch that wrote it and how many zxids it used. */
export const FenceRecord = record("FenceRecord", { batch: kind("text", "ustring"), zxids: int });

/** One change as the log carries it; which fields count depends on `type` (see changes.ts). `data` is left out (`inline` false) where it is
 *  large: the znode's key at the same revision has it, unless a later change of the batch made it invisible. `isBundled`: the znode that was created
 *  is in the batch's bundle. */
export const ChangeRecord = record("ChangeRecord", {
  type: int,
  path,
  inline: bool,
  data,
  acl: vector(ACL),
  kind: int,
  isBundled: bool,
  session: long,
  amount: long,
  text: kind("text", "ustring"),
});
export type ChangeRecord = Infer<typeof ChangeRecord>;

/** One transaction of a batch: its position (zxid index), its time in ms and its changes. */
export const TransactionRecord = record("TransactionRecord", {
  index: int,
  timeMs: long,
  changes: vector(ChangeRecord),
});

/** Layout of an `l` value. `previous` is the fence's revision before this batch: the chain that shows a reader whether it missed one.
 *  `transactions` is null where the writer knew of no other proxy: one that comes upon such a batch after all loads its tree anew. */
export const LogRecord = record("LogRecord", {
  batch: kind("text", "ustring"),
  previous: long,
  transactions: vector(TransactionRecord),
});
export type LogRecord = Infer<typeof LogRecord>;

/** Hash byte of a path in hex: FNV-1a folded to eight bits. */
export function shardOf(znode: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < znode.length; i++) hash = Math.imul(hash ^ znode.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  return ((hash ^ (hash >>> 8)) & 0xff).toString(16).padStart(2, "0");
}

/** Shard and base of a bundle's keys, in hex. */
const bundleName = (base: number): string => (base % 256).toString(16).padStart(2, "0") + base.toString(16);

/** The smallest key behind all keys that start with `prefix`. */
export function rangeEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** The keys of one tree. */
export class Keyspace {
  readonly prefix: string;
  constructor(prefix: string) {
    this.prefix = prefix.replace(/\/+$/, "");
  }
  get fence(): string {
    return `${this.prefix}/f`;
  }
  get secret(): string {
    return `${this.prefix}/k/secret`;
  }
  get logs(): string {
    return `${this.prefix}/l/`;
  }
  log(id: string): string {
    return `${this.prefix}/l/${id}`;
  }
  znode(znode: string): string {
    return `${this.prefix}/n/${shardOf(znode)}${znode}`;
  }
  children(znode: string): string {
    return `${this.prefix}/c/${shardOf(znode)}${znode}`;
  }
  bundle(base: number): string {
    return `${this.prefix}/b/${bundleName(base)}`;
  }
  goneFrom(base: number): string {
    return `${this.prefix}/g/${bundleName(base)}`;
  }
  /** The revision that names a `b` or `g` key. */
  baseOf(key: string): number {
    return Number.parseInt(key.slice(this.prefix.length + 5), 16);
  }
  session(id: Int64): string {
    return `${this.prefix}/s/${int64Hex(id)}`;
  }
  get sessions(): string {
    return `${this.prefix}/s/`;
  }
  proxy(id: string): string {
    return `${this.prefix}/p/${id}`;
  }
  get proxies(): string {
    return `${this.prefix}/p/`;
  }
  /** The path behind an `n` or `c` key. */
  pathOf(key: string): string {
    return key.slice(this.prefix.length + 5);
  }
  /** The proxy behind an `l` or `p` key. */
  proxyOf(key: string): string {
    const id = key.slice(this.prefix.length + 3);
    const dot = id.indexOf(".");
    return dot < 0 ? id : id.slice(0, dot);
  }
}

/** The session id behind an `s` key's last part, as printed by `int64Hex`. */
export function sessionIdOf(hex: string): Int64 {
  return new Reader(Buffer.from(hex.slice(2).padStart(16, "0"), "hex")).long();
}

/** A session's password: the first 16 bytes of an HMAC of its id, so that any proxy can check it and nobody can guess it. */
export function sessionPassword(secret: Buffer, id: Int64): Buffer {
  return createHash("sha256").update(secret).update(int64Hex(id)).update(secret).digest().subarray(0, 16);
}

export { decodeStored as decodeRecord, encode as encodeRecord };
