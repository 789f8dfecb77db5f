/** The feed: what other proxies commit, and which of them live, as one watch stream from etcd. Our own log key is left out of the watched ranges,
 *  so our own batches cost nothing here.
 *  A revision may be told twice, after a reconnect, and never be missed: each watch resumes behind the last event it was given, not behind the
 *  header's revision of a response with events (which runs ahead while etcd catches a watcher up). */
import type { IDuplexStream, IEvent, IWatchRequest, IWatchResponse } from "etcd3";
import type { Logger } from "../logger.ts";
import { decodeRecord, type Keyspace, LogRecord, rangeEnd, ZnodeRecord } from "./keyspace.ts";
import { missingData, type Replica } from "./replica.ts";
import { EtcdCompacted, EtcdLost, type EtcdStore, type StoredKey } from "./store.ts";

/** What the feed tells besides batches. `broken`: history was thrown away before we read it, or does not fit our tree; everything must be
 *  loaded anew. */
export interface FeedListener {
  proxyAppeared(id: string): void;
  proxyGone(id: string): void;
  broken(cause: Error): void;
}

/** Pause before the stream is opened again, ms; doubled up to the maximum. */
const retryMs = { first: 50, max: 2_000 };

type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;

/** Runs until closed. */
export class Feed {
  readonly #store: EtcdStore;
  readonly #keys: Keyspace;
  readonly #proxy: string;
  readonly #ownLog: string;
  readonly #replica: Replica;
  readonly #listener: FeedListener;
  readonly #log: Logger;
  #stream: WatchStream | undefined;
  #isClosed = false;
  #retryMs = retryMs.first;
  /** Per watch: the revision up to which etcd has told everything, at least. */
  readonly #told: number[];
  /** Foreign batches are handed on in order, also when one has to fetch data first. */
  #work: Promise<void> = Promise.resolve();

  constructor(wiring: {
    store: EtcdStore;
    keys: Keyspace;
    proxy: string;
    /** What our own log key is named after: the one that needs no watching. */
    logId: string;
    replica: Replica;
    listener: FeedListener;
    log: Logger;
    revision: number;
  }) {
    this.#store = wiring.store;
    this.#keys = wiring.keys;
    this.#proxy = wiring.proxy;
    this.#ownLog = wiring.keys.log(wiring.logId);
    this.#replica = wiring.replica;
    this.#listener = wiring.listener;
    this.#log = wiring.log;
    this.#told = [wiring.revision, wiring.revision, wiring.revision];
    void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.end();
    this.#stream = undefined;
  }

  async #open(): Promise<void> {
    try {
      const stream = await this.#store.watchStream();
      if (this.#isClosed) return void stream.end();
      this.#stream = stream;
      stream.on("data", (response: IWatchResponse) => this.#receive(stream, response));
      stream.on("error", (error: Error) => this.#reopen(stream, error));
      stream.on("end", () => this.#reopen(stream, new Error("the watch stream ended")));
      this.#watchAll(stream);
    } catch (error) {
      this.#reopen(undefined, error);
    }
  }

  /** Two ranges around our own log key, and the living proxies. */
  #watchAll(stream: WatchStream): void {
    const own = this.#ownLog;
    const ranges: [string, string][] = [
      [this.#keys.logs, own],
      [`${own}\0`, rangeEnd(this.#keys.logs)],
      [this.#keys.proxies, rangeEnd(this.#keys.proxies)],
    ];
    for (const [id, [from, end]] of ranges.entries())
      stream.write({
        create_request: {
          key: Buffer.from(from),
          range_end: Buffer.from(end),
          start_revision: (this.#told[id] ?? 0) + 1,
          progress_notify: true,
          watch_id: id + 1,
        },
      });
  }

  #reopen(stream: WatchStream | undefined, error: unknown): void {
    if (this.#isClosed || stream !== this.#stream) return;
    this.#stream = undefined;
    stream?.end();
    this.#log.warn({ error, retryMs: this.#retryMs }, "lost the watch on etcd, opening it again");
    setTimeout(() => void this.#open(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.max);
  }

  #receive(stream: WatchStream, response: IWatchResponse): void {
    if (stream !== this.#stream) return;
    if (response.canceled) {
      if (Number(response.compact_revision) > 0) {
        this.close();
        return this.#listener.broken(new EtcdCompacted());
      }
      return this.#reopen(stream, new Error(`etcd cancelled the watch: ${response.cancel_reason}`));
    }
    this.#retryMs = retryMs.first;
    for (const event of response.events) this.#handle(event);
    this.#noteProgress(response);
  }

  /** Events tell how far a watch has come; so does a periodic note without events, which etcd sends only to watches that miss nothing. */
  #noteProgress(response: IWatchResponse): void {
    const watch = Number(response.watch_id) - 1;
    const last = response.events.at(-1);
    const revision = last === undefined ? Number(response.header.revision) : Number(last.kv.mod_revision);
    if (!response.created) this.#told[watch] = Math.max(this.#told[watch] ?? 0, revision);
  }

  #handle(event: IEvent): void {
    const key = event.kv.key.toString("utf8");
    const revision = Number(event.kv.mod_revision);
    if (key.startsWith(this.#keys.proxies)) {
      const id = this.#keys.proxyOf(key);
      if (id === this.#proxy) return;
      return event.type === "Delete" ? this.#listener.proxyGone(id) : this.#listener.proxyAppeared(id);
    }
    if (event.type === "Delete") return;
    const { value } = event.kv;
    this.#work = this.#work
      .then(() => this.#takeBatch(key, revision, value))
      .catch((error: unknown) => {
        if (this.#isClosed) return;
        this.close();
        this.#listener.broken(new Error(`cannot follow the batch of revision ${revision}`, { cause: error }));
      });
  }

  async #takeBatch(author: string, revision: number, value: Buffer): Promise<void> {
    if (this.#isClosed || revision <= this.#replica.tree.revision) return;
    const log = decodeRecord(LogRecord, value);
    if (log.transactions === null) throw new Error("its writer did not know that anybody followed");
    const data = new Map<string, Buffer | null>();
    for (const path of missingData(log)) {
      const stored = await this.#fetch(path, revision);
      const bytes = stored === undefined ? null : decodeRecord(ZnodeRecord, stored.value).data;
      data.set(path, bytes === null ? null : Buffer.from(bytes));
    }
    if (!this.#isClosed) this.#replica.receive({ author, revision, log, data });
  }

  /** A znode's key as it was at a revision, however long etcd takes to answer. Errors: all but `EtcdLost`. */
  async #fetch(path: string, revision: number): Promise<StoredKey | undefined> {
    for (let waitMs = retryMs.first; ; waitMs = Math.min(waitMs * 2, retryMs.max)) {
      try {
        return (await this.#store.range(this.#keys.znode(path), undefined, revision)).keys[0];
      } catch (error) {
        if (!(error instanceof EtcdLost) || this.#isClosed) throw error;
        this.#log.warn({ error, revision, retryMs: waitMs }, "cannot read large data of another proxy's batch");
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
}
