/** Everything that lives as long as one loaded state: tree, committer, feed, sessions' clocks, watches. When etcd has compacted away what we had
 *  not read yet, the whole core is thrown away, every client is disconnected (as ZooKeeper does when it takes a snapshot from its leader) and a
 *  new one is loaded. */
import { randomBytes } from "node:crypto";
import type { Int64 } from "../jute/int64.ts";
import type { Logger } from "../logger.ts";
import type { AclEntries } from "./changes.ts";
import type { ClientSession } from "./client-session.ts";
import { Committer } from "./committer.ts";
import type { Features } from "./features.ts";
import { Feed } from "./feed.ts";
import { type Keyspace, rangeEnd } from "./keyspace.ts";
import { HistoryBroken, Replica } from "./replica.ts";
import { SessionTracker } from "./session-tracker.ts";
import { closeSession, isReapable, PlainWrite, portionsBefore, reap } from "./session-writes.ts";
import { SharedSync } from "./shared-sync.ts";
import { loadSnapshot } from "./snapshot.ts";
import { EtcdLost, type EtcdStore } from "./store.ts";
import type { SessionState, Tree, TreeListener } from "./tree.ts";
import { Watches } from "./watches.ts";
import type { WriteRules } from "./writes.ts";

/** What a core is made with. */
export interface CoreOptions {
  readonly store: EtcdStore;
  readonly keys: Keyspace;
  readonly proxy: string;
  readonly log: Logger;
  readonly features: Features;
  readonly rules: WriteRules;
  readonly tickTimeMs: number;
  /** See `Committer`. */
  readonly gatherMs?: number;
  /** The core is useless from now on: close it and load another. */
  readonly onBroken: (core: Core, cause: Error) => void;
}

const ignore = (): void => undefined;

/** Loads a state and starts to follow it. Errors: those of the store. */
export async function loadCore(options: CoreOptions): Promise<Core> {
  const snapshot = await loadSnapshot(options.store, options.keys);
  return new Core(options, snapshot);
}

/** See the head of this file. */
export class Core implements TreeListener {
  readonly proxy: string;
  readonly log: Logger;
  readonly features: Features;
  readonly rules: WriteRules;
  readonly secret: Buffer;
  readonly watches: Watches;
  readonly tracker: SessionTracker;
  readonly committer: Committer;
  readonly #store: EtcdStore;
  readonly #keys: Keyspace;
  readonly #logId: string;
  readonly #replica: Replica;
  readonly #feed: Feed;
  readonly #proxies: Set<string>;
  readonly #onBroken: (cause: Error) => void;
  readonly #connections = new Map<Int64, ClientSession>();
  readonly #syncs = new SharedSync(() => this.#syncOnce());

  constructor(options: CoreOptions, snapshot: Awaited<ReturnType<typeof loadSnapshot>>) {
    this.proxy = options.proxy;
    this.log = options.log;
    this.features = options.features;
    this.rules = options.rules;
    this.secret = snapshot.secret;
    this.#store = options.store;
    this.#keys = options.keys;
    this.watches = new Watches(options.features.watchModesCoexist);
    this.#proxies = new Set(snapshot.proxies.filter((id) => id !== options.proxy));
    this.tracker = new SessionTracker({
      tickMs: options.tickTimeMs,
      now: () => performance.now(),
      expire: (session) => this.#expire(session),
    });
    const { store, keys, proxy, log } = options;
    this.#logId = `${proxy}.${randomBytes(3).toString("hex")}`;
    this.#replica = new Replica(snapshot.tree, this, keys.log(this.#logId));
    this.#onBroken = (cause) => options.onBroken(this, cause);
    const shared = { store, keys, logId: this.#logId, replica: this.#replica, log };
    const isFollowed = (): boolean => this.#proxies.size > 0;
    this.committer = new Committer({
      ...{ ...shared, isFollowed, onBroken: this.#onBroken },
      gatherMs: options.gatherMs,
    });
    this.#feed = new Feed({
      ...shared,
      proxy,
      revision: snapshot.revision,
      listener: {
        proxyAppeared: (id) => this.#proxyAppeared(id),
        proxyGone: (id) => this.#proxyGone(id),
        broken: this.#onBroken,
      },
    });
    for (const [id, state] of this.tree.sessions)
      if (!this.#proxies.has(state.owner)) this.tracker.track(id, state.timeoutMs);
  }

  get tree(): Tree {
    return this.#replica.tree;
  }

  /** Connections with a session. */
  get connections(): ReadonlyMap<Int64, ClientSession> {
    return this.#connections;
  }

  /** Whether this proxy is the one that does what needs doing once: the least of those alive. */
  get isHousekeeper(): boolean {
    return [...this.#proxies].every((id) => this.proxy < id);
  }

  /** A session's connection has been established; an earlier one of the same session ends. */
  connected(client: ClientSession): void {
    this.#connections.get(client.session)?.end();
    this.#connections.set(client.session, client);
  }

  disconnected(client: ClientSession): void {
    if (this.#connections.get(client.session) === client) this.#connections.delete(client.session);
  }

  /** Resolves when the tree contains everything that etcd had committed when the call was made. Calls made while one is under way share the next. */
  sync(): Promise<void> {
    return this.#syncs.run();
  }

  /** etcd cannot be relied on: ends every connection and stops the clocks. The sessions live on. */
  suspend(): void {
    this.tracker.pause();
    this.#dropClients();
  }

  /** Others may have judged our sessions meanwhile; those that are left start over. */
  resume(): void {
    this.tracker.resume();
  }

  /** Ends a session in the tree if `owner` still serves it and `mayEnd` agrees, and reports to `report`. */
  endSession(
    session: Int64,
    owner: string,
    report: ConstructorParameters<typeof PlainWrite>[1],
    mayEnd: () => boolean = () => true,
  ): void {
    let hasBegun = false;
    const end = closeSession(session, owner);
    const begun = (outcome: string): void => {
      hasBegun ||= outcome === "done";
    };
    for (const portion of portionsBefore(session, this.tree.ephemeralsOf(session)))
      this.committer.submit(
        new PlainWrite(
          (draft, timeMs) => (end(draft) && (hasBegun || mayEnd()) ? portion(draft, timeMs) : undefined),
          begun,
        ),
      );
    this.committer.submit(new PlainWrite((draft) => (hasBegun || mayEnd() ? end(draft) : undefined), report));
  }

  /** Log keys that nobody will ask for any more: written before `revision`, by proxies that are gone. Errors: those of the store. */
  async removeOldLogs(revision: number): Promise<void> {
    for (const { key, modRevision } of await this.#store.keysOf(this.#keys.logs, rangeEnd(this.#keys.logs))) {
      const isNeeded = this.#proxies.has(this.#keys.proxyOf(key)) || key === this.#keys.log(this.#logId);
      if (isNeeded || modRevision >= revision) continue;
      const at = Buffer.from(key);
      await this.#store.txn(
        [{ key: at, result: "Equal", target: "Mod", mod_revision: modRevision }],
        [{ request_delete_range: { key: at } }],
      );
    }
  }

  /** Removes containers and TTL znodes that have outlived themselves. */
  reapOnce(): void {
    if (!this.isHousekeeper) return;
    const nowMs = Date.now();
    for (const path of this.tree.reapable) {
      const node = this.tree.get(path);
      if (node !== undefined && isReapable(node, nowMs)) this.committer.submit(new PlainWrite(reap(path), ignore));
    }
  }

  close(): void {
    const cause = new EtcdLost(new Error("this proxy is stopping or loading its state anew"));
    this.tracker.close();
    this.#feed.close();
    this.committer.close(cause);
    this.#replica.abandon(cause);
    this.#dropClients();
  }

  created(path: string, zxid: number, acl: AclEntries): void {
    this.watches.created(path, zxid, acl);
  }
  deleted(path: string, zxid: number, acl: AclEntries): void {
    this.watches.deleted(path, zxid, acl);
  }
  dataChanged(path: string, zxid: number, acl: AclEntries): void {
    this.watches.dataChanged(path, zxid, acl);
  }
  childrenChanged(path: string, zxid: number, acl: AclEntries): void {
    this.watches.childrenChanged(path, zxid, acl);
  }

  /** Opened or resumed somewhere: whoever serves it keeps its clock. */
  sessionOpened(session: Int64, state: SessionState): void {
    if (state.owner === this.proxy) return this.tracker.track(session, state.timeoutMs);
    this.#connections.get(session)?.end();
    if (this.#proxies.has(state.owner)) this.tracker.forget(session);
    else this.tracker.track(session, state.timeoutMs);
  }

  sessionClosed(session: Int64): void {
    this.tracker.forget(session);
    this.#connections.get(session)?.sessionClosed();
  }

  #proxyAppeared(id: string): void {
    this.#proxies.add(id);
    for (const [session, state] of this.tree.sessions) if (state.owner === id) this.tracker.forget(session);
  }

  /** Its sessions are nobody's: each survivor starts their clocks, and the first to find one silent closes it. */
  #proxyGone(id: string): void {
    this.#proxies.delete(id);
    this.log.info({ proxy: id }, "another proxy is gone, its sessions' clocks start here");
    for (const [session, state] of this.tree.sessions)
      if (state.owner === id) this.tracker.track(session, state.timeoutMs);
  }

  #dropClients(): void {
    for (const client of [...this.#connections.values()]) client.end();
  }

  /** A client that comes back before this is committed starts the clock again, and keeps its session. */
  #expire(session: Int64): void {
    const state = this.tree.session(session);
    if (state === undefined) return;
    this.log.debug({ session: String(session) }, "session expired");
    const report = (outcome: string): void => {
      if (outcome === "lost" && this.tree.session(session) !== undefined) this.tracker.track(session, state.timeoutMs);
    };
    this.endSession(session, state.owner, report, () => !this.tracker.isTracked(session));
  }

  async #syncOnce(): Promise<void> {
    const base = this.tree.revision;
    const [fence] = (await this.#store.range(this.#keys.fence)).keys;
    try {
      await this.#replica.follow(base, fence?.modRevision ?? 0);
    } catch (error) {
      if (error instanceof HistoryBroken) this.#onBroken(error);
      throw error;
    }
  }
}
