/** Calls to etcd. What to retry is decided by the callers, who know what a call means. */
import {
  EtcdInvalidAuthTokenError,
  type ICompare,
  type IDuplexStream,
  type IKeyValue,
  type ILeaseKeepAliveRequest,
  type ILeaseKeepAliveResponse,
  type IRequestOp,
  type IWatchRequest,
  type IWatchResponse,
} from "etcd3";
import { endpointUrls, MemberClient, type StoreOptions } from "./etcd-client.ts";
import { classify, EtcdLost, EtcdRefused } from "./etcd-errors.ts";
import { decodeTxn, encodeTxn } from "./txn-codec.ts";

export type { StoreOptions } from "./etcd-client.ts";
export { EtcdCompacted, EtcdLost, EtcdRefused } from "./etcd-errors.ts";

/** How long a call may take before it counts as lost, the pause before a read is tried again, and how long a silent member is left alone. */
const callWaitMs = 5_000;
const readRetryMs = 100;
const shunMs = 15_000;

/** A guarded transaction's outcome: `revision` is the one it was committed at, or, when the guard failed, the guarding key's mod_revision. */
export interface TxnResult {
  readonly succeeded: boolean;
  readonly revision: number;
}

/** Keys and values as etcd holds them. */
export interface StoredKey {
  readonly key: string;
  readonly value: Buffer;
  readonly modRevision: number;
}

const stored = (kv: IKeyValue): StoredKey => ({
  key: kv.key.toString("utf8"),
  value: kv.value,
  modRevision: Number(kv.mod_revision),
});

/** A token that has run out is refused before anything is done; any call of etcd3's own then fetches a new one. */
async function sendTxn(client: MemberClient, request: Buffer): Promise<Buffer> {
  try {
    return await client.rawTxn(request, callWaitMs);
  } catch (error) {
    if (!(error instanceof EtcdInvalidAuthTokenError)) throw error;
    await client.kv.range({ key: Buffer.from("\0") }, { deadline: Date.now() + callWaitMs });
    return client.rawTxn(request, callWaitMs);
  }
}

/** Calls to one etcd cluster, all to the same member until that one fails, then to the next. Errors of every call: `EtcdRefused`, `EtcdLost`,
 *  reads also `EtcdCompacted`. */
export class EtcdStore {
  readonly #clients: readonly MemberClient[];
  readonly #streams = new Map<{ cancel(): void }, MemberClient>();
  readonly #shunned = new Map<MemberClient, number>();
  #chosen = 0;
  readonly endpoints: readonly string[];
  /** Since the start: calls made and what became of them, transactions that changed something, and those whose guard failed. */
  readonly counters = { etcd_calls: 0, etcd_calls_lost: 0, etcd_calls_refused: 0, etcd_batches: 0, etcd_conflicts: 0 };

  constructor(options: StoreOptions) {
    this.endpoints = endpointUrls(options);
    this.#clients = this.endpoints.map((endpoint) => new MemberClient(endpoint, options));
  }

  /** One transaction guarded by comparisons of one key. Without operations it reads that key, so that the answer is linearizable all the same
   *  (etcd takes a transaction without any operation for a serializable read). */
  async txn(compare: ICompare[], success: IRequestOp[]): Promise<TxnResult> {
    const key = compare[0]?.key ?? Buffer.alloc(0);
    const look: IRequestOp = { request_range: { key } };
    const request = encodeTxn(compare, success.length === 0 ? [look] : success, [look]);
    const answer = decodeTxn(await this.#call((client) => sendTxn(client, request)));
    if (answer.succeeded && success.length > 0) this.counters.etcd_batches++;
    if (!answer.succeeded) this.counters.etcd_conflicts++;
    return { succeeded: answer.succeeded, revision: answer.succeeded ? answer.revision : answer.guardRevision };
  }

  /** All keys of a range, linearizable; at a revision if one is given. Tried again, also elsewhere, while there is time. */
  async range(from: string, end?: string, revision?: number): Promise<{ keys: StoredKey[]; revision: number }> {
    const request = {
      key: Buffer.from(from),
      ...(end === undefined ? {} : { range_end: Buffer.from(end) }),
      ...(revision === undefined ? {} : { revision }),
    };
    const waitMs = end === undefined ? callWaitMs : 60_000;
    const answer = await this.#read(waitMs, (client, deadline) => client.kv.range(request, { deadline }));
    return { keys: answer.kvs.map(stored), revision: Number(answer.header.revision) };
  }

  /** How many keys a range has. */
  async count(from: string, end: string, revision: number): Promise<number> {
    const request = { key: Buffer.from(from), range_end: Buffer.from(end), revision, count_only: true };
    return Number((await this.#read(callWaitMs, (client, deadline) => client.kv.range(request, { deadline }))).count);
  }

  /** The keys of a range without their values. */
  async keysOf(from: string, end: string): Promise<Omit<StoredKey, "value">[]> {
    const request = { key: Buffer.from(from), range_end: Buffer.from(end), keys_only: true };
    const answer = await this.#read(callWaitMs, (client, deadline) => client.kv.range(request, { deadline }));
    return answer.kvs.map(stored);
  }

  async grantLease(ttlS: number): Promise<string> {
    const granted = await this.#call((client) =>
      client.leaseClient.leaseGrant({ TTL: ttlS, ID: 0 }, { deadline: Date.now() + callWaitMs }),
    );
    return granted.ID;
  }

  async revokeLease(id: string): Promise<void> {
    await this.#call((client) => client.leaseClient.leaseRevoke({ ID: id }, { deadline: Date.now() + callWaitMs }));
  }

  /** A stream for keepalives; the caller listens for `error` and `end`. */
  keepAliveStream(): Promise<IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>> {
    return this.#stream((client) => client.leaseClient.leaseKeepAlive());
  }

  /** A stream for watches; the caller listens for `error` and `end`. */
  watchStream(): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    return this.#stream((client) => client.watchClient.watch());
  }

  /** The member we talk to says nothing any more: the next one has its turn, and this one is left alone for a while. */
  leaveSilentMember(): void {
    this.#leave(this.#client, true);
  }

  /** Streams on the member that is left fail, so that they are opened anew on the next. */
  #leave(client: MemberClient, isSilent: boolean): void {
    if (isSilent) this.#shunned.set(client, Date.now() + shunMs);
    if (client !== this.#client || this.#clients.length < 2) return;
    const next = this.#clients.map((_, index) => (this.#chosen + 1 + index) % this.#clients.length);
    const isShunned = (index: number): boolean => {
      const candidate = this.#clients[index];
      return candidate !== undefined && (this.#shunned.get(candidate) ?? 0) > Date.now();
    };
    this.#chosen = next.find((index) => !isShunned(index)) ?? next[0] ?? 0;
    if (this.#client === client) return;
    for (const [stream, owner] of [...this.#streams]) if (owner === client) stream.cancel();
  }

  /** Throws away history before a revision, which keeps etcd's database small. */
  async compact(revision: number): Promise<void> {
    await this.#call((client) =>
      client.kv.compact({ revision, physical: false }, { deadline: Date.now() + callWaitMs }),
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.close();
  }

  #isClosed = false;

  get #client(): MemberClient {
    const client = this.#clients[this.#chosen];
    if (client === undefined) throw new Error("an etcd cluster needs an endpoint");
    return client;
  }

  async #call<T>(call: (client: MemberClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    this.counters.etcd_calls++;
    try {
      return await call(client);
    } catch (cause) {
      const error = classify(cause);
      if (error instanceof EtcdLost) this.counters.etcd_calls_lost++;
      if (error instanceof EtcdRefused) this.counters.etcd_calls_refused++;
      if (error instanceof EtcdLost) this.#leave(client, /deadline.exceeded/i.test(error.message));
      throw error;
    }
  }

  /** A call that changes nothing may be made again. The first member asked leaves time for another. */
  async #read<T>(waitMs: number, call: (client: MemberClient, deadline: number) => Promise<T>): Promise<T> {
    const endMs = Date.now() + waitMs;
    for (;;) {
      try {
        const shareMs = (endMs - Date.now()) / Math.min(this.#clients.length, 2);
        return await this.#call((client) => call(client, Date.now() + shareMs));
      } catch (error) {
        if (!(error instanceof EtcdLost) || this.#isClosed || Date.now() + readRetryMs >= endMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, readRetryMs));
      }
    }
  }

  async #stream<T extends { cancel(): void; on(event: "error" | "end", listener: () => void): unknown }>(
    open: (client: MemberClient) => Promise<unknown>,
  ): Promise<T> {
    const client = this.#client;
    const stream = (await this.#call(() => open(client))) as T;
    this.#streams.set(stream, client);
    stream.on("error", () => {
      this.#streams.delete(stream);
      this.#leave(client, false);
    });
    stream.on("end", () => this.#streams.delete(stream));
    return stream;
  }
}
