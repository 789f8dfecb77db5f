/** One connection under load: a session, a window of requests without replies, and one write per turn. */
import { connect, type Socket } from "node:net";
import type { HostPort } from "../addresses.ts";
import { decodeConnectResponse, encodeConnectRequest, passwordBytes } from "../protocol/connect.ts";
import { FrameSplitter } from "../protocol/frames.ts";
import { opcodes, xids } from "../protocol/opcodes.ts";
import { ReplyScanner } from "./replies.ts";
import type { RequestSource } from "./requests.ts";

/** Size of the read buffer that a connection keeps. */
const readBytes = 16 * 1024;

/** What a connection asks of the run. */
export interface Driver {
  readonly source: RequestSource;
  readonly pipeline: number;
  readonly timeoutMs: number;
  /** The number of the next request, or undefined when none may be sent now. */
  take(): number | undefined;
  /** A reply: the number of its request, its error code, and what it took. */
  done(index: number, err: number, latencyMs: number, now: number): void;
  /** A reply whose header says that all is well and whose body is too short for that. */
  refused(): void;
  /** The connection is gone, with so many requests unanswered. */
  lost(why: string, unanswered: number): void;
}

/** A frame that is a header alone, prefix included. */
function bareFrame(xid: number, code: number): Buffer {
  const frame = Buffer.alloc(12);
  frame.writeInt32BE(8, 0);
  frame.writeInt32BE(xid, 4);
  frame.writeInt32BE(code, 8);
  return frame;
}

/** A session that sends what its driver gives it. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #driver: Driver;
  readonly #scanner = new ReplyScanner((xid, err, bytes) => this.#reply(xid, err, bytes));
  /** When each request without a reply was sent: a ring of `pipeline` places. */
  readonly #sentAt: Float64Array;
  /** Which request that was: a ring beside the other. */
  readonly #sentIndex: Float64Array;
  #oldest = 0;
  #waiting = 0;
  #lastXid = 0;
  #lastSentAt = 0;
  #now = 0;
  #isOver = false;
  #splitter: FrameSplitter | undefined = new FrameSplitter();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(endpoint: HostPort, driver: Driver) {
    this.#driver = driver;
    this.#sentAt = new Float64Array(driver.pipeline);
    this.#sentIndex = new Float64Array(driver.pipeline);
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    this.#socket = connect({
      ...endpoint,
      noDelay: true,
      onread: { buffer, callback: (length) => this.#read(buffer, length) },
    });
    this.#socket.once("connect", () => this.#greet());
    this.#socket.on("error", (error) => this.#over(error.message));
    this.#socket.on("close", () => {
      this.#over("the server closed the connection");
      this.#closed.resolve();
    });
  }

  /** Resolves when the session is granted; rejects with the reason when it is not. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Sends as much as the window and the driver allow. */
  fill(): void {
    const { pipeline, source } = this.#driver;
    const free = this.#isOver ? 0 : pipeline - this.#waiting;
    let bytes: Buffer | undefined;
    let length = 0;
    const now = performance.now();
    for (let i = 0; i < free; i++) {
      const index = this.#driver.take();
      if (index === undefined) break;
      bytes ??= Buffer.allocUnsafe(free * source.frameBytesMax);
      this.#lastXid += 1;
      length += source.put(bytes, length, { index, xid: this.#lastXid });
      const place = (this.#oldest + this.#waiting) % pipeline;
      this.#sentAt[place] = now;
      this.#sentIndex[place] = index;
      this.#waiting += 1;
    }
    if (bytes === undefined) return;
    this.#lastSentAt = now;
    this.#socket.write(bytes.subarray(0, length));
  }

  /** To be called from time to time: gives up on a server that is silent, keeps an idle session alive. */
  check(now: number): void {
    if (this.#isOver) return;
    if (this.#waiting > 0) {
      const { timeoutMs } = this.#driver;
      if (now - (this.#sentAt[this.#oldest] ?? now) > timeoutMs) this.#over(`no reply within ${timeoutMs} ms`);
    } else if (now - this.#lastSentAt > this.#driver.timeoutMs / 3) {
      this.#lastSentAt = now;
      this.#socket.write(bareFrame(xids.ping, opcodes.ping.code));
    }
  }

  /** Gives up on the session. */
  abandon(why: string): void {
    this.#over(why);
  }

  /** Closes the session; resolves when the connection is gone. */
  async close(): Promise<void> {
    if (!this.#socket.destroyed) {
      this.#isOver = true;
      this.#socket.end(bareFrame(0, opcodes.closeSession.code));
      const timer = setTimeout(() => this.#socket.destroy(), this.#driver.timeoutMs);
      await this.#closed.promise;
      clearTimeout(timer);
    }
  }

  #greet(): void {
    const hello = encodeConnectRequest({
      ...{ protocolVersion: 0, lastZxidSeen: 0, timeOut: this.#driver.timeoutMs, sessionId: 0 },
      ...{ passwd: new Uint8Array(passwordBytes), readOnly: false },
    });
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(hello.length);
    this.#socket.write(Buffer.concat([prefix, hello]));
  }

  #read(buffer: Buffer, length: number): boolean {
    try {
      if (this.#splitter !== undefined) this.#welcome(Buffer.from(buffer.subarray(0, length)));
      else {
        this.#now = performance.now();
        this.#scanner.push(buffer, 0, length);
        this.fill();
      }
    } catch (cause) {
      this.#over(cause instanceof Error ? cause.message : String(cause));
    }
    return true;
  }

  /** The server's first frame; it sends nothing behind it before it is asked. */
  #welcome(chunk: Buffer): void {
    this.#splitter?.push(chunk, (frame) => {
      this.#splitter = undefined;
      if (decodeConnectResponse(frame).timeOut === 0) this.#over("the server refused a session");
      this.#lastSentAt = performance.now();
      this.#opened.resolve();
      return false;
    });
  }

  /** Replies come in the order of requests; pings and events have xids of their own. */
  #reply(xid: number, err: number, bytes: number): void {
    if (this.#waiting === 0 || xid === xids.ping || xid === xids.notification) return;
    const expected = this.#lastXid - this.#waiting + 1;
    if (xid !== expected) throw new RangeError(`reply ${xid} where ${expected} was due`);
    const latencyMs = this.#now - (this.#sentAt[this.#oldest] ?? this.#now);
    const index = this.#sentIndex[this.#oldest] ?? 0;
    this.#oldest = (this.#oldest + 1) % this.#driver.pipeline;
    this.#waiting -= 1;
    if (err === 0 && bytes < this.#driver.source.replyBytesMin) this.#driver.refused();
    else this.#driver.done(index, err, latencyMs, this.#now);
  }

  #over(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#opened.reject(new Error(why));
    const unanswered = this.#waiting;
    this.#waiting = 0;
    this.#socket.destroy();
    this.#driver.lost(why, unanswered);
  }
}
