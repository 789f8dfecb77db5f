/** ZooKeeper on etcd, behind the seam: sessions opened and resumed, and everything that starts, suspends and stops with the proxy. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Backend, BackendListing, BackendStatus, Downstream, Hello, Opened } from "../backend.ts";
import { canonicalInt64, type Int64 } from "../jute/int64.ts";
import { type Logger, silentLogger } from "../logger.ts";
import { type ConnectResponse, encodeConnectResponse, refusal } from "../protocol/connect.ts";
import { ClientSession } from "./client-session.ts";
import { type Core, type CoreOptions, loadCore } from "./core.ts";
import { featuresOf, type ZooKeeperVersion } from "./features.ts";
import { Keyspace, sessionPassword } from "./keyspace.ts";
import { listCore } from "./listing.ts";
import { Presence } from "./presence.ts";
import { moveSession, openSession, PlainWrite } from "./session-writes.ts";
import { EtcdStore, type StoreOptions } from "./store.ts";

/** Settings of the proxy. Times in ms; `prefix` is where its keys stand in etcd. */
export interface EtcdOptions extends StoreOptions {
  readonly prefix: string;
  readonly zkVersion: ZooKeeperVersion;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly tickTimeMs: number;
  /** Allow TTL znodes (zookeeper.extendedTypesEnabled). */
  readonly extendedTypes?: boolean;
  /** Refuse what would exceed a hard quota (zookeeper.enforceQuota). */
  readonly enforceQuota?: boolean;
  /** Digest identity that may do everything. */
  readonly superDigest?: string;
  /** Clients are asked for certificates, so scheme x509 exists. */
  readonly clientCertificates?: boolean;
  /** Passwords of SASL's users; without them there is no scheme sasl. */
  readonly saslUsers?: ReadonlyMap<string, string>;
  /** Of which schemes a client has to prove one; without them none. */
  readonly requiredSchemes?: readonly string[];
  /** Subject of the certificate whose owner may do everything. */
  readonly superCertificate?: string;
  /** How often containers and TTL znodes are looked at (znode.container.checkIntervalMs). */
  readonly reapIntervalMs?: number;
  /** How often etcd's history is compacted; 0 leaves that to etcd. */
  readonly compactIntervalMs?: number;
  readonly log?: Logger;
}

const defaults = { reapIntervalMs: 60_000, compactIntervalMs: 300_000 };
/** Pause between attempts to load the state anew. */
const reloadRetryMs = 1_000;

/** Connects, loads the tree and starts to serve. Errors: those of the store, when etcd cannot be reached. */
export async function connectEtcdBackend(options: EtcdOptions): Promise<Backend> {
  const backend = new EtcdBackend(options);
  try {
    await backend.start();
  } catch (error) {
    await backend.close();
    throw error;
  }
  return backend;
}

class EtcdBackend implements Backend {
  readonly name = "etcd";
  readonly #options: EtcdOptions;
  readonly #log: Logger;
  readonly #store: EtcdStore;
  readonly #keys: Keyspace;
  readonly #proxy = randomBytes(4).toString("hex");
  readonly #presence: Presence;
  readonly #timers: NodeJS.Timeout[] = [];
  #core: Core | undefined;
  #isSuspended = false;
  #isClosed = false;
  #nextSession = firstSessionId();
  #compactTo = 0;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    this.#store = new EtcdStore(options);
    this.#keys = new Keyspace(options.prefix);
    this.#presence = new Presence({
      store: this.#store,
      keys: this.#keys,
      proxy: this.#proxy,
      log: this.#log,
      listener: { suspended: () => this.#suspend(), resumed: () => this.#resume() },
    });
  }

  async start(): Promise<void> {
    await this.#presence.start();
    this.#core = await loadCore(this.#coreOptions());
    const { reapIntervalMs, compactIntervalMs } = { ...defaults, ...this.#options };
    this.#every(reapIntervalMs, () => this.#core?.reapOnce());
    if (compactIntervalMs > 0) this.#every(compactIntervalMs, () => void this.#compact());
  }

  status(): BackendStatus {
    const core = this.#core;
    return {
      serving: core !== undefined && !this.#isSuspended,
      mode: "standalone",
      zxid: core?.tree.zxid ?? 0,
      nodeCount: core?.tree.nodeCount ?? 0,
      watchCount: core?.watches.count ?? 0,
      ephemeralsCount: core?.tree.ephemeralsCount ?? 0,
      dataBytes: core?.tree.dataBytes ?? 0,
      sessionCount: core?.tree.sessions.size ?? 0,
      version: featuresOf[this.#options.zkVersion].version,
      counters: this.#store.counters,
    };
  }

  list(): BackendListing {
    return this.#core === undefined ? { sessions: [], watches: new Map() } : listCore(this.#core);
  }

  async open(hello: Hello, downstream: Downstream): Promise<Opened> {
    try {
      return await this.#open(hello, downstream);
    } catch (error) {
      return { is: "closed", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#core?.close();
    this.#core = undefined;
    await this.#presence.close();
    this.#store.close();
  }

  #every(intervalMs: number, work: () => void): void {
    const timer = setInterval(work, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }

  #coreOptions(): CoreOptions {
    const features = featuresOf[this.#options.zkVersion];
    return {
      store: this.#store,
      keys: this.#keys,
      proxy: this.#proxy,
      log: this.#log,
      features,
      rules: {
        policy: {
          superDigest: this.#options.superDigest ?? null,
          ipv6: features.ipv6Acl,
          clientCertificates: this.#options.clientCertificates ?? false,
          superCertificate: this.#options.superCertificate ?? null,
          requiredSchemes: this.#options.requiredSchemes ?? null,
          ...(this.#options.saslUsers === undefined ? {} : { saslUsers: this.#options.saslUsers }),
        },
        extendedTypes: this.#options.extendedTypes ?? false,
        enforceQuota: this.#options.enforceQuota ?? false,
        multiKeepsOpcodes: features.multiKeepsOpcodes,
        clientsDeleteContainers: features.clientsDeleteContainers,
      },
      tickTimeMs: this.#options.tickTimeMs,
      onBroken: (core, cause) => void this.#reload(core, cause),
    };
  }

  async #open(hello: Hello, downstream: Downstream): Promise<Opened> {
    const core = this.#core;
    if (core === undefined || this.#isSuspended) return { is: "closed", reason: "etcd cannot be reached" };
    const { request } = hello;
    if (request.lastZxidSeen > core.tree.zxid) await core.sync();
    if (request.lastZxidSeen > core.tree.zxid)
      return { is: "closed", reason: "the client has seen a zxid from the future" };
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options;
    const timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs);
    const session =
      request.sessionId === 0
        ? await this.#create(core, timeoutMs)
        : await this.#resumeSession(core, { id: request.sessionId, password: request.passwd, timeoutMs });
    const tail = request.readOnly === undefined ? {} : { readOnly: false };
    if (session === undefined) return { is: "refused", raw: encodeConnectResponse({ ...refusal(), ...tail }) };
    if (core !== this.#core || this.#isSuspended) return { is: "closed", reason: "etcd has been lost meanwhile" };
    const granted: ConnectResponse = {
      protocolVersion: 0,
      timeOut: timeoutMs,
      sessionId: session,
      passwd: sessionPassword(core.secret, session),
      ...tail,
    };
    const client = new ClientSession(core, { granted, peer: hello.peer, downstream });
    core.connected(client);
    return { is: "granted", session: client, raw: encodeConnectResponse(granted) };
  }

  async #create(core: Core, timeoutMs: number): Promise<Int64> {
    for (;;) {
      const id = canonicalInt64(this.#nextSession++);
      if (await commit(core, openSession(id, timeoutMs, this.#proxy))) return id;
    }
  }

  /** A wrong password ends the session's live connection, and only that. */
  async #resumeSession(
    core: Core,
    asked: { id: Int64; password: Uint8Array | null; timeoutMs: number },
  ): Promise<Int64 | undefined> {
    const expected = sessionPassword(core.secret, asked.id);
    const given = asked.password ?? new Uint8Array();
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      core.connections.get(asked.id)?.end();
      return undefined;
    }
    if (core.tree.session(asked.id) === undefined) await core.sync();
    const known = core.tree.session(asked.id);
    if (known === undefined) return undefined;
    core.connections.get(asked.id)?.end();
    if (known.owner === this.#proxy && known.timeoutMs === asked.timeoutMs) {
      core.tracker.track(asked.id, asked.timeoutMs);
      return asked.id;
    }
    return (await commit(core, moveSession(asked.id, asked.timeoutMs, this.#proxy))) ? asked.id : undefined;
  }

  #suspend(): void {
    this.#isSuspended = true;
    this.#core?.suspend();
  }

  #resume(): void {
    this.#core?.resume();
    this.#isSuspended = false;
  }

  async #reload(broken: Core, cause: Error): Promise<void> {
    if (this.#core !== broken) return;
    this.#log.warn({ cause }, "cannot follow etcd's history any further, loading the tree anew");
    broken.close();
    this.#core = undefined;
    while (!this.#isClosed) {
      try {
        const core = await loadCore(this.#coreOptions());
        if (this.#isClosed) return core.close();
        if (this.#isSuspended) core.suspend();
        this.#core = core;
        this.#log.info({ znodes: core.tree.nodeCount }, "the tree is loaded, serving");
        return;
      } catch (error) {
        this.#log.error({ error, retryMs: reloadRetryMs }, "cannot load the tree from etcd");
        await new Promise((resolve) => setTimeout(resolve, reloadRetryMs));
      }
    }
  }

  /** Keeps one interval of history, for proxies that reconnect. */
  async #compact(): Promise<void> {
    const core = this.#core;
    if (core === undefined || !core.isHousekeeper) return;
    const upTo = this.#compactTo;
    this.#compactTo = core.tree.revision;
    if (upTo === 0 || upTo === this.#compactTo) return;
    try {
      await this.#store.compact(upTo);
      await core.removeOldLogs(upTo);
    } catch (error) {
      this.#log.warn({ error, revision: upTo }, "cannot compact etcd's history");
    }
  }
}

/** Runs a session change through the committer: whether it was accepted. Errors: the proxy is stopping. */
function commit(core: Core, change: ConstructorParameters<typeof PlainWrite>[0]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const write = new PlainWrite(change, (outcome) => {
      if (outcome === "lost") reject(new Error("the session could not be committed to etcd"));
      else resolve(outcome === "done");
    });
    core.committer.submit(write);
  });
}

/** Shaped like ZooKeeper's: server id 1, forty random bits, sixteen bits to count in. A taken id is refused when committed, and skipped. */
function firstSessionId(): bigint {
  const random = BigInt(`0x${randomBytes(5).toString("hex")}`);
  return (1n << 56n) | (random << 16n);
}
