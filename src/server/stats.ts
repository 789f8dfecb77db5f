/** Counters behind the four-letter words. Requests are counted one by one, latencies per chunk received and per write, so that a pipelined
 *  request costs two additions and no look at the clock. Source: ServerStats, ServerCnxn (3.9). */

/** Minimum, average and maximum of a duration in whole milliseconds. */
export class Latency {
  min = Number.POSITIVE_INFINITY;
  max = 0;
  last = 0;
  #sum = 0;
  #count = 0;

  /** Counts `times` events that took `ms` each. */
  add(ms: number, times: number): void {
    if (ms < this.min) this.min = ms;
    if (ms > this.max) this.max = ms;
    this.last = ms;
    this.#sum += ms * times;
    this.#count += times;
  }

  /** 0 when nothing was counted. */
  get average(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  reset(): void {
    this.min = Number.POSITIVE_INFINITY;
    this.max = this.last = this.#sum = this.#count = 0;
  }
}

/** Figures of the whole server since its start, or since `srst`. */
export class ServerStats {
  readonly startedAtMs: number;
  readonly latency = new Latency();
  /** Frames in and out, handshakes included. */
  received = 0;
  sent = 0;
  /** Requests without a reply so far. */
  outstanding = 0;
  /** TCP connections taken and turned away since the start. */
  accepted = 0;
  rejected = 0;
  /** Connections closed for broken frames, for never reading, and for never finishing the handshake. */
  malformed = 0;
  overflowed = 0;
  unshaken = 0;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /** What `srst` resets. */
  reset(): void {
    this.received = this.sent = 0;
    this.latency.reset();
  }
}

/** Requests that arrived in one chunk and are not answered yet. */
interface Arrived {
  readonly atMs: number;
  count: number;
}

/** The opcode under which a session's creation runs inside a server: ZooDefs.OpCode.createSession. */
export const sessionOpcode = -10;

/** Figures of one connection since its start, or since `crst`. Replies are taken to come in the order of the requests; a request that is never
 *  answered therefore shows as outstanding from then on. */
export class ConnectionStats {
  readonly establishedAtMs: number;
  readonly latency = new Latency();
  received = 0;
  sent = 0;
  outstanding = 0;
  /** Header of the newest request; −1 and 0 before the first. */
  lastXid = -1;
  lastOpcode = 0;
  /** Halves of the zxid in the newest reply's header; −1 before the first. */
  lastZxidHigh = -1;
  lastZxidLow = -1;
  lastReplyAtMs = 0;
  readonly #server: ServerStats;
  #arrived: Arrived[] = [];
  #repliesInTurn = 0;

  constructor(server: ServerStats, nowMs: number) {
    this.#server = server;
    this.establishedAtMs = nowMs;
  }

  /** A chunk of the stream came in; the requests that follow arrived with it. */
  chunk(nowMs: number): void {
    const newest = this.#arrived.at(-1);
    if (newest?.count === 0) this.#arrived.pop();
    this.#arrived.push({ atMs: nowMs, count: 0 });
  }

  /** A request frame of at least 8 bytes was read. */
  request(frame: Buffer): void {
    this.lastXid = frame.readInt32BE(0);
    this.lastOpcode = frame.readInt32BE(4);
    this.#await();
  }

  /** Four bytes were read that are a word. */
  wordIn(): void {
    this.received++;
    this.#server.received++;
  }

  /** The ConnectRequest was read. ZooKeeper counts it as a request of its own, SESS. */
  greetingIn(): void {
    this.lastXid = 0;
    this.lastOpcode = sessionOpcode;
    this.#await();
  }

  /** The handshake's answer is on its way out. */
  greetingOut(): void {
    this.sent++;
    this.#server.sent++;
    this.#repliesInTurn++;
  }

  /** A reply or event is on its way out. Replies shorter than their header do not occur; events have xid −1. */
  frameOut(frame: Uint8Array): void {
    this.sent++;
    this.#server.sent++;
    if (int32At(frame, 0) === -1) return;
    this.#repliesInTurn++;
    this.lastZxidHigh = int32At(frame, 4);
    this.lastZxidLow = int32At(frame, 8);
  }

  /** The replies of this turn leave now. */
  flush(nowMs: number): void {
    let replies = Math.min(this.#repliesInTurn, this.outstanding);
    if (replies === 0) return;
    this.#repliesInTurn = 0;
    this.lastReplyAtMs = nowMs;
    this.outstanding -= replies;
    this.#server.outstanding -= replies;
    while (replies > 0) {
      const oldest = this.#arrived[0];
      if (oldest === undefined) return;
      const answered = Math.min(replies, oldest.count);
      // The wall clock may be set back meanwhile.
      if (answered > 0) this.#took(Math.max(0, nowMs - oldest.atMs), answered);
      oldest.count -= answered;
      replies -= answered;
      if (oldest.count === 0) this.#arrived.shift();
    }
  }

  /** The connection is gone, and with it what it was waiting for. */
  close(): void {
    this.#server.outstanding -= this.outstanding;
    this.outstanding = 0;
    this.#arrived = [];
  }

  /** What `crst` resets. */
  reset(): void {
    this.received = this.sent = 0;
    this.lastXid = this.lastZxidHigh = this.lastZxidLow = -1;
    this.lastOpcode = this.lastReplyAtMs = 0;
    this.latency.reset();
  }

  #await(): void {
    this.received++;
    this.#server.received++;
    this.outstanding++;
    this.#server.outstanding++;
    const newest = this.#arrived.at(-1);
    if (newest !== undefined) newest.count++;
  }

  #took(ms: number, times: number): void {
    this.latency.add(ms, times);
    this.#server.latency.add(ms, times);
  }
}

/** A big-endian signed 32-bit integer of bytes that need not be a Buffer. */
function int32At(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] ?? 0) << 24) |
    ((bytes[offset + 1] ?? 0) << 16) |
    ((bytes[offset + 2] ?? 0) << 8) |
    (bytes[offset + 3] ?? 0)
  );
}
