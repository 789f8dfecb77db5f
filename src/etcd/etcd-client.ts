/** The etcd3 client of one member, its retries and circuit breaker switched off: a transaction sent twice or a channel closed for five seconds is not
 *  ours to bear. */
import { noop } from "cockatiel";
import { Etcd3 } from "etcd3";
import { UnaryCalls } from "./unary-calls.ts";

/** How to reach etcd. `endpoints` are `host:port` or URLs; with `tls` all of them speak TLS. */
export interface StoreOptions {
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly auth?: { readonly username: string; readonly password: string };
}

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

/** In a call's metadata, asks a member that has lost its leader to say so instead of keeping its watches silent. Source: etcd
 *  rpctypes.MetadataRequireLeaderKey. */
const leaderKey = "hasleader";

function requireLeader<Options, Call extends StartableCall>(options: Options, next: (options: Options) => Call): Call {
  const call = next(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set(leaderKey, "true");
    start(metadata, listener);
  };
  return call;
}

/** The members as URLs. */
export function endpointUrls({ endpoints, tls }: StoreOptions): string[] {
  const scheme = tls === undefined ? "http" : "https";
  return endpoints.map((endpoint) => (endpoint.includes("://") ? endpoint : `${scheme}://${endpoint}`));
}

/** One member's client, with a way past etcd3's generic encoding and grpc-js for the call that matters. */
export class MemberClient extends Etcd3 {
  readonly #unary: UnaryCalls;

  constructor(endpoint: string, { auth, tls }: StoreOptions) {
    super({
      hosts: [endpoint],
      grpcOptions: { ...channelOptions, interceptors: [requireLeader] },
      faultHandling: { host: () => noop, global: noop },
      ...(auth === undefined ? {} : { auth: { ...auth } }),
      ...(tls === undefined ? {} : { credentials: credentials(tls) }),
    });
    this.#unary = new UnaryCalls(endpoint, tls);
  }

  /** KV.Txn with request and answer as they are on the wire; `limitMs` bounds the wait. Errors: etcd3's own. */
  rawTxn(request: Buffer, limitMs: number): Promise<Buffer> {
    return this.pool.withConnection("KV", ({ metadata }) => {
      const [token] = metadata.get("token");
      const own = { [leaderKey]: "true", ...(token === undefined ? {} : { token: String(token) }) };
      return this.#unary.call("/etcdserverpb.KV/Txn", request, { limitMs, metadata: own });
    });
  }

  override close(): void {
    super.close();
    this.#unary.close();
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
