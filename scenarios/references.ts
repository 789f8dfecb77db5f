/** What a running case knows that its text could not: where its root is, which paths creates answered, which versions and zxids each session
 *  has seen. All of it comes from the answers that the client got, that is, from the answering side. */
import { canonicalInt64, type Int64 } from "../src/jute/int64.ts";
import { quotaRoot } from "../src/protocol/paths.ts";
import type { PathValue, SeenValue, VersionValue } from "./format.ts";

/** The counters of a znode that a step can ask for. */
export interface Counters {
  readonly version: number;
  readonly aversion: number;
}

const counted = (newest: Int64 | undefined, value: SeenValue): Int64 =>
  typeof value === "number" ? value : canonicalInt64(BigInt(newest ?? 0) + BigInt(value.newest));

/** One case's memory. Every question has an answer in any state: an unbound label is a missing child of the root, an unknown node has version 0. */
export class Memory {
  /** The case's own root znode, absolute, without a trailing slash. */
  readonly root: string;
  readonly #bound = new Map<string, string>();
  readonly #counters = new Map<string, Counters>();
  readonly #newest = new Map<string, Int64>();
  readonly #marked = new Map<string, Int64>();

  constructor(root: string) {
    this.root = root;
  }

  /** The path to send. */
  path(value: PathValue): string | null {
    if (value === null) return null;
    if (typeof value === "string") return this.root + value;
    if ("exact" in value) return value.exact;
    if ("quota" in value) return quotaRoot + this.root + value.quota;
    return (this.#bound.get(value.ref) ?? `${this.root}/unbound-${value.ref}`) + (value.below ?? "");
  }

  /** The version to send for a path as `path()` gave it. */
  version(by: string, path: string | null, value: VersionValue | undefined, counter: keyof Counters): number {
    if (value === undefined) return -1;
    if (typeof value === "number") return value;
    const wanted = (this.#counters.get(`${by} ${path}`)?.[counter] ?? 0) + value.last;
    return wanted === -1 && value.last !== 0 ? -2 : wanted | 0;
  }

  /** The zxid to claim in setWatches, from the last mark. */
  since(by: string, value: SeenValue): Int64 {
    return counted(this.#marked.get(by), value);
  }

  /** The zxid to claim in a handshake, from the newest reply. */
  seen(by: string, value: SeenValue): Int64 {
    return counted(this.#newest.get(by), value);
  }

  /** A session may quote this zxid: by default the newest that it was told. */
  mark(by: string, zxid: Int64 = this.#newest.get(by) ?? 0): void {
    this.#marked.set(by, zxid);
  }

  /** A create with this label was answered with this path. */
  bind(label: string, path: string): void {
    this.#bound.set(label, path);
  }

  /** A session saw a znode's counters. */
  learn(by: string, path: string | null, counters: Counters): void {
    this.#counters.set(`${by} ${path}`, counters);
  }

  /** A session deleted a znode, or learnt that it is not there. */
  forget(by: string, path: string | null): void {
    this.#counters.delete(`${by} ${path}`);
  }

  /** A session got a reply with this zxid in its header. */
  saw(by: string, zxid: Int64): void {
    const before = this.#newest.get(by);
    if (before === undefined || zxid > before) this.#newest.set(by, zxid);
  }
}
