/** Test doubles for the server: a clock turned by hand, and clients on wires in memory. */
import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Writer } from "../jute/buffers.ts";
import type { LogFields, Logger } from "../logger.ts";
import { encodeConnectRequest } from "../protocol/connect.ts";
import { FrameSplitter } from "../protocol/frames.ts";
import type { Clock } from "./clock.ts";
import { Connection, type ServerContext } from "./connection.ts";
import { FakeBackend, type FakeBehaviour } from "./fake-backend.fixture.ts";
import { answerWord, type WordWhitelist } from "./four-letter-words.ts";
import { type ServerLimits, serverLimits } from "./limits.ts";
import { ServerStats } from "./stats.ts";
import { type ServerView, TraceMask } from "./view.ts";

/** A ConnectRequest for a new session. */
export const hello = (): Buffer =>
  encodeConnectRequest({
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeOut: 4_000,
    sessionId: 0,
    passwd: Buffer.alloc(16),
    readOnly: false,
  });

/** Frames as they stand on the wire. */
export function framed(...frames: Uint8Array[]): Buffer {
  const writer = new Writer();
  for (const frame of frames) writer.buffer(frame);
  return writer.copy();
}

/** A clock that stands still until it is told. */
export class HandClock implements Clock {
  #nowMs = 1_000_000;
  #alarms: { atMs: number; action: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, action: () => void): () => void {
    const alarm = { atMs: this.#nowMs + ms, action };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  get pending(): number {
    return this.#alarms.length;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#alarms.filter((alarm) => alarm.atMs <= this.#nowMs);
    this.#alarms = this.#alarms.filter((alarm) => alarm.atMs > this.#nowMs);
    for (const alarm of due) alarm.action();
  }
}

/** One end of a wire in memory. Unlike `duplexPair` it copies what is written, as a socket does, because writers reuse their memory. */
class WireEnd extends Duplex {
  peer: WireEnd | undefined;
  #taken: ((error?: Error | null) => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    if (this.peer === undefined || this.peer.destroyed) return taken(new Error("the other end is gone"));
    this.peer.#taken = taken;
    this.peer.push(Buffer.from(chunk));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { peer } = this;
    if (peer !== undefined && !peer.readableEnded) peer.push(null);
    done(error);
  }
}

function wirePair(): [WireEnd, WireEnd] {
  const near = new WireEnd();
  const far = new WireEnd();
  near.peer = far;
  far.peer = near;
  return [near, far];
}

/** A logger that keeps its messages above debug. */
export class ListLogger implements Logger {
  readonly lines: { message: string; fields: LogFields }[] = [];
  debug(): void {}
  info = (fields: LogFields, message: string) => void this.lines.push({ message, fields });
  warn = this.info;
  error = this.info;
}

/** A server's shared parts without a listener; `attach` gives it one more client. */
export class FakeServer {
  readonly clock = new HandClock();
  readonly log = new ListLogger();
  readonly connections = new Set<Connection>();
  readonly context: ServerContext;
  readonly backend: FakeBackend;
  readonly view: () => ServerView;
  readonly #trace = new TraceMask();

  constructor(
    behaviour: FakeBehaviour = {},
    options: { readonly limits?: Partial<ServerLimits>; readonly words?: WordWhitelist } = {},
  ) {
    this.backend = new FakeBackend(behaviour);
    const limits = { ...serverLimits, ...options.limits };
    const stats = new ServerStats(this.clock.now());
    const settings = {
      ...{ clientPort: 2181, secureClientPort: -1 },
      ...{ tickTimeMs: 2_000, minSessionTimeoutMs: 4_000, maxSessionTimeoutMs: 40_000 },
      ...limits,
    };
    this.context = {
      backend: this.backend,
      limits,
      clock: this.clock,
      stats,
      log: this.log,
      fourLetterWord: (word, asked) => answerWord(word, options.words ?? "*", asked, () => this.view()),
    };
    this.view = () => ({
      status: this.backend.status(),
      listing: () => this.backend.list(),
      stats,
      connections: this.connections,
      settings,
      trace: this.#trace,
      nowMs: this.clock.now(),
    });
  }

  /** A connected client that has sent nothing yet. */
  attach(port = 40_000 + this.connections.size): FakeClient {
    const [ours, theirs] = wirePair();
    // Sockets of a listener end when the client does.
    theirs.on("end", () => theirs.end());
    const connection = new Connection(theirs, { address: "127.0.0.1", port }, this.context);
    this.connections.add(connection);
    theirs.on("close", () => this.connections.delete(connection));
    return new FakeClient(ours, theirs, connection);
  }

  /** A client behind its handshake. */
  async attachSession(): Promise<FakeClient> {
    const client = this.attach();
    await client.say(framed(hello()));
    return client;
  }
}

/** The client's end of a wire: everything that arrived, and whether it ended. */
export class FakeClient {
  readonly stream: WireEnd;
  readonly connection: Connection;
  readonly #far: WireEnd;
  readonly #chunks: Buffer[] = [];
  hasEnded = false;

  constructor(near: FakeClient["stream"], far: FakeClient["stream"], connection: Connection) {
    this.stream = near;
    this.#far = far;
    this.connection = connection;
    near.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    near.on("end", () => {
      this.hasEnded = true;
    });
    near.on("error", () => undefined);
  }

  /** Sends bytes as one chunk and waits until both ends have settled. */
  async say(bytes: Uint8Array): Promise<void> {
    this.stream.write(bytes);
    await settle();
  }

  /** Breaks the connection from the client's side. */
  async hangUp(error?: Error): Promise<void> {
    this.#far.destroy(error);
    await settle();
  }

  get isDestroyed(): boolean {
    return this.#far.destroyed;
  }

  /** Number of chunks that came so far. */
  get chunkCount(): number {
    return this.#chunks.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  /** Every whole frame that came so far. */
  get frames(): Buffer[] {
    const frames: Buffer[] = [];
    new FrameSplitter(1 << 28).push(Buffer.concat(this.#chunks), (frame) => frames.push(frame) > 0);
    return frames;
  }

  /** xids of the replies behind the handshake's answer. */
  get xids(): number[] {
    return this.frames.slice(1).map((frame) => frame.readInt32BE(0));
  }
}

/** Long enough for everything in memory to come to rest: frames are written at the end of a turn, and a stream needs some more. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await nextTurn();
}
