/** Lets clients run freely against the candidate and writes down what they saw. Nobody waits for anybody else, and each keeps several requests under
 *  way; only the first calls, which make the root, and the last ones, which read everything once more, are alone. */
import { randomBytes } from "node:crypto";
import type { Backend, BackendSession, Downstream } from "../../src/backend.ts";
import { MalformedFrame, Reader, Writer } from "../../src/jute/buffers.ts";
import { read } from "../../src/jute/codec.ts";
import { decodeReply, encodeRequest } from "../../src/protocol/client.ts";
import { encodeConnectRequest } from "../../src/protocol/connect.ts";
import { opcodes, type RequestOf } from "../../src/protocol/opcodes.ts";
import { parentOf } from "../../src/protocol/paths.ts";
import { ReplyHeader, WatcherEvent } from "../../src/protocol/records.ts";
import { newSession } from "../connection.ts";
import { type Arrival, type Call, callsOf, certainBefore, type History, type Lane } from "./history.ts";
import { touchesOf } from "./touches.ts";
import { type Intent, intents, openAcl, pathsBelow } from "./workload.ts";

/** How to drive. `servers` are doors to one and the same service; clients spread over them. */
export interface DrivePlan {
  readonly servers: readonly Backend[];
  readonly root: string;
  readonly seed: number;
  readonly clients: number;
  readonly operations: number;
  /** Requests that each client keeps under way. */
  readonly inFlight: number;
  readonly stop: AbortSignal;
  readonly progress: (answered: number) => void;
}

/** The candidate gave no session, or hung up. */
export class CandidateLost extends Error {
  constructor(what: string) {
    super(what);
    this.name = "CandidateLost";
  }
}

const timeOutMs = 30_000;
/** How long a reply may take before the run is given up, ms. */
const replyWaitMs = 30_000;

interface Waiting {
  readonly intent: Intent;
  readonly number: number;
  readonly invokedMs: number;
  readonly request: Buffer;
  readonly answered: (isThere: boolean) => void;
}

/** One client's connection. */
class Client {
  readonly lane: Lane;
  readonly #waiting = new Map<number, Waiting>();
  readonly #number: () => number;
  #session: BackendSession | undefined;
  #xid = 0;
  #lostMs: number | undefined;
  unanswered: readonly { readonly isWrite: boolean; readonly invokedMs: number }[] = [];
  hasEnded = false;

  private constructor(lane: Lane, number: () => number) {
    this.lane = lane;
    this.#number = number;
  }

  static async open(session: number, server: Backend, number: () => number): Promise<Client> {
    const request = newSession(timeOutMs);
    let client: Client | undefined;
    const downstream: Downstream = {
      send: (frame) => {
        if (client !== undefined) client.#receive(Buffer.from(frame));
      },
      end: () => {
        if (client === undefined || client.hasEnded) return;
        client.#lostMs = performance.now();
        client.#end();
      },
      queuedBytes: 0,
    };
    const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
    const opened = await server.open(hello, downstream);
    if (opened.is !== "granted") throw new CandidateLost(`${server.name} gives no session`);
    const { sessionId, passwd, timeOut } = opened.session.granted;
    const raw = Buffer.from(opened.raw);
    client = new Client({ session, server: server.name, raw, sessionId, passwd, timeOut, arrivals: [] }, number);
    client.#session = opened.session;
    return client;
  }

  /** Sends one request; resolves when it is answered, or when the connection has ended first. */
  call(intent: Intent): Promise<boolean> {
    if (this.hasEnded) return Promise.resolve(false);
    const xid = ++this.#xid;
    const body = intent.body as unknown as RequestOf<typeof intent.op>;
    const request = Buffer.from(encodeRequest(new Writer(), xid, intent.op, body));
    return new Promise((answered) => {
      this.#waiting.set(xid, { intent, number: this.#number(), invokedMs: performance.now(), request, answered });
      this.#session?.submit(Buffer.from(request));
    });
  }

  /** What came in so far, and when the server hung up. */
  get heard(): Lane {
    return { ...this.lane, ...(this.#lostMs === undefined ? {} : { lostMs: this.#lostMs }) };
  }

  close(): void {
    this.#end();
    this.#session?.close("client");
  }

  #receive(frame: Buffer): void {
    const reader = new Reader(frame);
    const header = read(ReplyHeader, reader);
    const zxid = Number(header.zxid);
    if (header.xid === -1) {
      const { type, path } = read(WatcherEvent, reader);
      const arrival: Arrival = {
        is: "event",
        session: this.lane.session,
        atMs: performance.now(),
        frame,
        type,
        path: path ?? "",
        zxid,
      };
      return void this.lane.arrivals.push(arrival);
    }
    const waiting = this.#waiting.get(header.xid);
    if (waiting === undefined) return;
    this.#waiting.delete(header.xid);
    const { intent, number, invokedMs, request } = waiting;
    const call: Call = {
      is: "reply",
      ...{ number, session: this.lane.session, xid: header.xid, op: intent.op, path: intent.path },
      ...{ request, invokedMs, returnedMs: performance.now(), reply: frame, zxid, err: header.err },
      changed: header.err === 0 ? touched(intent, frame) : [],
    };
    this.lane.arrivals.push(call);
    waiting.answered(true);
  }

  #end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.unanswered = [...this.#waiting.values()].map(({ intent, invokedMs }) => ({
      isWrite: opcodes[intent.op].access === "write",
      invokedMs,
    }));
    for (const { answered } of this.#waiting.values()) answered(false);
    this.#waiting.clear();
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

/** Throws {@link CandidateLost} when there is nothing to judge. */
export async function drive(plan: DrivePlan): Promise<History> {
  let sent = 0;
  const number = (): number => sent++;
  const clients: Client[] = [];
  for (let session = 1; session <= plan.clients; session++) {
    const server = plan.servers[(session - 1) % plan.servers.length];
    if (server !== undefined) clients.push(await Client.open(session, server, number));
  }
  const watchdog = new Watchdog(clients);
  try {
    await begin(clients, plan.root);
    const each = Math.max(1, Math.ceil(plan.operations / clients.length));
    let answered = 0;
    const onAnswer = (): void => {
      watchdog.fed();
      plan.progress(++answered);
    };
    await Promise.all(
      clients.map((client, index) => runFreely(client, { plan, seed: plan.seed + index, each, onAnswer })),
    );
    await finish(clients, plan.root);
  } finally {
    watchdog.stop();
    for (const client of clients) client.close();
  }
  const lanes = clients.map(({ heard }) => heard);
  const unanswered = clients.flatMap((client) => client.unanswered);
  const writes = unanswered.filter(({ isWrite }) => isWrite).map(({ invokedMs }) => invokedMs);
  const calls = callsOf({ lanes });
  const certainTo = writes.length === 0 ? Number.POSITIVE_INFINITY : certainBefore(calls, Math.min(...writes));
  return { lanes, unanswered: unanswered.length, certainTo };
}

/** Ends everything when the candidate has stopped answering: what is still under way stays without an answer. */
class Watchdog {
  readonly #clients: readonly Client[];
  #timer: NodeJS.Timeout;

  constructor(clients: readonly Client[]) {
    this.#clients = clients;
    this.#timer = this.#start();
  }

  fed(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      for (const client of this.#clients) client.close();
    }, replyWaitMs);
  }
}

/** The root lies in a znode of its own, which a later cleaning takes away whole. */
async function begin([first]: readonly Client[], root: string): Promise<void> {
  for (const path of [parentOf(root), root]) {
    const isThere = await first?.call({
      op: "create",
      path,
      body: { path, data: randomBytes(4), acl: openAcl, flags: 0 },
    });
    if (!isThere) throw new CandidateLost("the candidate does not answer");
  }
}

async function runFreely(
  client: Client,
  how: { plan: DrivePlan; seed: number; each: number; onAnswer: () => void },
): Promise<void> {
  const waiting = intents(how.plan.root, how.seed, how.each);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (how.plan.stop.aborted || client.hasEnded) return;
      if (await client.call(next)) how.onAnswer();
    }
  };
  await Promise.all(Array.from({ length: how.plan.inFlight }, worker));
}

/** Behind this, every event of what went before has come; then one client looks at what is left. */
async function finish(clients: readonly Client[], root: string): Promise<void> {
  await Promise.all(clients.map((client) => client.call({ op: "sync", path: root, body: { path: root } })));
  await Promise.all(
    clients.map((client) => client.call({ op: "exists", path: root, body: { path: root, watch: false } })),
  );
  const [first] = clients;
  for (const path of [root, ...pathsBelow(root)]) {
    await first?.call({ op: "getData", path, body: { path, watch: false } });
    await first?.call({ op: "getChildren2", path, body: { path, watch: false } });
  }
}
