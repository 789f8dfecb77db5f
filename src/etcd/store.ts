/** The connection to etcd: raw calls of the etcd3 client with its retries and circuit breaker switched off, because a transaction sent twice or
 *  a channel closed for five seconds is not ours to bear. What to retry is decided by the callers, who know what a call means. */
import { noop } from "cockatiel";
import {
  Etcd3,
  type ICompare,
  type IDuplexStream,
  type IKeyValue,
  type ILeaseKeepAliveRequest,
  type ILeaseKeepAliveResponse,
  type IRequestOp,
  type IWatchRequest,
  type IWatchResponse,
} from "etcd3";

/** How to reach etcd. `endpoints` are `host:port` or URLs; with `tls` all of them speak TLS. */
export interface StoreOptions {
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly auth?: { readonly username: string; readonly password: string };
}

/** etcd refused a request for good: nothing of it was applied, and sending it again as it is would not help. */
export class EtcdRefused extends Error {
  constructor(cause: Error) {
    super(`etcd refused: ${cause.message}`, { cause });
    this.name = "EtcdRefused";
  }
}

/** A call got no answer. A transaction may or may not have been applied. */
export class EtcdLost extends Error {
  constructor(cause: unknown) {
    super(`no answer from etcd: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "EtcdLost";
  }
}

/** etcd has thrown away the history that a read or watch wanted. */
export class EtcdCompacted extends Error {
  constructor() {
    super("the revision has been compacted");
    this.name = "EtcdCompacted";
  }
}

/** Answers that say for certain that nothing was applied. Source: etcd api/v3rpc/rpctypes/error.go. */
const refusals = [
  "database space exceeded",
  "request is too large",
  "received message larger than max",
  "too many operations",
  "duplicate key given",
  "permission denied",
  "user name is empty",
  "requested lease not found",
];

/** How long a call may take before it counts as lost, the pause before a read is tried again, and how long a silent member is left alone. */
const callWaitMs = 5_000;
const readRetryMs = 100;
const shunMs = 15_000;

/** Notices dead connections within fifteen seconds and does not wait long to make new ones. Source: grpc-js channel options; etcd accepts pings
 *  every five seconds (--grpc-keepalive-min-time). */
const channelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
};

/** A call as grpc-js hands it to interceptors, as far as it concerns us. */
interface StartableCall {
  start(metadata: { set(key: string, value: string): void }, listener?: unknown): void;
}

/** Asks a member that has lost its leader to say so instead of keeping its watches silent. Source: etcd rpctypes.MetadataRequireLeaderKey. */
function requireLeader<Options, Call extends StartableCall>(options: Options, next: (options: Options) => Call): Call {
  const call = next(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set("hasleader", "true");
    start(metadata, listener);
  };
  return call;
}

function classify(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("required revision has been compacted")) return new EtcdCompacted();
  if (error instanceof Error && refusals.some((text) => message.includes(text))) return new EtcdRefused(error);
  return new EtcdLost(error);
}

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

const withScheme = (endpoint: string, secure: boolean): string =>
  endpoint.includes("://") ? endpoint : `${secure ? "https" : "http"}://${endpoint}`;

/** Calls to one etcd cluster, all to the same member until that one fails, then to the next. Errors of every call: `EtcdRefused`, `EtcdLost`,
 *  reads also `EtcdCompacted`. */
export class EtcdStore {
  readonly #clients: readonly Etcd3[];
  readonly #streams = new Map<{ cancel(): void }, Etcd3>();
  readonly #shunned = new Map<Etcd3, number>();
  #chosen = 0;
  readonly endpoints: readonly string[];
  /** Since the start: calls made and what became of them, transactions that changed something, and those whose guard failed. */
  readonly counters = { etcd_calls: 0, etcd_calls_lost: 0, etcd_calls_refused: 0, etcd_batches: 0, etcd_conflicts: 0 };

  constructor(options: StoreOptions) {
    const secure = options.tls !== undefined;
    this.endpoints = options.endpoints.map((endpoint) => withScheme(endpoint, secure));
    this.#clients = this.endpoints.map(
      (endpoint) =>
        new Etcd3({
          hosts: [endpoint],
          grpcOptions: { ...channelOptions, interceptors: [requireLeader] },
          faultHandling: { host: () => noop, global: noop },
          ...(options.auth === undefined ? {} : { auth: { ...options.auth } }),
          ...(options.tls === undefined ? {} : { credentials: credentials(options.tls) }),
        }),
    );
  }

  /** One transaction guarded by comparisons of one key. Without operations it reads that key, so that the answer is linearizable all the same
   *  (etcd takes a transaction without any operation for a serializable read). */
  async txn(compare: ICompare[], success: IRequestOp[]): Promise<TxnResult> {
    const key = compare[0]?.key ?? Buffer.alloc(0);
    const look: IRequestOp = { request_range: { key } };
    const answer = await this.#call((client) =>
      client.kv.txn(
        { compare, success: success.length === 0 ? [look] : success, failure: [look] },
        { deadline: Date.now() + callWaitMs },
      ),
    );
    if (answer.succeeded && success.length > 0) this.counters.etcd_batches++;
    if (!answer.succeeded) this.counters.etcd_conflicts++;
    if (answer.succeeded) return { succeeded: true, revision: Number(answer.header.revision) };
    return { succeeded: false, revision: Number(answer.responses[0]?.response_range.kvs[0]?.mod_revision ?? 0) };
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
  #leave(client: Etcd3, isSilent: boolean): void {
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

  get #client(): Etcd3 {
    const client = this.#clients[this.#chosen];
    if (client === undefined) throw new Error("an etcd cluster needs an endpoint");
    return client;
  }

  async #call<T>(call: (client: Etcd3) => Promise<T>): Promise<T> {
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
  async #read<T>(waitMs: number, call: (client: Etcd3, deadline: number) => Promise<T>): Promise<T> {
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
    open: (client: Etcd3) => Promise<unknown>,
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

function credentials(tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }): {
  rootCertificate: Buffer;
  privateKey?: Buffer;
  certChain?: Buffer;
} {
  return {
    rootCertificate: tls.ca ?? Buffer.alloc(0),
    ...(tls.key === undefined ? {} : { privateKey: tls.key }),
    ...(tls.cert === undefined ? {} : { certChain: tls.cert }),
  };
}
