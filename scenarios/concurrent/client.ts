/** One client of a run: a session, and one connection after the other. What it does between two of them is what a stock client does: it resumes with the
 *  newest zxid that a reply has told, and registers again the watches that no event has consumed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, BackendSession, Downstream, Opened } from "../../src/backend.ts";
import { MalformedFrame, Reader, Writer } from "../../src/jute/buffers.ts";
import { read } from "../../src/jute/codec.ts";
import { decodeReply, encodeRequest } from "../../src/protocol/client.ts";
import { type ConnectRequest, encodeConnectRequest } from "../../src/protocol/connect.ts";
import { opcodes, type RequestOf, xids } from "../../src/protocol/opcodes.ts";
import { ReplyHeader, WatcherEvent } from "../../src/protocol/records.ts";
import { newSession } from "../connection.ts";
import { Armed } from "./armed.ts";
import type { Arrival, Call, Lane, Over } from "./history.ts";
import { touchesOf } from "./touches.ts";
import type { Intent } from "./workload.ts";

/** The candidate gave no session, or gave none back. */
export class CandidateLost extends Error {
  constructor(what: string) {
    super(what);
    this.name = "CandidateLost";
  }
}

/** Session timeout asked for, ms. For as long as is granted a client looks for a server that gives its session back. */
export const timeOutMs = 30_000;
/** Between two rounds of asking all servers, ms. */
const roundPauseMs = 100;

/** Who a client is. `servers` are doors to one service; it begins at the one of its number. `number` counts the calls of all clients. */
export interface ClientPlan {
  readonly session: number;
  readonly servers: readonly Backend[];
  readonly number: () => number;
}

interface Waiting {
  readonly intent: Intent;
  readonly number: number;
  readonly invokedMs: number;
  readonly request: Buffer;
  readonly answered: (isThere: boolean) => void;
}

/** A connection; without a session until its handshake is over. */
interface Line {
  session?: BackendSession;
  hasEnded: boolean;
}

type Granted = Extract<Opened, { is: "granted" }>;

export class Client {
  readonly #plan: ClientPlan;
  readonly #waiting = new Map<number, Waiting>();
  readonly #arrivals: Lane["arrivals"] = [];
  readonly #armed = new Armed();
  /** Events behind the last reply. If the connection ends here, it is as if it had ended before them: that a connection's end lies right behind a reply
   *  is what gives it a place in the order of the zxids. */
  #trailing: Arrival[] = [];
  #lane: Omit<Lane, "arrivals" | "over"> | undefined;
  #line: Line | undefined;
  #serverAt: number;
  #xid = 0;
  #newestZxid = 0;
  #isLeaving = false;
  /** When the newest connection that is gone was gone, and since when none has answered anything. */
  #goneMs = 0;
  #silentSinceMs: number | undefined;
  #over: Over | undefined;
  #pinging: NodeJS.Timeout | undefined;
  /** Set as long as nothing can be sent: from the wish to move, or the loss of a connection, to the next one. */
  #absence: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  readonly unanswered: { readonly isWrite: boolean; readonly invokedMs: number }[] = [];
  hasEnded = false;

  private constructor(plan: ClientPlan) {
    this.#plan = plan;
    this.#serverAt = (plan.session - 1) % plan.servers.length;
  }

  /** Throws {@link CandidateLost}. */
  static async open(plan: ClientPlan): Promise<Client> {
    const client = new Client(plan);
    const opened = await client.#connect(newSession(timeOutMs), client.#serverAt, performance.now() + timeOutMs);
    if (opened?.is !== "granted")
      throw new CandidateLost(`${plan.servers.map(({ name }) => name).join(", ")}: no session is given`);
    const { sessionId, passwd, timeOut } = opened.session.granted;
    const raw = Buffer.from(opened.raw);
    client.#lane = { session: plan.session, server: client.#server.name, raw, sessionId, passwd, timeOut };
    client.#pinging = setInterval(() => client.#ping(), timeOut / 3).unref();
    return client;
  }

  /** What came in so far. */
  get heard(): Lane {
    if (this.#lane === undefined) throw new Error("the client has no session");
    return { ...this.#lane, arrivals: this.#arrivals, ...(this.#over === undefined ? {} : { over: this.#over }) };
  }

  /** Sends one request as soon as there is a connection; resolves when it is answered (true), or when its connection has ended first. */
  async call(intent: Intent): Promise<boolean> {
    while (this.#absence !== undefined) await this.#absence.promise;
    return !this.hasEnded && this.#send(intent, ++this.#xid);
  }

  /** Hangs up as soon as everything is answered, and resumes the session at the next server. Resolves when that is done, or the client has ended. */
  async move(): Promise<void> {
    if (this.hasEnded) return;
    if (this.#absence === undefined) {
      this.#absence = Promise.withResolvers<void>();
      this.#isLeaving = true;
      this.#leaveIfIdle();
    }
    await this.#absence?.promise;
  }

  /** Lets go of the connection at the end of the run; the session lives on. */
  close(): void {
    // Who has no connection just now hears nothing more of what the oracle would tell.
    if (this.#line === undefined) this.#giveUp("lost");
    this.#arrivals.push(...this.#trailing.splice(0));
    this.#hangUp();
    this.#end();
  }

  get #server(): Backend {
    const server = this.#plan.servers[this.#serverAt];
    if (server === undefined) throw new Error(`there is no server ${this.#serverAt}`);
    return server;
  }

  /** Asks the servers in turn until one gives the session or refuses it; answers nothing when none has until `untilMs`. */
  async #connect(
    request: ConnectRequest,
    first: number,
    untilMs: number,
  ): Promise<Exclude<Opened, { is: "closed" }> | undefined> {
    const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
    const count = this.#plan.servers.length;
    for (let attempt = 0; !this.hasEnded && performance.now() < untilMs; attempt++) {
      if (attempt > 0 && attempt % count === 0) await sleep(roundPauseMs);
      this.#serverAt = (first + attempt) % count;
      const line: Line = { hasEnded: false };
      const opened = await this.#server.open(hello, this.#downstreamOf(line));
      if (opened.is === "refused") return opened;
      if (opened.is === "granted" && this.#take(line, opened)) return opened;
    }
    return undefined;
  }

  /** Whether the connection can be used. */
  #take(line: Line, { session }: Granted): boolean {
    if (this.hasEnded) session.close("client");
    if (this.hasEnded || line.hasEnded) return false;
    line.session = session;
    this.#line = line;
    return true;
  }

  #downstreamOf(line: Line): Downstream {
    return {
      send: (frame) => {
        if (this.#line === line) this.#receive(Buffer.from(frame));
      },
      end: () => {
        line.hasEnded = true;
        if (this.#line === line) this.#leave(false);
      },
      queuedBytes: 0,
    };
  }

  #leaveIfIdle(): void {
    if (!this.#isLeaving || this.#waiting.size > 0) return;
    this.#hangUp();
    this.#leave(true);
  }

  #hangUp(): void {
    const line = this.#line;
    this.#line = undefined;
    line?.session?.close("client");
  }

  /** The connection is gone: on to the next one. */
  #leave(isMove: boolean): void {
    this.#line = undefined;
    this.#isLeaving = false;
    this.#trailing = [];
    this.#goneMs = performance.now();
    this.#abandonWaiting();
    this.#absence ??= Promise.withResolvers<void>();
    void this.#resume(isMove).then(() => this.#return());
  }

  #return(): void {
    // The new connection may be gone already; then whoever waits goes on waiting.
    if (this.#line === undefined && !this.hasEnded) return;
    this.#absence?.resolve();
    this.#absence = undefined;
  }

  async #resume(isMove: boolean): Promise<void> {
    if (this.#lane === undefined) return;
    const { session, sessionId, passwd, timeOut } = this.#lane;
    // A server that gives the session back and hangs up at once gets the time of one loss, not of many.
    if (this.#silentSinceMs !== undefined) await sleep(roundPauseMs);
    this.#silentSinceMs ??= this.#goneMs;
    const request = { ...newSession(timeOut), sessionId, passwd, lastZxidSeen: this.#newestZxid };
    const opened = await this.#connect(request, this.#serverAt + 1, this.#silentSinceMs + timeOut);
    if (this.hasEnded) return;
    if (opened?.is !== "granted") return this.#giveUp(opened === undefined ? "lost" : "expired");
    const [goneMs, atMs] = [this.#goneMs, performance.now()];
    const raw = Buffer.from(opened.raw);
    this.#arrivals.push({ is: "resumption", session, server: this.#server.name, raw, isMove, goneMs, atMs });
    const body = this.#armed.asked(this.#newestZxid);
    if (body === undefined || this.#line === undefined) return;
    const [path = ""] = [...body.dataWatches, ...body.existWatches, ...body.childWatches];
    void this.#send({ op: "setWatches", path, body: { ...body } }, xids.setWatches);
  }

  #send(intent: Intent, xid: number): Promise<boolean> {
    const body = intent.body as unknown as RequestOf<typeof intent.op>;
    const request = Buffer.from(encodeRequest(new Writer(), xid, intent.op, body));
    return new Promise((answered) => {
      const number = this.#plan.number();
      this.#waiting.set(xid, { intent, number, invokedMs: performance.now(), request, answered });
      this.#line?.session?.submit(Buffer.from(request));
    });
  }

  /** A client with nothing to say would lose its session. */
  #ping(): void {
    this.#line?.session?.submit(Buffer.from(encodeRequest(new Writer(), xids.ping, "ping", {})));
  }

  #receive(frame: Buffer): void {
    const reader = new Reader(frame);
    const header = read(ReplyHeader, reader);
    const zxid = Number(header.zxid);
    const { session } = this.#plan;
    if (header.xid === xids.notification) {
      const { type, path } = read(WatcherEvent, reader);
      const atMs = performance.now();
      return void this.#trailing.push({ is: "event", session, atMs, frame, type, path: path ?? "", zxid });
    }
    this.#silentSinceMs = undefined;
    const waiting = this.#waiting.get(header.xid);
    if (waiting === undefined) return;
    this.#waiting.delete(header.xid);
    for (const { type, path } of this.#trailing) this.#armed.fired(type, path);
    const { intent, number, invokedMs, request } = waiting;
    const call: Call = {
      is: "reply",
      ...{ number, session, xid: header.xid, op: intent.op, path: intent.path },
      ...{ request, invokedMs, returnedMs: performance.now(), reply: frame, zxid, err: header.err },
      changed: header.err === 0 ? touched(intent, frame) : [],
    };
    this.#arrivals.push(...this.#trailing.splice(0), call);
    this.#armed.answered(intent, header.err);
    this.#newestZxid = Math.max(this.#newestZxid, zxid);
    waiting.answered(true);
    this.#leaveIfIdle();
  }

  #abandonWaiting(): void {
    for (const { intent, invokedMs, answered } of this.#waiting.values()) {
      this.unanswered.push({ isWrite: opcodes[intent.op].access === "write", invokedMs });
      answered(false);
    }
    this.#waiting.clear();
  }

  #giveUp(why: Over["why"]): void {
    if (this.hasEnded) return;
    this.#over = { why, goneMs: this.#goneMs, atMs: performance.now() };
    this.#end();
  }

  #end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#line = undefined;
    clearInterval(this.#pinging);
    this.#abandonWaiting();
    this.#return();
  }
}

/** A reply that cannot be read changes nothing as far as anybody knows; the comparison says what is wrong with it. */
function touched(intent: Intent, frame: Buffer): Call["changed"] {
  try {
    return touchesOf(intent.op, intent.body, decodeReply(intent.op, frame).body);
  } catch (error) {
    if (error instanceof MalformedFrame) return [];
    throw error;
  }
}
