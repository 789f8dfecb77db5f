/** Writes that no client request stands for: sessions opened, moved and closed, znodes reaped. */
import type { Int64 } from "../jute/int64.ts";
import { type Change, znodeKinds } from "./changes.ts";
import type { Draft } from "./draft.ts";
import type { Write } from "./prepared-batch.ts";
import type { Znode } from "./znode.ts";

/** What a plain write does, decided when it is prepared: changes that are valid in any order, or undefined to refuse. */
type Decision = (draft: Draft, timeMs: number) => Change | readonly Change[] | undefined;

/** Ephemerals that leave with their session in one transaction. More go before it in portions: all of them in one would be too large for etcd. */
const portion = { ephemeralsMax: 4_000, pathCharsMax: 300_000 };

/** A write that no request stands for, reported to a callback. */
export class PlainWrite implements Write {
  readonly bytes = 128;
  readonly #decide: Decision;
  readonly #report: (outcome: "done" | "refused" | "lost", zxid: number) => void;
  #isRefused = false;

  constructor(decide: Decision, report: (outcome: "done" | "refused" | "lost", zxid: number) => void) {
    this.#decide = decide;
    this.#report = report;
  }

  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null {
    const decided = this.#decide(draft, at.timeMs);
    this.#isRefused = decided === undefined;
    if (decided === undefined) return null;
    const changes = "is" in decided ? [decided] : decided;
    for (const change of changes) draft.apply(change, at);
    return changes;
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

/** What has to be deleted before a session with these ephemerals can end in one transaction; nothing, unless they are very many. */
export function portionsBefore(session: Int64, ephemerals: Iterable<string>): Decision[] {
  const portions: string[][] = [];
  let current: string[] = [];
  let pathChars = 0;
  for (const path of ephemerals) {
    current.push(path);
    pathChars += path.length;
    if (current.length < portion.ephemeralsMax && pathChars < portion.pathCharsMax) continue;
    portions.push(current);
    current = [];
    pathChars = 0;
  }
  const isStill = (draft: Draft, path: string): boolean => {
    const node = draft.get(path);
    return node !== undefined && node.kind === znodeKinds.ephemeral && node.owner === session;
  };
  return portions.map(
    (paths) => (draft) => paths.filter((path) => isStill(draft, path)).map((path) => ({ is: "delete", path })),
  );
}

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
