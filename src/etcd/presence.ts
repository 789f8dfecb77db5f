/** This proxy's sign of life in etcd: one key on one lease. As long as it stands, our sessions are ours; when it goes, the other proxies start
 *  the clocks of our sessions. So we must stop serving before they can, whenever etcd no longer confirms the lease. */
import type { IDuplexStream, ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from "etcd3";
import type { Logger } from "../logger.ts";
import type { Keyspace } from "./keyspace.ts";
import type { EtcdStore } from "./store.ts";

/** Life of the lease, and the age of its last confirmation at which we stop serving, at the next look: a second and a half before the lease can run out.
 *  An etcd that loses the member we ask, which may be its leader too, takes some seconds to find the way back. */
const lease = { ttlS: 10, confirmEveryMs: 1_000, unansweredMax: 2, trustMs: 7_500 };

/** Hears when the proxy may no longer, or may again, answer for its sessions. */
export interface PresenceListener {
  suspended(): void;
  resumed(): void;
}

type KeepAliveStream = IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>;

/** Keeps the key alive until closed. */
export class Presence {
  readonly #store: EtcdStore;
  readonly #keys: Keyspace;
  readonly #proxy: string;
  readonly #log: Logger;
  readonly #listener: PresenceListener;
  #leaseId: string | undefined;
  #stream: KeepAliveStream | undefined;
  #confirmedMs = Number.NEGATIVE_INFINITY;
  #isSuspended = false;
  #isBusy = false;
  /** When the keepalives left whose answers are still to come, oldest first: an answer confirms from then on, not from its arrival. */
  #sentMs: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(wiring: { store: EtcdStore; keys: Keyspace; proxy: string; log: Logger; listener: PresenceListener }) {
    this.#store = wiring.store;
    this.#keys = wiring.keys;
    this.#proxy = wiring.proxy;
    this.#log = wiring.log;
    this.#listener = wiring.listener;
  }

  /** Announces the proxy. Errors: those of the store. */
  async start(): Promise<void> {
    await this.#announce();
    this.#timer = setInterval(() => void this.#tick(), lease.confirmEveryMs);
    this.#timer.unref();
  }

  /** Takes the key away, so that the others take over at once. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stream?.end();
    this.#stream = undefined;
    if (this.#leaseId !== undefined) await this.#store.revokeLease(this.#leaseId).catch(() => undefined);
  }

  async #announce(): Promise<void> {
    const sentMs = performance.now();
    const id = await this.#store.grantLease(lease.ttlS);
    const key = Buffer.from(this.#keys.proxy(this.#proxy));
    await this.#store.txn(
      [{ key, result: "Greater", target: "Create", create_revision: -1 }],
      [{ request_put: { key, value: Buffer.from(String(process.pid)), lease: id } }],
    );
    this.#leaseId = id;
    this.#confirmed(sentMs);
  }

  #confirmed(sentMs: number): void {
    this.#confirmedMs = sentMs;
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#log.info({}, "etcd confirms our presence again, serving");
    this.#listener.resumed();
  }

  async #tick(): Promise<void> {
    if (!this.#isSuspended && performance.now() - this.#confirmedMs > lease.trustMs) {
      this.#isSuspended = true;
      this.#log.error(
        { endpoints: this.#store.endpoints },
        "etcd has not confirmed our presence in time, dropping clients",
      );
      this.#listener.suspended();
    }
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.#leaseId === undefined) await this.#announce();
      else await this.#keepAlive(this.#leaseId);
    } catch (error) {
      this.#dropStream();
      this.#log.warn({ error }, "cannot confirm our presence to etcd");
    } finally {
      this.#isBusy = false;
    }
  }

  async #keepAlive(id: string): Promise<void> {
    if (this.#sentMs.length >= lease.unansweredMax) {
      this.#dropStream();
      this.#store.leaveSilentMember();
    }
    this.#stream ??= this.#listen(await this.#store.keepAliveStream());
    this.#sentMs.push(performance.now());
    this.#stream.write({ ID: id });
  }

  #listen(stream: KeepAliveStream): KeepAliveStream {
    const drop = (): void => {
      if (this.#stream === stream) this.#dropStream();
    };
    stream.on("error", drop);
    stream.on("end", drop);
    stream.on("data", (answer: ILeaseKeepAliveResponse) => {
      if (this.#stream !== stream) return;
      const sentMs = this.#sentMs.shift() ?? Number.NEGATIVE_INFINITY;
      if (Number(answer.TTL) > 0) return this.#confirmed(sentMs);
      this.#leaseId = undefined;
      this.#log.warn({}, "our lease has expired, announcing anew");
    });
    return stream;
  }

  #dropStream(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#sentMs = [];
    stream?.end();
  }
}
