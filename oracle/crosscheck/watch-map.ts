/** Which connections may have a watch where. Only ever too much: a watch is noted when its request is seen, and forgotten when an event has come
 *  that consumed it, so a connection that is not named here has certainly none. */
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";

/** ZooKeeper's two tables of one-shot watches, and lasting watches, which here always cover everything below. */
export type WatchTable = "data" | "children" | "lasting";

/** The path above one; the root is its own. */
export const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 1)) || "/";

/** A path and all above it, the root last. */
export function upwards(path: string): string[] {
  const out = [path];
  for (let at = path; at !== "/" && at.startsWith("/"); out.push(at)) at = parentOf(at);
  return out;
}

/** Beyond this many watched paths a connection counts as watching everything. */
const pathsMax = 100_000;

/** Owners by path, each with a number. */
type Table<Owner> = Map<string, Map<Owner, number>>;

/** The watches of all connections; `Owner` is a connection. */
export class WatchMap<Owner extends object> {
  /** The number is the position of the newest request that set the watch. */
  readonly #tables: Readonly<Record<WatchTable, Table<Owner>>> = {
    data: new Map(),
    children: new Map(),
    lasting: new Map(),
  };
  /** How many children of a path a connection watches. */
  readonly #below: Table<Owner> = new Map();
  readonly #held = new Map<Owner, Set<string>>();
  readonly #everywhere = new Set<Owner>();

  /** `position` counts the connection's requests. */
  arm(owner: Owner, watch: { readonly path: string; readonly table: WatchTable; readonly position: number }): void {
    const held = this.#held.get(owner) ?? new Set<string>();
    this.#held.set(owner, held);
    if (held.size >= pathsMax) {
      this.#everywhere.add(owner);
      return;
    }
    if (!held.has(watch.path)) {
      held.add(watch.path);
      add(this.#below, parentOf(watch.path), owner, (count) => count + 1);
    }
    add(this.#tables[watch.table], watch.path, owner, () => watch.position);
  }

  /** An event that came behind `replies` replies has consumed the one-shot watches set before; those set by later requests stand. */
  fired(owner: Owner, event: WatcherEvent, replies: number): void {
    const path = event.path ?? "";
    const isDeleted = event.type === eventTypes.deleted;
    const consumed: WatchTable[] = isDeleted
      ? ["data", "children"]
      : [event.type === eventTypes.childrenChanged ? "children" : "data"];
    for (const table of consumed) {
      const position = this.#tables[table].get(path)?.get(owner);
      if (position !== undefined && position < replies) remove(this.#tables[table], path, owner);
    }
    const isHeld = Object.values(this.#tables).some((table) => table.get(path)?.has(owner));
    if (!isHeld && this.#held.get(owner)?.delete(path)) {
      const count = this.#below.get(parentOf(path))?.get(owner) ?? 0;
      if (count <= 1) remove(this.#below, parentOf(path), owner);
      else add(this.#below, parentOf(path), owner, () => count - 1);
    }
  }

  /** The connection is gone, and its watches with it. */
  drop(owner: Owner): void {
    for (const path of this.#held.get(owner) ?? []) {
      for (const table of Object.values(this.#tables)) remove(table, path, owner);
      remove(this.#below, parentOf(path), owner);
    }
    this.#held.delete(owner);
    this.#everywhere.delete(owner);
  }

  /** Who may see an event when this znode changes. `comesOrGoes`: its parent's list of children changes too. */
  watchers(path: string, comesOrGoes: boolean): Owner[] {
    const { data, children, lasting } = this.#tables;
    const watching = [data.get(path)];
    if (comesOrGoes) watching.push(children.get(path), children.get(parentOf(path)));
    if (lasting.size > 0) watching.push(...upwards(path).map((at) => lasting.get(at)));
    return [...this.#everywhere, ...watching.flatMap((owners) => (owners === undefined ? [] : [...owners.keys()]))];
  }

  /** Who may see an event when some child of this znode comes, whatever its name. */
  watchersBelow(parent: string): Owner[] {
    return [...this.watchers(parent, true), ...(this.#below.get(parent)?.keys() ?? [])];
  }
}

function add<Owner>(table: Table<Owner>, path: string, owner: Owner, change: (before: number) => number): void {
  const owners = table.get(path);
  if (owners === undefined) table.set(path, new Map([[owner, change(0)]]));
  else owners.set(owner, change(owners.get(owner) ?? 0));
}

function remove<Owner>(table: Table<Owner>, path: string, owner: Owner): void {
  const owners = table.get(path);
  owners?.delete(owner);
  if (owners?.size === 0) table.delete(path);
}
