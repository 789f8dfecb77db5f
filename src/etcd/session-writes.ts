/** Writes that no client request stands for: sessions opened, moved and closed, znodes reaped. */
import type { Int64 } from "../jute/int64.ts";
import { type Change, znodeKinds } from "./changes.ts";
import type { Write } from "./committer.ts";
import type { Draft } from "./draft.ts";
import type { Znode } from "./znode.ts";

/** A write made of one change that is decided when it is prepared, reported to a callback. `change` answers undefined to refuse. */
export class PlainWrite implements Write {
  readonly bytes = 128;
  readonly #change: (draft: Draft, timeMs: number) => Change | undefined;
  readonly #report: (outcome: "done" | "refused" | "lost", zxid: number) => void;
  #isRefused = false;

  constructor(
    change: (draft: Draft, timeMs: number) => Change | undefined,
    report: (outcome: "done" | "refused" | "lost", zxid: number) => void,
  ) {
    this.#change = change;
    this.#report = report;
  }

  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null {
    const change = this.#change(draft, at.timeMs);
    this.#isRefused = change === undefined;
    if (change === undefined) return null;
    draft.apply(change, at);
    return [change];
  }

  changed(): void {}

  settled(zxid: number): void {
    this.#report(this.#isRefused ? "refused" : "done", zxid);
  }

  lost(): void {
    this.#report("lost", 0);
  }
}

/** A new session. Refused when the id is taken. */
export const openSession =
  (session: Int64, timeoutMs: number, owner: string) =>
  (draft: Draft): Change | undefined =>
    draft.session(session) === undefined ? { is: "openSession", session, timeoutMs, owner } : undefined;

/** A session resumed here, wherever it was served before. Refused when it is gone. */
export const moveSession =
  (session: Int64, timeoutMs: number, owner: string) =>
  (draft: Draft): Change | undefined =>
    draft.session(session) === undefined ? undefined : { is: "openSession", session, timeoutMs, owner };

/** A session's end, asked for by its client or by its timeout. Refused when it is gone or no longer served by `owner`. */
export const closeSession =
  (session: Int64, owner: string) =>
  (draft: Draft): Change | undefined =>
    draft.session(session)?.owner === owner ? { is: "closeSession", session } : undefined;

/** Whether a container or TTL znode has outlived itself (ContainerManager). */
export function isReapable(node: Znode, nowMs: number): boolean {
  if (node.childCount > 0) return false;
  if (node.kind === znodeKinds.container) return node.creates > 0;
  return node.kind === znodeKinds.ttl && nowMs - node.mtime > node.ttlMs;
}

/** The removal of an outlived znode: an ordinary delete without permissions. */
export const reap =
  (path: string) =>
  (draft: Draft, timeMs: number): Change | undefined => {
    const node = draft.get(path);
    return node !== undefined && isReapable(node, timeMs) ? { is: "delete", path } : undefined;
  };
