/** A draft: the state that a batch will leave behind, written over a tree that it does not touch. Writes are validated against it, so each sees
 *  the queued effects of those before it; a multi drafts over a draft and is merged only when all its operations passed.
 *  Zxids of the batch itself are not known yet: they stand as positions in the batch (1 …). */
import type { Int64 } from "../jute/int64.ts";
import { isWithin, parentOf } from "../protocol/paths.ts";
import { type Change, type StatsChange, znodeKinds } from "./changes.ts";
import { adjustedStats, countedStats, type QuotaView, type Size } from "./quotas.ts";
import { rootAlias, type SessionState } from "./tree.ts";
import { aclSet, born, childCreated, childDeleted, dataSet, type Znode } from "./znode.ts";

/** What a draft can be written over. */
export interface DraftBase extends QuotaView {
  session(id: Int64): SessionState | undefined;
  ephemeralsOf(session: Int64): Iterable<string>;
}

/** `nodes` and `sessions` hold what the batch leaves changed: `null` for gone. */
export class Draft implements DraftBase {
  readonly #base: DraftBase;
  readonly nodes = new Map<string, Znode | null>();
  readonly sessions = new Map<Int64, SessionState | null>();
  /** Quota statistics that the transaction at hand has moved. */
  readonly #stats = new Set<string>();

  constructor(base: DraftBase) {
    this.#base = base;
  }

  /** Read only: change what comes back through `apply` alone. */
  get(path: string): Znode | undefined {
    const key = rootAlias(path);
    const drafted = this.nodes.get(key);
    return drafted === undefined ? this.#base.get(key) : (drafted ?? undefined);
  }

  session(id: Int64): SessionState | undefined {
    const drafted = this.sessions.get(id);
    return drafted === undefined ? this.#base.session(id) : (drafted ?? undefined);
  }

  *ephemeralsOf(session: Int64): Iterable<string> {
    for (const path of this.#base.ephemeralsOf(session)) if (!this.nodes.has(path)) yield path;
    for (const [path, node] of this.nodes)
      if (node !== null && node.kind === znodeKinds.ephemeral && node.owner === session) yield path;
  }

  sizeOf(path: string): Size {
    let { count, bytes } = this.#base.sizeOf(path);
    for (const [at, node] of this.nodes) {
      if (!isWithin(at, path)) continue;
      const before = this.#base.get(at);
      count += (node === null ? 0 : 1) - (before === undefined ? 0 : 1);
      bytes += (node?.dataLength ?? 0) - (before?.dataLength ?? 0);
    }
    return { count, bytes };
  }

  /** What the transaction just written did to quota statistics, to be applied behind its own changes. */
  takeStats(): StatsChange[] {
    const moved = [...this.#stats];
    this.#stats.clear();
    return moved.flatMap((path) => {
      const node = this.get(path);
      return node === undefined ? [] : [{ is: "setStats", path, data: node.data }];
    });
  }

  /** Writes one change of the transaction at position `at.zxid`. The change must be valid here. */
  apply(change: Change, at: { zxid: number; timeMs: number }): void {
    switch (change.is) {
      case "create": {
        const node = born(change, at.zxid, at.timeMs);
        this.nodes.set(change.path, node);
        childCreated(this.#own(parentOf(change.path)), change.creates, at.zxid);
        const counted = countedStats(change.path, this);
        if (counted !== undefined) this.#setStats(change.path, counted);
        return this.#account(change.path, { count: 1, bytes: change.data?.length ?? 0 });
      }
      case "delete":
        return this.#delete(change.path, at.zxid);
      case "setData": {
        const node = this.#own(change.path);
        const bytes = (change.data?.length ?? 0) - node.dataLength;
        dataSet(node, change.data, at);
        return this.#account(change.path, { count: 0, bytes });
      }
      case "setStats":
        return this.#setStats(change.path, change.data);
      case "setAcl":
        return aclSet(this.#own(change.path), change.acl);
      case "openSession":
        this.sessions.set(change.session, { timeoutMs: change.timeoutMs, owner: change.owner });
        return;
      case "closeSession":
        for (const path of [...this.ephemeralsOf(change.session)]) this.#delete(path, at.zxid);
        this.sessions.set(change.session, null);
        return;
    }
  }

  /** Takes over what a draft over this one arrived at. */
  merge(above: Draft): void {
    for (const [path, node] of above.nodes) this.nodes.set(path, node);
    for (const [id, session] of above.sessions) this.sessions.set(id, session);
    for (const path of above.#stats) this.#stats.add(path);
  }

  #delete(path: string, zxid: number): void {
    const bytes = this.get(path)?.dataLength ?? 0;
    this.nodes.set(path, null);
    childDeleted(this.#own(parentOf(path)), zxid);
    this.#account(path, { count: -1, bytes: -bytes });
  }

  #account(path: string, by: Size): void {
    const stats = adjustedStats(path, by, this);
    if (stats !== undefined) this.#setStats(stats.path, stats.data);
  }

  #setStats(path: string, data: Buffer | null): void {
    this.#own(path).data = data;
    this.#stats.add(path);
  }

  #own(path: string): Znode {
    const key = rootAlias(path);
    const drafted = this.nodes.get(key);
    if (drafted !== undefined && drafted !== null) return drafted;
    const below = this.#base.get(key);
    if (below === undefined || drafted === null) throw new Error(`a prepared change names ${key}, which is not there`);
    const copy = below.clone();
    this.nodes.set(key, copy);
    return copy;
  }
}
