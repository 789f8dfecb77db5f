/** The replicated state in memory, at one zxid: every znode and every session. Reads are answered from it; committed changes are applied to it. */
import type { Int64 } from "../jute/int64.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { nameOf, parentOf, quotaRoot } from "../protocol/paths.ts";
import { type Bundle, Bundles, isUntouched, type Place } from "./bundles.ts";
import { type AclEntries, type Change, type CreateChange, znodeKinds } from "./changes.ts";
import type { Size } from "./quotas.ts";
import { aclSet, born, childCreated, childDeleted, dataSet, readAcl, Znode } from "./znode.ts";

/** A session as all proxies know it. `owner` is the proxy that serves it, or last did. */
export interface SessionState {
  readonly timeoutMs: number;
  readonly owner: string;
}

/** Hears of everything that watches or sessions may be waiting for, in the order in which one connection must see it. `acl` is the list whose
 *  READ a watcher needs to be told. */
export interface TreeListener {
  created(path: string, zxid: number, acl: AclEntries): void;
  deleted(path: string, zxid: number, acl: AclEntries): void;
  dataChanged(path: string, zxid: number, acl: AclEntries): void;
  childrenChanged(path: string, zxid: number, acl: AclEntries): void;
  sessionOpened(session: Int64, state: SessionState): void;
  sessionClosed(session: Int64): void;
}

/** "" is the root's alias, in reads and as the parent of a top-level znode. */
export const rootAlias = (path: string): string => (path === "" ? "/" : path);

/** A fresh server's four znodes, all Stat fields 0 but the root's and /zookeeper's uncounted children and config's aversion. */
function reservedZnodes(): Map<string, Znode> {
  const bare = (acl: AclEntries, children: string[]): Znode => {
    const node = new Znode(Buffer.alloc(0), acl);
    node.children = new Set(children);
    node.childCount = children.length;
    return node;
  };
  const config = bare(readAcl, []);
  config.aversion = -1;
  return new Map([
    ["/", bare(openAcl, ["zookeeper"])],
    ["/zookeeper", bare(openAcl, ["quota", "config"])],
    [quotaRoot, bare(openAcl, [])],
    ["/zookeeper/config", config],
  ]);
}

/** `zxid` is the last one applied, `revision` the fence revision it came from. */
export class Tree {
  /** An untouched znode is its place in a bundle. */
  readonly #nodes: Map<string, Znode | Place> = reservedZnodes();
  readonly #ephemerals = new Map<Int64, Set<string>>();
  readonly #acls = new Map<string, AclEntries>([[JSON.stringify(openAcl), openAcl]]);
  readonly sessions = new Map<Int64, SessionState>();
  /** Which znodes lie together in etcd. */
  readonly bundles = new Bundles();
  /** Containers and TTL znodes, for the reaper. */
  readonly reapable = new Set<string>();
  zxid = 0;
  revision = 0;
  /** Bytes of paths and data, as ZooKeeper's approximate_data_size. */
  dataBytes = 0;
  ephemeralsCount = 0;

  constructor() {
    for (const [path, node] of reservedZnodes()) this.#count(path, node);
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** Read only, and not to be kept: an untouched znode is made anew each time. */
  get(path: string): Znode | undefined {
    const found = this.#nodes.get(rootAlias(path));
    if (typeof found !== "number") return found;
    const { bundle, entry } = this.bundles.homeAt(found);
    return bundle.znode(entry);
  }

  /** A znode that is going to be changed. */
  touch(path: string): Znode | undefined {
    const key = rootAlias(path);
    const node = this.get(key);
    if (node === undefined || typeof this.#nodes.get(key) !== "number") return node;
    // A view would keep the whole bundle.
    if (node.data !== null) node.data = Buffer.from(node.data);
    node.acl = this.shareAcl(node.acl);
    this.#nodes.set(key, node);
    return node;
  }

  session(id: Int64): SessionState | undefined {
    return this.sessions.get(id);
  }

  /** A session's ephemeral paths; empty where it has none. */
  ephemeralsOf(session: Int64): Iterable<string> {
    return this.#ephemerals.get(session) ?? [];
  }

  /** Descendants of a path, itself excluded; the root's alias counts the root too (DataTree.getAllChildrenNumber). */
  descendantsOf(path: string): number {
    if (path === "/") return this.#nodes.size - 1;
    if (path === "") return this.#nodes.size;
    let count = 0;
    const stack = [path];
    for (let next = stack.pop(); next !== undefined; next = stack.pop())
      for (const child of this.#childrenOf(next)) {
        count++;
        stack.push(`${next}/${child}`);
      }
    return count;
  }

  /** A znode and everything below it. */
  sizeOf(path: string): Size {
    let count = 0;
    let bytes = 0;
    const stack = [path];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const node = this.get(next);
      if (node === undefined) continue;
      count++;
      bytes += node.dataLength;
      for (const child of node.children ?? []) stack.push(next === "/" ? `/${child}` : `${next}/${child}`);
    }
    return { count, bytes };
  }

  /** One shared object for equal lists, so a million znodes hold one. */
  shareAcl(acl: AclEntries): AclEntries {
    if (acl === openAcl) return acl;
    const key = JSON.stringify(acl);
    const shared = this.#acls.get(key);
    if (shared !== undefined) return shared;
    this.#acls.set(key, acl);
    return acl;
  }

  /** Puts a znode as loaded from etcd. Parents may come later: `linkChildren` ends a load. */
  restore(path: string, node: Znode): void {
    const reserved = this.#nodes.get(path);
    if (typeof reserved === "object") {
      node.children = reserved.children;
      node.childCount = reserved.childCount;
      this.dataBytes -= path.length + reserved.dataLength;
    }
    node.acl = this.shareAcl(node.acl);
    this.#nodes.set(path, node);
    this.#count(path, node);
  }

  /** Puts what a bundle still holds. A znode that is there already has a key of its own, which is newer: own keys are restored first. */
  restoreBundle(bundle: Bundle): void {
    const first = this.bundles.add(bundle);
    for (const entry of bundle.entries()) {
      const { path, kind, dataLength } = bundle.glance(entry);
      const known = this.#nodes.get(path);
      if (known !== undefined) {
        if (typeof known !== "number") known.home = { bundle, entry };
        continue;
      }
      this.#nodes.set(path, first + entry);
      if (kind === znodeKinds.persistent) this.dataBytes += path.length + dataLength;
      else this.#count(path, bundle.znode(entry));
    }
  }

  /** Gives znodes that have just been created the bundle they lie in. */
  bundle(bundle: Bundle): void {
    const first = this.bundles.add(bundle);
    for (const entry of bundle.entries()) {
      const path = bundle.pathOf(entry);
      const node = this.#need(path);
      node.home = { bundle, entry };
      if (isUntouched(node)) this.#nodes.set(path, first + entry);
    }
  }

  /** A batch has been applied to its end: what lay in a bundle that it wore out has a key of its own now (see state-ops.ts). */
  settle(): void {
    for (const bundle of this.bundles.worn())
      for (const entry of bundle.entries()) this.#need(bundle.pathOf(entry)).home = null;
    this.bundles.removeWorn();
  }

  /** Links every loaded znode to its parent. */
  linkChildren(): void {
    let above = "";
    let parent = this.#need(above);
    for (const path of this.#nodes.keys()) {
      if (path === "/") continue;
      const slash = path.lastIndexOf("/");
      // Neighbours mostly have one parent, which need not be looked up again.
      if (slash !== above.length || !path.startsWith(above)) {
        above = path.slice(0, slash);
        parent = this.#need(above);
      }
      parent.children ??= new Set();
      parent.children.add(path.slice(slash + 1));
    }
    for (const node of this.#nodes.values()) if (typeof node === "object") node.childCount = node.children?.size ?? 0;
  }

  /** Applies one change of the transaction `zxid`, made at `timeMs`, and tells the listener. */
  apply(change: Change, at: { zxid: number; timeMs: number }, listener: TreeListener): void {
    switch (change.is) {
      case "create":
        return this.#create(change, at, listener);
      case "delete":
        return this.#delete(change.path, at.zxid, listener);
      case "setData": {
        const node = this.#need(change.path);
        this.dataBytes += (change.data?.length ?? 0) - node.dataLength;
        dataSet(node, change.data, at);
        return listener.dataChanged(change.path, at.zxid, node.acl);
      }
      case "setAcl":
        return aclSet(this.#need(change.path), this.shareAcl(change.acl));
      case "setStats": {
        const node = this.#need(change.path);
        this.dataBytes += (change.data?.length ?? 0) - node.dataLength;
        node.data = change.data;
        return;
      }
      case "openSession": {
        const state = { timeoutMs: change.timeoutMs, owner: change.owner };
        this.sessions.set(change.session, state);
        return listener.sessionOpened(change.session, state);
      }
      case "closeSession":
        for (const path of [...this.ephemeralsOf(change.session)]) this.#delete(path, at.zxid, listener);
        this.sessions.delete(change.session);
        return listener.sessionClosed(change.session);
    }
  }

  #childrenOf(path: string): Iterable<string> {
    const node = this.#nodes.get(path);
    return typeof node === "object" ? (node.children ?? []) : [];
  }

  #need(path: string): Znode {
    const node = this.touch(path);
    if (node === undefined) throw new Error(`the tree has no ${rootAlias(path)}, though a committed record needs it`);
    return node;
  }

  #create(change: CreateChange, at: { zxid: number; timeMs: number }, listener: TreeListener): void {
    const parentPath = parentOf(change.path);
    const parent = this.#need(parentPath);
    const node = born(change, at.zxid, at.timeMs);
    node.acl = this.shareAcl(node.acl);
    this.#nodes.set(change.path, node);
    this.#count(change.path, node);
    parent.children ??= new Set();
    parent.children.add(nameOf(change.path));
    childCreated(parent, change.creates, at.zxid);
    listener.created(change.path, at.zxid, node.acl);
    listener.childrenChanged(rootAlias(parentPath), at.zxid, parent.acl);
  }

  #delete(path: string, zxid: number, listener: TreeListener): void {
    const node = this.#need(path);
    const parentPath = parentOf(path);
    const parent = this.#need(parentPath);
    this.#nodes.delete(path);
    if (node.home !== null) this.bundles.leave(node.home);
    this.dataBytes -= path.length + node.dataLength;
    parent.children?.delete(nameOf(path));
    childDeleted(parent, zxid);
    this.reapable.delete(path);
    if (node.kind === znodeKinds.ephemeral) {
      this.ephemeralsCount--;
      const paths = this.#ephemerals.get(node.owner);
      paths?.delete(path);
      if (paths?.size === 0) this.#ephemerals.delete(node.owner);
    }
    listener.deleted(path, zxid, node.acl);
    listener.childrenChanged(rootAlias(parentPath), zxid, parent.acl);
  }

  #count(path: string, node: Znode): void {
    this.dataBytes += path.length + node.dataLength;
    if (node.kind === znodeKinds.container || node.kind === znodeKinds.ttl) this.reapable.add(path);
    if (node.kind !== znodeKinds.ephemeral) return;
    this.ephemeralsCount++;
    const paths = this.#ephemerals.get(node.owner);
    if (paths === undefined) this.#ephemerals.set(node.owner, new Set([path]));
    else paths.add(path);
  }
}
