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
  "too many operations",
  "duplicate key given",
  "permission denied",
  "user name is empty",
  "requested lease not found",
];

/** How long a call may take before it counts as lost. */
const callWaitMs = 5_000;

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

/** Calls to one etcd cluster. Errors of every call: `EtcdRefused`, `EtcdLost`, reads also `EtcdCompacted`. */
export class EtcdStore {
  readonly #client: Etcd3;
  readonly endpoints: readonly string[];

  constructor(options: StoreOptions) {
    const secure = options.tls !== undefined;
    this.endpoints = options.endpoints.map((endpoint) => withScheme(endpoint, secure));
    this.#client = new Etcd3({
      hosts: [...this.endpoints],
      grpcOptions: { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 },
      faultHandling: { host: () => noop, global: noop },
      ...(options.auth === undefined ? {} : { auth: { ...options.auth } }),
      ...(options.tls === undefined ? {} : { credentials: credentials(options.tls) }),
    });
  }

  /** One transaction guarded by comparisons of one key. Without operations it reads that key, so that the answer is linearizable all the same
   *  (etcd takes a transaction without any operation for a serializable read). */
  async txn(compare: ICompare[], success: IRequestOp[]): Promise<TxnResult> {
    const key = compare[0]?.key ?? Buffer.alloc(0);
    const look: IRequestOp = { request_range: { key } };
    const answer = await this.#call(() =>
      this.#client.kv.txn(
        { compare, success: success.length === 0 ? [look] : success, failure: [look] },
        { deadline: Date.now() + callWaitMs },
      ),
    );
    if (answer.succeeded) return { succeeded: true, revision: Number(answer.header.revision) };
    return { succeeded: false, revision: Number(answer.responses[0]?.response_range.kvs[0]?.mod_revision ?? 0) };
  }

  /** All keys of a range, at a revision if one is given (then from the contacted member's own state), else linearizable. */
  async range(from: string, end?: string, revision?: number): Promise<{ keys: StoredKey[]; revision: number }> {
    const answer = await this.#call(() =>
      this.#client.kv.range(
        {
          key: Buffer.from(from),
          ...(end === undefined ? {} : { range_end: Buffer.from(end) }),
          ...(revision === undefined ? {} : { revision }),
        },
        { deadline: Date.now() + (end === undefined ? callWaitMs : 60_000) },
      ),
    );
    return { keys: answer.kvs.map(stored), revision: Number(answer.header.revision) };
  }

  async grantLease(ttlS: number): Promise<string> {
    const granted = await this.#call(() =>
      this.#client.leaseClient.leaseGrant({ TTL: ttlS, ID: 0 }, { deadline: Date.now() + callWaitMs }),
    );
    return granted.ID;
  }

  async revokeLease(id: string): Promise<void> {
    await this.#call(() => this.#client.leaseClient.leaseRevoke({ ID: id }, { deadline: Date.now() + callWaitMs }));
  }

  /** A stream for keepalives; the caller listens for `error` and `end`. */
  keepAliveStream(): Promise<IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>> {
    return this.#call(() => this.#client.leaseClient.leaseKeepAlive());
  }

  /** A stream for watches; the caller listens for `error` and `end`. */
  watchStream(): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    return this.#call(() => this.#client.watchClient.watch());
  }

  /** Throws away history before a revision, which keeps etcd's database small. */
  async compact(revision: number): Promise<void> {
    await this.#call(() =>
      this.#client.kv.compact({ revision, physical: false }, { deadline: Date.now() + callWaitMs }),
    );
  }

  close(): void {
    this.#client.close();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw classify(error);
    }
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
