/** Which coverage cell each reply belongs to. A light model of one case, told by the replies that its sessions got: what stands in the tree, who
 *  watches it, what each session has been through. It judges nothing, so being a little off (a watch that has fired unseen, a reply that overtook
 *  another session's) costs a cell and no more. */
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { isWithin, parentOf, quotaRoot } from "../../src/protocol/paths.ts";
import type { RequestStep } from "../encode.ts";
import type { CreateStep, PathValue, ReadStep, Step, WriteStep } from "../format.ts";
import type { Cell, NodeState, SessionState, WatchState } from "./cells.ts";
import { isMaking } from "./cells.ts";
import { defaultFlags, isSequential, variantOf } from "./variants.ts";

/** A znode that stands. `owner` is the session that an ephemeral belongs to. */
interface Standing {
  readonly is: "persistent" | "container" | "ttl" | "ephemeral";
  readonly owner: string;
  readonly isAgain: boolean;
  children: number;
}

/** What a session label has been through. `life` rises with every new session under the label. */
interface Sitting {
  life: number;
  ephemerals: number;
  isResumed: boolean;
  isAuthenticated: boolean;
}

/** Watches by kind, as bits. */
const bits = { data: 1, children: 2, persistent: 4, recursive: 8 } as const;
const everyBit = 15;

/** What the model needs to know of a reply: its error code, and its body as far as it was decoded. */
export interface Reply {
  readonly err: number;
  readonly body?: unknown;
}

/** The path of a step as it was sent. */
export type PathOf = (path: PathValue) => string | null;

/** The model of one case. */
export class CaseStates {
  readonly #root: string;
  readonly #base: string;
  readonly #nodes = new Map<string, Standing>();
  readonly #deleted = new Set<string>();
  /** By path, what each session watches it for. */
  readonly #watches = new Map<string, Map<string, number>>();
  readonly #sittings = new Map<string, Sitting>();
  readonly #emit: (cell: Cell) => void;

  /** `root` is the case's own root znode, which its first session creates, after the znode above it: that one is no part of the case. */
  constructor(root: string, emit: (cell: Cell) => void) {
    this.#root = root;
    this.#base = parentOf(root);
    this.#emit = emit;
    this.#nodes.set(this.#base, { is: "persistent", owner: "", isAgain: false, children: 0 });
  }

  /** A step that is no request acts on its session. */
  fault(step: Step): void {
    const sitting = this.#sitting(step.by);
    if (step.op === "expire") return this.#over(step.by);
    if (step.op === "reconnect" && step.as === "stranger") return;
    if (step.op === "reconnect" && step.as === "new") {
      // The session before it lives on, and what it holds is another's now.
      Object.assign(sitting, { life: sitting.life + 1, ephemerals: 0, isResumed: false, isAuthenticated: false });
      return this.#unwatch(step.by);
    }
    if (step.op === "drop" || step.op === "reconnect") this.#resumed(step.by);
  }

  /** Counts a reply, then takes over what it tells. */
  reply(step: RequestStep, { err, body }: Reply, pathOf: PathOf): void {
    if (step.op === "multi" || step.op === "multiRead") return this.#many(step, { err, body }, pathOf);
    const path = "path" in step ? pathOf(step.path) : null;
    if (path === this.#base || path?.startsWith(`${quotaRoot}/`)) return;
    const result = errorName(err);
    this.#count(step.op, step, { by: step.by, path, result });
    this.#apply(step, { by: step.by, path, isOk: err === 0, told: toldPath(body) });
    if (step.op === "setWatches" || step.op === "setWatches2") this.#setWatches(step, err, pathOf);
  }

  #many(step: Extract<RequestStep, { ops: unknown }>, { err, body }: Reply, pathOf: PathOf): void {
    const items = Array.isArray(body) ? (body as SequenceItem[]) : [];
    const codes = items.map(({ header, body: inner }) => (header.type === -1 ? Number(inner.err) : 0));
    const failed = step.op === "multi" ? codes.find((code) => code !== 0) : undefined;
    const result = errorName(failed ?? err);
    this.#count(step.op, step, { by: step.by, path: null, result });
    for (const [at, inner] of step.ops.entries()) {
      const item = items[at];
      if (item === undefined) return;
      const code = codes[at] ?? 0;
      const path = pathOf(inner.path);
      const isUndone = failed !== undefined && code === 0;
      this.#count(`${step.op}/${inner.op}`, inner, {
        by: step.by,
        path,
        result: isUndone ? "undone" : errorName(code),
      });
      if (step.op === "multi" && failed === undefined)
        this.#apply({ ...inner, by: step.by }, { by: step.by, path, isOk: true, told: toldPath(item.body) });
    }
  }

  #count(
    op: string,
    step: RequestStep | WriteStep | ReadStep,
    { by, path, result }: { readonly by: string; readonly path: string | null; readonly result: string },
  ): void {
    const isFormal = result === "BADARGUMENTS" || result === "MARSHALLINGERROR" || path === null;
    const numbers = "flags" in step && isSequential(step.flags);
    const node = isFormal ? "outside" : this.#nodeState(by, path, numbers);
    const watch = node === "outside" || path === null ? "none" : this.#watchState(by, path, isMaking(op));
    this.#emit({ op, variant: variantOf(step), result, node, watch, session: this.#sessionState(by) });
  }

  #nodeState(by: string, path: string, numbers: boolean): NodeState {
    if (!isWithin(path, this.#root)) return "outside";
    const node = numbers ? undefined : this.#nodes.get(path);
    if (node === undefined) return this.#nodes.has(parentOf(path)) ? "missing" : "orphan";
    if (node.children > 0) return "parent";
    if (node.is === "ephemeral") return node.owner === this.#nameOf(by) ? "ephemeral-own" : "ephemeral-other";
    return node.is === "persistent" && node.isAgain ? "again" : node.is;
  }

  #watchState(by: string, path: string, isMaker: boolean): WatchState {
    let mine = 0;
    let hasOthers = false;
    const look = (at: string, mask: number) => {
      for (const [session, watched] of this.#watches.get(at) ?? []) {
        if ((watched & mask) === 0) continue;
        if (session === by) mine |= watched & mask;
        else hasOthers = true;
      }
    };
    look(path, everyBit);
    if (isMaker) look(parentOf(path), bits.children | bits.persistent | bits.recursive);
    for (let at = parentOf(path); at.length >= this.#root.length; at = parentOf(at)) look(at, bits.recursive);
    if ((mine & bits.recursive) !== 0) return "recursive";
    if ((mine & bits.persistent) !== 0) return "persistent";
    if ((mine & bits.data) !== 0) return "data";
    if ((mine & bits.children) !== 0) return "children";
    return hasOthers ? "others" : "none";
  }

  #sessionState(by: string): SessionState {
    const { ephemerals, isResumed, isAuthenticated } = this.#sitting(by);
    if (ephemerals > 0) return "holding";
    if (isResumed) return "resumed";
    return isAuthenticated ? "authenticated" : "fresh";
  }

  #apply(
    step: RequestStep,
    how: {
      readonly by: string;
      readonly path: string | null;
      readonly isOk: boolean;
      readonly told?: string | undefined;
    },
  ): void {
    const { by, path, isOk } = how;
    if (step.op === "exists" && step.watch === true && path !== null) return this.#watch(by, path, bits.data);
    // Who fails to authenticate is hung up on.
    if (step.op === "auth" && !isOk) return this.#resumed(by);
    if (!isOk) return;
    switch (step.op) {
      case "create":
      case "create2":
      case "createContainer":
      case "createTTL":
        return this.#made(step, by, how.told ?? path);
      case "delete":
        return path === null ? undefined : this.#removed(path);
      case "setData":
        return path === null ? undefined : this.#fired(path, bits.data);
      case "getData":
        return step.watch === true && path !== null ? this.#watch(by, path, bits.data) : undefined;
      case "getChildren":
      case "getChildren2":
        return step.watch === true && path !== null ? this.#watch(by, path, bits.children) : undefined;
      case "addWatch":
        return path === null
          ? undefined
          : this.#watch(by, path, bits[step.mode === "recursive" ? step.mode : "persistent"]);
      case "removeWatches": {
        const kind = step.type === "data" || step.type === "children" ? bits[step.type] : everyBit;
        return path === null ? undefined : this.#unwatchOne(by, path, kind);
      }
      case "auth":
        if (step.scheme === "digest") this.#sitting(by).isAuthenticated = true;
        return;
      case "closeSession":
        return this.#over(by);
      default:
    }
  }

  #made(step: CreateStep, by: string, path: string | null): void {
    if (path === null || this.#nodes.has(path)) return;
    const flags = step.flags ?? defaultFlags[step.op];
    const isEphemeral = flags === "ephemeral" || flags === "ephemeral-sequential" || flags === 1 || flags === 3;
    const rest =
      flags === "container" ? "container" : flags === "ttl" || flags === "ttl-sequential" ? "ttl" : "persistent";
    this.#nodes.set(path, {
      is: isEphemeral ? "ephemeral" : rest,
      owner: isEphemeral ? this.#nameOf(by) : "",
      isAgain: this.#deleted.has(path),
      children: 0,
    });
    if (isEphemeral) this.#sitting(by).ephemerals++;
    const parent = this.#nodes.get(parentOf(path));
    if (parent !== undefined) parent.children++;
    this.#fired(path, bits.data);
    this.#fired(parentOf(path), bits.children);
  }

  #removed(path: string): void {
    const node = this.#nodes.get(path);
    if (node === undefined) return;
    this.#nodes.delete(path);
    this.#deleted.add(path);
    const parent = this.#nodes.get(parentOf(path));
    if (parent !== undefined) parent.children--;
    if (node.is === "ephemeral") {
      const [label = "", life] = node.owner.split("#");
      const sitting = this.#sitting(label);
      if (String(sitting.life) === life) sitting.ephemerals--;
    }
    this.#fired(path, bits.data | bits.children);
    this.#fired(parentOf(path), bits.children);
  }

  #setWatches(step: Extract<RequestStep, { op: "setWatches" | "setWatches2" }>, err: number, pathOf: PathOf): void {
    if (err !== 0) return;
    const set = (list: readonly PathValue[] | undefined, kind: number) => {
      for (const value of list ?? []) {
        const path = pathOf(value);
        if (path !== null) this.#watch(step.by, path, kind);
      }
    };
    set(step.data, bits.data);
    set(step.exist, bits.data);
    set(
      step.child?.filter((value) => this.#nodes.has(pathOf(value) ?? "")),
      bits.children,
    );
    set(step.persistent, bits.persistent);
    set(step.recursive, bits.recursive);
  }

  #watch(by: string, path: string, kind: number): void {
    const sessions = this.#watches.get(path) ?? new Map<string, number>();
    this.#watches.set(path, sessions.set(by, (sessions.get(by) ?? 0) | kind));
  }

  #unwatchOne(by: string, path: string, kinds: number): void {
    const sessions = this.#watches.get(path);
    sessions?.set(by, (sessions.get(by) ?? 0) & ~kinds);
  }

  #unwatch(by: string): void {
    for (const sessions of this.#watches.values()) sessions.delete(by);
  }

  /** One-shot watches of every session that have told what they were for. */
  #fired(path: string, kinds: number): void {
    const sessions = this.#watches.get(path);
    for (const [session, watched] of sessions ?? []) sessions?.set(session, watched & ~kinds);
  }

  #sitting(by: string): Sitting {
    const found = this.#sittings.get(by);
    if (found !== undefined) return found;
    const fresh = { life: 0, ephemerals: 0, isResumed: false, isAuthenticated: false };
    this.#sittings.set(by, fresh);
    return fresh;
  }

  #nameOf(by: string): string {
    return `${by}#${this.#sitting(by).life}`;
  }

  /** The connection is gone, and with it watches and identities. */
  #resumed(by: string): void {
    Object.assign(this.#sitting(by), { isResumed: true, isAuthenticated: false });
    this.#unwatch(by);
  }

  /** The session is gone, and with it its ephemerals. */
  #over(by: string): void {
    const owner = this.#nameOf(by);
    for (const [path, node] of this.#nodes) if (node.owner === owner) this.#removed(path);
    const sitting = this.#sitting(by);
    Object.assign(sitting, { life: sitting.life + 1, ephemerals: 0, isResumed: false, isAuthenticated: false });
    this.#unwatch(by);
  }
}

/** The path that a create's reply names. */
const toldPath = (body: unknown): string | undefined =>
  typeof body === "object" && body !== null && "path" in body && typeof body.path === "string" ? body.path : undefined;
