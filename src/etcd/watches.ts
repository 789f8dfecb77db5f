/** Watches: who waits for what on which path. They belong to a connection, live in two tables (data and children) and are fired by the tree.
 *  Source: WatchManager, WatchStats, DataTree (3.9); zookeeper-semantics section 8. */
import { eventTypes, watcherTypes } from "../protocol/opcodes.ts";
import type { AclEntries } from "./changes.ts";

/** Who is told. One object per connection. */
export interface Watcher {
  notify(event: { type: number; path: string; zxid: number; acl: AclEntries }): void;
}

/** How a watch behaves, as bits, since modes may stand side by side on one path. */
export const watchModes = { oneShot: 1, persistent: 2, recursive: 4, any: 7 } as const;

/** Proper ancestors of a path, the parent first, the root last. */
function* ancestors(path: string): Iterable<string> {
  for (let at = path; at !== "/" && at.startsWith("/"); ) {
    const cut = at.lastIndexOf("/");
    at = cut <= 0 ? "/" : at.slice(0, cut);
    yield at;
  }
}

/** One table: path → watcher → modes. `modesCoexist`: a later registration adds a mode (3.9), otherwise it replaces the earlier (3.8). */
class WatchTable {
  readonly #byPath = new Map<string, Map<Watcher, number>>();
  readonly #byWatcher = new Map<Watcher, Set<string>>();
  readonly #modesCoexist: boolean;
  #recursive = 0;
  size = 0;

  constructor(modesCoexist: boolean) {
    this.#modesCoexist = modesCoexist;
  }

  get watcherCount(): number {
    return this.#byWatcher.size;
  }

  get pathCount(): number {
    return this.#byPath.size;
  }

  /** Every watcher with its paths. */
  get byWatcher(): ReadonlyMap<Watcher, ReadonlySet<string>> {
    return this.#byWatcher;
  }

  modesAt(path: string, watcher: Watcher): number {
    return this.#byPath.get(path)?.get(watcher) ?? 0;
  }

  hasAny(path: string): boolean {
    return this.#byPath.has(path);
  }

  add(path: string, watcher: Watcher, mode: number): void {
    const before = this.modesAt(path, watcher);
    this.#put(path, watcher, before, this.#modesCoexist ? before | mode : mode);
  }

  /** Answers whether anything was there to remove. */
  remove(path: string, watcher: Watcher, modes: number): boolean {
    const before = this.modesAt(path, watcher);
    if ((before & modes) === 0) return false;
    this.#put(path, watcher, before, before & ~modes);
    return true;
  }

  removeAll(watcher: Watcher): void {
    for (const path of [...(this.#byWatcher.get(watcher) ?? [])])
      this.#put(path, watcher, this.modesAt(path, watcher), 0);
  }

  /** Collects everyone to be told of `type` at `path`; one-shot watches are used up by it. */
  fire(path: string, type: number, into: Set<Watcher>): void {
    const here = this.#byPath.get(path);
    if (here !== undefined)
      for (const [watcher, modes] of [...here]) {
        if (modes === watchModes.recursive && type === eventTypes.childrenChanged) continue;
        into.add(watcher);
        if ((modes & watchModes.oneShot) !== 0) this.#put(path, watcher, modes, modes & ~watchModes.oneShot);
      }
    if (this.#recursive === 0 || type === eventTypes.childrenChanged) return;
    for (const ancestor of ancestors(path))
      for (const [watcher, modes] of this.#byPath.get(ancestor) ?? [])
        if ((modes & watchModes.recursive) !== 0) into.add(watcher);
  }

  #put(path: string, watcher: Watcher, before: number, after: number): void {
    if (before === after) return;
    this.#recursive += Number((after & watchModes.recursive) !== 0) - Number((before & watchModes.recursive) !== 0);
    this.size += Number(after !== 0) - Number(before !== 0);
    if (after === 0) {
      const watchers = this.#byPath.get(path);
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.#byPath.delete(path);
      const paths = this.#byWatcher.get(watcher);
      paths?.delete(path);
      if (paths?.size === 0) this.#byWatcher.delete(watcher);
      return;
    }
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) this.#byPath.set(path, new Map([[watcher, after]]));
    else watchers.set(watcher, after);
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]));
    else paths.add(path);
  }
}

/** Both tables of one server. */
export class Watches {
  readonly data: WatchTable;
  readonly child: WatchTable;
  readonly #modesCoexist: boolean;

  constructor(modesCoexist: boolean) {
    this.#modesCoexist = modesCoexist;
    this.data = new WatchTable(modesCoexist);
    this.child = new WatchTable(modesCoexist);
  }

  get count(): number {
    return this.data.size + this.child.size;
  }

  /** addWatch: a persistent watch is in both tables, a recursive one in the data table (3.9) or both (3.8). */
  addPersistent(path: string, watcher: Watcher, mode: number): void {
    this.data.add(path, watcher, mode);
    if (mode === watchModes.persistent || !this.#modesCoexist) this.child.add(path, watcher, mode);
  }

  /** removeWatches; answers whether a watch was there, `undefined` for a type that this version does not know. */
  remove(path: string, watcher: Watcher, type: number): boolean | undefined {
    const oneShot = this.#modesCoexist ? watchModes.oneShot : watchModes.any;
    switch (type) {
      case watcherTypes.children:
        return this.child.remove(path, watcher, oneShot);
      case watcherTypes.data:
        return this.data.remove(path, watcher, oneShot);
      case watcherTypes.any: {
        const fromData = this.data.remove(path, watcher, watchModes.any);
        return this.child.remove(path, watcher, watchModes.any) || fromData;
      }
      case watcherTypes.persistent:
      case watcherTypes.recursive: {
        if (!this.#modesCoexist) return undefined;
        const mode = type === watcherTypes.persistent ? watchModes.persistent : watchModes.recursive;
        const fromData = this.data.remove(path, watcher, mode);
        return this.child.remove(path, watcher, mode) || fromData;
      }
      default:
        return undefined;
    }
  }

  /** checkWatches. Before 3.9 anybody's watch on the path counts. */
  has(path: string, watcher: Watcher, type: number): boolean | undefined {
    const inTable = (table: WatchTable, modes: number): boolean =>
      this.#modesCoexist ? (table.modesAt(path, watcher) & modes) !== 0 : table.hasAny(path);
    switch (type) {
      case watcherTypes.children:
        return inTable(this.child, watchModes.oneShot);
      case watcherTypes.data:
        return inTable(this.data, watchModes.oneShot);
      case watcherTypes.any:
        return inTable(this.data, watchModes.any) || inTable(this.child, watchModes.any);
      case watcherTypes.persistent:
      case watcherTypes.recursive:
        if (!this.#modesCoexist) return undefined;
        return inTable(this.data, type === watcherTypes.persistent ? watchModes.persistent : watchModes.recursive);
      default:
        return undefined;
    }
  }

  /** The connection is gone. */
  forget(watcher: Watcher): void {
    this.data.removeAll(watcher);
    this.child.removeAll(watcher);
  }

  created(path: string, zxid: number, acl: AclEntries): void {
    this.#tell(this.#collect(this.data, path, eventTypes.created), { type: eventTypes.created, path, zxid, acl });
  }

  dataChanged(path: string, zxid: number, acl: AclEntries): void {
    this.#tell(this.#collect(this.data, path, eventTypes.dataChanged), {
      type: eventTypes.dataChanged,
      path,
      zxid,
      acl,
    });
  }

  childrenChanged(path: string, zxid: number, acl: AclEntries): void {
    this.#tell(this.#collect(this.child, path, eventTypes.childrenChanged), {
      type: eventTypes.childrenChanged,
      path,
      zxid,
      acl,
    });
  }

  /** Both tables, each connection told once, data watchers first. */
  deleted(path: string, zxid: number, acl: AclEntries): void {
    const told = this.#collect(this.data, path, eventTypes.deleted);
    this.child.fire(path, eventTypes.deleted, told);
    this.#tell(told, { type: eventTypes.deleted, path, zxid, acl });
  }

  #collect(table: WatchTable, path: string, type: number): Set<Watcher> {
    const into = new Set<Watcher>();
    if (table.size > 0) table.fire(path, type, into);
    return into;
  }

  #tell(watchers: Set<Watcher>, event: { type: number; path: string; zxid: number; acl: AclEntries }): void {
    for (const watcher of watchers) watcher.notify(event);
  }
}
