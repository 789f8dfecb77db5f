/** A draft: the state that a batch will leave behind, written over a tree that it does not touch. Writes are validated against it, so each sees
 *  the queued effects of those before it; a multi drafts over a draft and is merged only when all its operations passed.
 *  Zxids of the batch itself are not known yet: they stand as positions in the batch (1 …). */
import type { Int64 } from "../jute/int64.ts";
import { parentOf } from "../protocol/paths.ts";
import { type Change, znodeKinds } from "./changes.ts";
import { rootAlias, type SessionState } from "./tree.ts";
import { aclSet, born, childCreated, childDeleted, dataSet, type Znode } from "./znode.ts";

/** What a draft can be written over. */
export interface DraftBase {
  get(path: string): Znode | undefined;
  session(id: Int64): SessionState | undefined;
  ephemeralsOf(session: Int64): Iterable<string>;
}

/** `nodes` and `sessions` hold what the batch leaves changed: `null` for gone. */
export class Draft implements DraftBase {
  readonly #base: DraftBase;
  readonly nodes = new Map<string, Znode | null>();
  readonly sessions = new Map<Int64, SessionState | null>();

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

  /** Writes one change of the transaction at position `at.zxid`. The change must be valid here. */
  apply(change: Change, at: { zxid: number; timeMs: number }): void {
    switch (change.is) {
      case "create":
        this.nodes.set(change.path, born(change, at.zxid, at.timeMs));
        return childCreated(this.#own(parentOf(change.path)), change.creates, at.zxid);
      case "delete":
        return this.#delete(change.path, at.zxid);
      case "setData":
        return dataSet(this.#own(change.path), change.data, at);
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
  }

  #delete(path: string, zxid: number): void {
    this.nodes.set(path, null);
    childDeleted(this.#own(parentOf(path)), zxid);
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
