/** One znode and the rules by which its Stat fields change. Tree and draft hold the same class and use the same rules, so what is written to
 *  etcd and what is shown to clients cannot drift apart. Source: DataTree (3.9); zookeeper-semantics section 5. */
import type { Int64 } from "../jute/int64.ts";
import type { Stat } from "../protocol/records.ts";
import type { Bundle } from "./bundles.ts";
import { type AclEntries, type CreateChange, type ZnodeKind, znodeKinds } from "./changes.ts";

/** world:anyone, reading only: the ACL of /zookeeper/config. */
export const readAcl: AclEntries = [{ perms: 1, id: { scheme: "world", id: "anyone" } }];

/** The bundle that a znode was created in, and where. */
export interface Home {
  readonly bundle: Bundle;
  readonly entry: number;
}

/** One znode. Zxids and times are safe integers; `creates` counts the children ever created (the stored cversion). `children` belongs to the
 *  tree; a draft counts only. */
export class Znode {
  data: Buffer | null;
  acl: AclEntries;
  czxid = 0;
  mzxid = 0;
  pzxid = 0;
  ctime = 0;
  mtime = 0;
  version = 0;
  aversion = 0;
  creates = 0;
  childCount = 0;
  kind: ZnodeKind = znodeKinds.persistent;
  owner: Int64 = 0;
  ttlMs = 0;
  children: Set<string> | null = null;
  /** Null where it has never been in a bundle, or is in none any more; a draft does not say. */
  home: Home | null = null;

  constructor(data: Buffer | null, acl: AclEntries) {
    this.data = data;
    this.acl = acl;
  }

  get dataLength(): number {
    return this.data === null ? 0 : this.data.length;
  }

  /** A copy for a draft: everything but the names of the children. */
  clone(): Znode {
    const copy = new Znode(this.data, this.acl);
    copy.czxid = this.czxid;
    copy.mzxid = this.mzxid;
    copy.pzxid = this.pzxid;
    copy.ctime = this.ctime;
    copy.mtime = this.mtime;
    copy.version = this.version;
    copy.aversion = this.aversion;
    copy.creates = this.creates;
    copy.childCount = this.childCount;
    copy.kind = this.kind;
    copy.owner = this.owner;
    copy.ttlMs = this.ttlMs;
    return copy;
  }
}

/** The znode that a creation makes. */
export function born(change: CreateChange, zxid: number, timeMs: number): Znode {
  const node = new Znode(change.data, change.acl);
  node.czxid = node.mzxid = node.pzxid = zxid;
  node.ctime = node.mtime = timeMs;
  node.kind = change.kind;
  node.owner = change.owner;
  node.ttlMs = change.ttlMs;
  return node;
}

/** A child was created. A creation counter that has overflowed (negative) leaves the parent's counter and pzxid as they are. */
export function childCreated(parent: Znode, creates: number, zxid: number): void {
  parent.childCount++;
  if (creates > parent.creates) {
    parent.creates = creates;
    parent.pzxid = zxid;
  }
}

/** A child was deleted. */
export function childDeleted(parent: Znode, zxid: number): void {
  parent.childCount--;
  parent.pzxid = zxid;
}

/** The data was set; identical data counts as well. */
export function dataSet(node: Znode, data: Buffer | null, at: { zxid: number; timeMs: number }): void {
  node.data = data;
  node.version = (node.version + 1) | 0;
  node.mzxid = at.zxid;
  node.mtime = at.timeMs;
}

/** The ACL was set: aversion and nothing else. */
export function aclSet(node: Znode, acl: AclEntries): void {
  node.acl = acl;
  node.aversion = (node.aversion + 1) | 0;
}

/** The Stat that a reply shows. The reported cversion is creates + deletes, that is twice the creates less the children (32-bit wrap). */
export function statOf(node: Znode): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: (node.creates * 2 - node.childCount) | 0,
    aversion: node.aversion,
    ephemeralOwner: node.kind === znodeKinds.ephemeral ? node.owner : 0,
    dataLength: node.dataLength,
    numChildren: node.childCount,
    pzxid: node.pzxid,
  };
}
