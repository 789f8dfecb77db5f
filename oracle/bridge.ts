/** A backend that is a real ZooKeeper somewhere else: every client connection gets one of its own there, and all frames pass unchanged in both
 *  directions, the handshake included. */
import { connect as connectTcp } from "node:net";
import type {
  Backend,
  BackendSession,
  CloseReason,
  Downstream,
  Hello,
  Opened,
  SessionListing,
} from "../src/backend.ts";
import { Reader } from "../src/jute/buffers.ts";
import type { Int64 } from "../src/jute/int64.ts";
import { connect } from "../src/protocol/client.ts";
import { type Link, type LinkTls, openLink } from "../src/protocol/link.ts";
import { setWakingTimeout } from "../src/protocol/waking-timeout.ts";

/** Where the real server is. */
export interface BridgeOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: LinkTls;
  /** What the server says it is; default "unknown". */
  readonly version?: string;
  /** For the TCP connection and the handshake together. */
  readonly connectWaitMs?: number;
}

/** Bounds of one bridged connection. */
export const bridgeLimits = {
  connectWaitMs: 10_000,
  /** How long a server that refuses a session may take to hang up. */
  hangUpWaitMs: 3_000,
  /** What a client may leave unread before the server is no longer read from. */
  downstreamBytesMax: 4 * 1024 * 1024,
  /** What a server may leave unread before the connection is given up. */
  upstreamBytesMax: 64 * 1024 * 1024,
  /** Between two looks at a client that reads slowly. */
  drainPollMs: 5,
  /** How long a server may take to hang up after we have. */
  lingerMs: 2_000,
  /** Between two attempts to find out whether a server that hung up still runs. */
  probeAgainMs: 100,
  /** Of the session that is asked for then, which is closed at once. */
  probeTimeoutMs: 4_000,
} as const;

/** Shared by the bridge's connections. */
interface BridgeState {
  serving: boolean;
  /** When it was last found not to serve, ms. */
  awayAt: number | undefined;
  zxid: Int64;
  isClosed: boolean;
  /** Who wants to know whether the server still runs. */
  readonly doubters: Set<Doubter>;
  readonly connections: Set<BridgedConnection>;
  readonly target: { readonly host: string; readonly port: number; readonly tls?: LinkTls };
}

/** Makes a bridge; nothing is connected before the first `open`. */
export function bridge(options: BridgeOptions): Backend {
  const { host, port, tls } = options;
  const state: BridgeState = {
    serving: true,
    awayAt: undefined,
    zxid: 0,
    isClosed: false,
    doubters: new Set(),
    connections: new Set(),
    target: { host, port, ...(tls === undefined ? {} : { tls }) },
  };
  return {
    name: `zookeeper ${host}:${port}`,
    open: (hello, downstream) => openBridged(hello, downstream, state, options),
    status: () => ({
      serving: state.serving,
      ...(state.awayAt === undefined ? {} : { awayAt: state.awayAt }),
      mode: "standalone",
      zxid: state.zxid,
      nodeCount: 0,
      watchCount: 0,
      ephemeralsCount: 0,
      dataBytes: 0,
      sessionCount: state.connections.size,
      version: options.version ?? "unknown",
      counters: {},
    }),
    findOut: () => probe(state),
    // Whatever else the real server lists is asked of it directly.
    list: () => ({
      sessions: [...state.connections].map((connection) => connection.listing()),
      watches: new Map(),
    }),
    close: async () => {
      state.isClosed = true;
      for (const connection of [...state.connections]) connection.shutDown();
    },
  };
}

async function openBridged(
  hello: Hello,
  downstream: Downstream,
  state: BridgeState,
  options: BridgeOptions,
): Promise<Opened> {
  if (state.isClosed) return { is: "closed", reason: "the bridge is closed" };
  const opened = await openLink({
    ...state.target,
    hello: hello.raw,
    connectWaitMs: options.connectWaitMs ?? bridgeLimits.connectWaitMs,
    hangUpWaitMs: bridgeLimits.hangUpWaitMs,
  });
  // Only an answer brings it back.
  if (opened.is !== "closed") found(state, opened.is !== "unreachable");
  if (opened.is === "refused") return opened;
  if (opened.is === "closed") await probe(state, { ofHandshake: true });
  if (opened.is !== "granted") return { is: "closed", reason: opened.reason };
  const session = new BridgedConnection(opened.link, downstream, state, opened.response);
  // Frames may reach the client only behind the handshake's answer, which the caller sends when this promise has resolved.
  setImmediate(() => session.start());
  return { is: "granted", session, raw: opened.raw };
}

/** One client connection and its twin. */
class BridgedConnection implements BackendSession {
  readonly granted: BackendSession["granted"];
  readonly #link: Link;
  readonly #downstream: Downstream;
  readonly #state: BridgeState;
  #heardAtMs = Date.now();
  #poll: NodeJS.Timeout | undefined;
  #isClientGone = false;

  constructor(link: Link, downstream: Downstream, state: BridgeState, granted: BackendSession["granted"]) {
    this.#link = link;
    this.#downstream = downstream;
    this.#state = state;
    this.granted = granted;
    state.connections.add(this);
  }

  start(): void {
    this.#link.listen({ onFrame: (frame) => this.#relay(frame), onClose: () => this.#hungUp() });
  }

  /** The real server's clock is not known; it is taken to run as long as the timeout from the last request. */
  listing(): SessionListing {
    return { id: this.granted.sessionId, ephemerals: [], expiresAtMs: this.#heardAtMs + this.granted.timeOut };
  }

  submit(frame: Buffer): void {
    this.#heardAtMs = Date.now();
    this.#link.send(frame);
    if (this.#link.queuedBytes > bridgeLimits.upstreamBytesMax) this.#link.close();
  }

  /** Says that nothing follows and lets the server hang up: what was sent before is still executed, as it would be had the client's own
   *  socket closed. A reset could make the server drop requests that it has not read. */
  close(_why: CloseReason): void {
    if (this.#isClientGone) return;
    this.#isClientGone = true;
    clearInterval(this.#poll);
    this.#link.resume();
    this.#link.end();
    this.#poll = setTimeout(() => this.#link.close(), bridgeLimits.lingerMs).unref();
  }

  shutDown(): void {
    this.close("shutdown");
    this.#link.close();
  }

  #relay(frame: Buffer): void {
    if (this.#isClientGone) return;
    this.#takeZxid(frame);
    this.#downstream.send(frame);
    if (this.#downstream.queuedBytes <= bridgeLimits.downstreamBytesMax) return;
    this.#link.pause();
    this.#poll = setInterval(() => {
      if (this.#downstream.queuedBytes > bridgeLimits.downstreamBytesMax / 2) return;
      clearInterval(this.#poll);
      this.#link.resume();
    }, bridgeLimits.drainPollMs);
  }

  #takeZxid(frame: Buffer): void {
    if (frame.length < 16) return;
    const zxid = new Reader(frame, 4).long();
    if (zxid > this.#state.zxid) this.#state.zxid = zxid;
  }

  #hungUp(): void {
    clearTimeout(this.#poll);
    clearInterval(this.#poll);
    this.#state.connections.delete(this);
    if (this.#isClientGone) return;
    this.#downstream.end();
    void probe(this.#state);
  }
}

function found(state: BridgeState, isServing: boolean): void {
  state.serving = isServing;
  if (!isServing) state.awayAt = Date.now();
}

/** How often a server that hung up is asked whether it still runs. */
const probes = 3;

/** Attempts that are still to succeed before a server that hung up is believed to run. */
interface Doubter {
  left: number;
  /** It was a handshake that the server hung up on. */
  readonly ofHandshake: boolean;
  readonly resolve: () => void;
}

/** A server that hung up may have done so rightly, or be gone: attempts to reach it tell, and `status` then says so. A dying process may
 *  take one more connection before its port is closed, so it is asked again. The same attempts serve all who are in doubt meanwhile. */
function probe(state: BridgeState, { ofHandshake } = { ofHandshake: false }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const isFirst = state.doubters.size === 0;
  state.doubters.add({ left: probes, ofHandshake, resolve });
  if (isFirst) void attempt(state);
  return promise;
}

async function attempt(state: BridgeState): Promise<void> {
  const { doubters } = state;
  const asking = [...doubters];
  const mayBeStarting = state.connections.size === 0 && asking.some(({ ofHandshake }) => ofHandshake);
  const isServing = await (mayBeStarting ? answersHandshakes(state.target) : takesConnections(state.target));
  if (!isServing) found(state, false);
  for (const doubter of isServing ? asking : doubters) {
    doubter.left--;
    if (isServing && doubter.left > 0) continue;
    doubters.delete(doubter);
    doubter.resolve();
  }
  if (doubters.size > 0) setTimeout(() => void attempt(state), bridgeLimits.probeAgainMs);
}

/** Whether it still takes TCP connections. */
function takesConnections(target: BridgeState["target"]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTcp(target);
  const giveUp = setWakingTimeout(() => conclude(false), bridgeLimits.lingerMs);
  const conclude = (isTaken: boolean) => {
    giveUp();
    socket.destroy();
    resolve(isTaken);
  };
  socket.once("connect", () => conclude(true));
  socket.on("error", () => conclude(false));
  return promise;
}

/** Whether it answers a handshake: a ZooKeeper that is just starting takes connections and hangs up on whoever asks for a session. */
async function answersHandshakes(target: BridgeState["target"]): Promise<boolean> {
  const { connectWaitMs, probeTimeoutMs: timeoutMs } = bridgeLimits;
  const opened = await connect({ ...target, connectWaitMs, timeoutMs });
  if (opened.is !== "granted") return opened.is === "refused";
  const { client } = opened;
  const closing = client.call("closeSession", {}).catch(() => undefined); // the session ends by its timeout then
  void closing.then(() => client.close());
  return true;
}
