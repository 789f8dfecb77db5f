/** Counters behind the four-letter words and the metrics page. The clock is read per chunk received and per write, never per request.
 *  Source: ServerStats, ServerCnxn (3.9). */
import { errorCodes } from "../protocol/error-codes.ts";
import { xids } from "../protocol/opcodes.ts";
import { Awaiting } from "./awaiting.ts";
import { Tally } from "./tally.ts";

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

/** Sizes of replies, bytes, without their length prefix; -1 before the first. Source: BufferStats (3.9). */
export class ReplySizes {
  last = -1;
  min = -1;
  max = -1;

  add(bytes: number): void {
    this.last = bytes;
    if (this.min < 0 || bytes < this.min) this.min = bytes;
    if (bytes > this.max) this.max = bytes;
  }

  reset(): void {
    this.last = this.min = this.max = -1;
  }
}

/** Figures of the whole server since its start, or since `srst`. */
export class ServerStats {
  readonly startedAtMs: number;
  readonly latency = new Latency();
  readonly replySizes = new ReplySizes();
  readonly tally = new Tally();
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
  /** TLS handshakes that failed since the start, and those under way. */
  tlsFailed = 0;
  tlsShaking = 0;
  bytesReceived = 0;
  /** Replies AUTHFAILED. */
  authFailed = 0;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /** What `srst` resets. */
  reset(): void {
    this.received = this.sent = 0;
    this.latency.reset();
    this.replySizes.reset();
  }
}

/** Requests of one opcode that came in one chunk and were answered alike in one turn. */
interface Answered {
  readonly opcode: number;
  readonly code: number;
  readonly atMs: number;
  times: number;
}

/** The opcode under which a session's creation runs inside a server: ZooDefs.OpCode.createSession. */
export const sessionOpcode = -10;

/** Figures of one connection since its start, or since `crst`. A request that is never answered shows as outstanding from then on. */
export class ConnectionStats {
  readonly establishedAtMs: number;
  readonly latency = new Latency();
  received = 0;
  sent = 0;
  outstanding = 0;
  /** When bytes last came. */
  heardAtMs: number;
  /** Header of the newest request; −1 and 0 before the first. */
  lastXid = -1;
  lastOpcode = 0;
  /** Halves of the zxid in the newest reply's header; −1 before the first. */
  lastZxidHigh = -1;
  lastZxidLow = -1;
  lastReplyAtMs = 0;
  readonly #server: ServerStats;
  readonly #awaiting = new Awaiting();
  /** Answered in this turn; their replies have not left yet. Of one kind and chunk, many stand in one entry. */
  #answered: Answered[] = [];

  constructor(server: ServerStats, nowMs: number) {
    this.#server = server;
    this.establishedAtMs = this.heardAtMs = nowMs;
  }

  /** A chunk of the stream came in; the requests that follow arrived with it. */
  chunk(nowMs: number, bytes: number): void {
    this.heardAtMs = nowMs;
    this.#server.bytesReceived += bytes;
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
    this.#answer(0, errorCodes.OK);
  }

  /** A reply or event is on its way out. Replies shorter than their header do not occur. */
  frameOut(frame: Uint8Array): void {
    this.sent++;
    this.#server.sent++;
    const xid = int32At(frame, 0);
    if (xid === xids.notification) return;
    this.#server.replySizes.add(frame.length);
    this.lastZxidHigh = int32At(frame, 4);
    this.lastZxidLow = int32At(frame, 8);
    const code = int32At(frame, 12);
    if (code === errorCodes.AUTHFAILED) this.#server.authFailed++;
    this.#answer(xid, code);
  }

  /** The replies of this turn leave now. */
  flush(nowMs: number): void {
    if (this.#answered.length === 0) return;
    this.lastReplyAtMs = nowMs;
    for (const { opcode, code, atMs, times } of this.#answered) {
      // The wall clock may be set back meanwhile.
      const ms = Math.max(0, nowMs - atMs);
      this.latency.add(ms, times);
      this.#server.latency.add(ms, times);
      this.#server.tally.answered(opcode, { code, ms, times });
      this.#settle(times);
    }
    this.#answered = [];
  }

  /** The connection is gone, and with it what it was waiting for. */
  close(): void {
    this.#settle(this.outstanding);
    this.#awaiting.clear();
    this.#answered = [];
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
    this.#awaiting.add({ xid: this.lastXid, opcode: this.lastOpcode, atMs: this.heardAtMs });
  }

  #answer(xid: number, code: number): void {
    const request = this.#awaiting.take(xid);
    if (request === undefined) return;
    const { opcode, atMs } = request;
    const newest = this.#answered.at(-1);
    if (newest?.opcode === opcode && newest.code === code && newest.atMs === atMs) newest.times++;
    else this.#answered.push({ opcode, code, atMs, times: 1 });
  }

  #settle(requests: number): void {
    this.outstanding -= requests;
    this.#server.outstanding -= requests;
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
