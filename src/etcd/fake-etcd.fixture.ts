/** Test doubles for etcd: a store in memory that keeps revisions, tells watchers, and loses answers on command. */
import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ICompare, IRequestOp, IWatchRequest } from "etcd3";
import { opsPerTxnMax } from "./batch.ts";
import { EtcdLost, EtcdRefused, type EtcdStore, type StoredKey, type TxnResult } from "./store.ts";

/** What happens to one transaction: answered; applied and answered after a while; applied but not answered; neither; or not answered and applied
 *  later, by `arrive`. */
export type Fate =
  | "answered"
  | "answered slowly"
  | "applied, not answered"
  | "not applied"
  | "late"
  | { readonly refused: string };

/** Longer than a proxy waits for the history of others, ms. */
const slowAnswerMs = 8_000;

interface Held {
  readonly value: Buffer;
  readonly modRevision: number;
  readonly createRevision: number;
}

const text = (bytes: unknown): string => Buffer.from((bytes ?? "") as Buffer).toString("utf8");

/** etcd's limit as checkTxnRequest counts it: nested transactions share what their parents leave. */
const fits = (ops: readonly IRequestOp[], left: number): boolean =>
  ops.length <= left &&
  ops.every((op) => op.request_txn === undefined || fits(op.request_txn.success as IRequestOp[], left - ops.length));

/** As much of a watch stream as the feed uses. Compacted history is answered as etcd does. */
class FakeWatchStream extends EventEmitter {
  readonly ranges: { id: number; from: string; end: string }[] = [];
  readonly #etcd: FakeEtcd;

  constructor(etcd: FakeEtcd) {
    super();
    this.#etcd = etcd;
  }

  write(request: IWatchRequest): void {
    const wanted = request.create_request;
    if (wanted === undefined) return;
    const id = Number(wanted.watch_id);
    this.ranges.push({ id, from: text(wanted.key), end: text(wanted.range_end) });
    setImmediate(() => this.#etcd.beginWatch(this, id, Number(wanted.start_revision)));
  }

  end(): void {
    this.#etcd.streams.delete(this);
  }

  cancel(): void {
    this.end();
  }

  /** The connection breaks. */
  fail(): void {
    this.end();
    this.emit("error", new Error("the stream broke"));
  }
}

/** One etcd. `fates` is used up one transaction after the other; without any left everything is answered. */
export class FakeEtcd {
  readonly data = new Map<string, Held>();
  readonly history: { revision: number; key: string; value: Buffer | null }[] = [];
  readonly streams = new Set<FakeWatchStream>();
  revision = 1;
  compacted = 0;
  txns = 0;
  reads = 0;
  fates: Fate[] = [];
  #late: (() => void)[] = [];
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  /** This etcd where a real one is wanted. */
  get store(): EtcdStore {
    return this as unknown as EtcdStore;
  }

  async txn(compare: ICompare[], success: IRequestOp[]): Promise<TxnResult> {
    this.txns++;
    const fate = this.fates.shift() ?? "answered";
    await this.#gate;
    await nextTurn();
    const lost = new EtcdLost(new Error("scripted"));
    if (!fits(success, opsPerTxnMax))
      throw new EtcdRefused(new Error("etcdserver: too many operations in txn request"));
    if (typeof fate === "object") throw new EtcdRefused(new Error(fate.refused));
    if (fate === "late") this.#late.push(() => this.#commit(compare, success));
    if (fate === "late" || fate === "not applied") throw lost;
    const result = this.#commit(compare, success);
    if (fate === "answered slowly") await new Promise((resolve) => setTimeout(resolve, slowAnswerMs));
    else if (fate !== "answered") throw lost;
    return result;
  }

  async range(from: string, end?: string): Promise<{ keys: StoredKey[]; revision: number }> {
    this.reads++;
    await nextTurn();
    const isIn = (key: string): boolean => (end === undefined ? key === from : key >= from && key < end);
    const keys = [...this.data].filter(([key]) => isIn(key)).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      keys: keys.map(([key, { value, modRevision }]) => ({ key, value, modRevision })),
      revision: this.revision,
    };
  }

  async count(from: string, end: string): Promise<number> {
    return (await this.range(from, end)).keys.length;
  }

  async keysOf(from: string, end: string): Promise<StoredKey[]> {
    return (await this.range(from, end)).keys;
  }

  async watchStream(): Promise<FakeWatchStream> {
    const stream = new FakeWatchStream(this);
    this.streams.add(stream);
    return stream;
  }

  /** Lets transactions wait until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#open?.();
  }

  /** The transactions with the fate `late` reach etcd now. */
  arrive(): void {
    for (const commit of this.#late.splice(0)) commit();
  }

  put(key: string, value: Buffer): void {
    this.#commit([], [{ request_put: { key: Buffer.from(key), value } }]);
  }

  remove(key: string): void {
    this.#commit([], [{ request_delete_range: { key: Buffer.from(key) } }]);
  }

  beginWatch(stream: FakeWatchStream, id: number, start: number): void {
    if (!this.streams.has(stream)) return;
    const header = { revision: String(this.revision) };
    stream.emit("data", { header, watch_id: String(id), created: true, canceled: false, events: [] });
    if (start <= this.compacted) {
      const cancel = { canceled: true, compact_revision: String(this.compacted), cancel_reason: "compacted" };
      stream.emit("data", { header, watch_id: String(id), created: false, events: [], ...cancel });
      return;
    }
    for (const entry of this.history) if (entry.revision >= start) this.#tell(stream, entry, id);
  }

  #commit(compare: ICompare[], success: IRequestOp[]): TxnResult {
    const failed = compare.find((one) => !this.#holds(one));
    if (failed !== undefined) return { succeeded: false, revision: this.data.get(text(failed.key))?.modRevision ?? 0 };
    if (success.some((op) => op.request_range === undefined)) this.#write(success);
    return { succeeded: true, revision: this.revision };
  }

  #holds(one: ICompare): boolean {
    const held = this.data.get(text(one.key));
    if (one.target === "Create") return (held?.createRevision ?? 0) === Number(one.create_revision);
    return (held?.modRevision ?? 0) === Number(one.mod_revision);
  }

  #write(ops: IRequestOp[]): void {
    this.revision++;
    const seen = new Set<string>();
    const told: { revision: number; key: string; value: Buffer | null }[] = [];
    const apply = (op: IRequestOp): void => {
      if (op.request_txn !== undefined) return void (op.request_txn.success as IRequestOp[]).forEach(apply);
      const key = text(op.request_put?.key ?? op.request_delete_range?.key);
      if (seen.has(key)) throw new Error(`duplicate key given in txn request: ${key}`);
      seen.add(key);
      const before = this.data.get(key);
      if (op.request_put === undefined) {
        if (!this.data.delete(key)) return;
        told.push({ revision: this.revision, key, value: null });
        return;
      }
      const value = Buffer.from(op.request_put.value as Buffer);
      const createRevision = before?.createRevision ?? this.revision;
      this.data.set(key, { value, modRevision: this.revision, createRevision });
      told.push({ revision: this.revision, key, value });
    };
    ops.forEach(apply);
    this.history.push(...told);
    for (const stream of this.streams)
      for (const entry of told) for (const { id } of stream.ranges) this.#tell(stream, entry, id);
  }

  #tell(stream: FakeWatchStream, entry: { revision: number; key: string; value: Buffer | null }, id: number): void {
    const range = stream.ranges.find((one) => one.id === id);
    if (range === undefined || entry.key < range.from || entry.key >= range.end) return;
    const kv = { key: Buffer.from(entry.key), value: entry.value ?? Buffer.alloc(0), mod_revision: entry.revision };
    const event = { type: entry.value === null ? "Delete" : "Put", kv };
    const header = { revision: String(this.revision) };
    setImmediate(() => {
      if (!this.streams.has(stream)) return;
      stream.emit("data", { header, watch_id: String(id), created: false, canceled: false, events: [event] });
    });
  }
}
