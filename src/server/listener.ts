/** The server in front: accepts connections, counts them per address, and stops in good order. */
import { createServer, type Server, type Socket } from "node:net";
import type { Backend, Peer } from "../backend.ts";
import { type Logger, silentLogger } from "../logger.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Connection, type ServerContext } from "./connection.ts";
import { answerWord, type ServerSettings, type WordWhitelist } from "./four-letter-words.ts";
import { type ServerLimits, serverLimits } from "./limits.ts";
import { ServerStats } from "./stats.ts";

/** What a server serves and where. */
export interface ServerOptions {
  readonly backend: Backend;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Replace single entries of {@link serverLimits}. */
  readonly limits?: Partial<ServerLimits>;
  /** Four-letter words that are answered; default all. */
  readonly words?: WordWhitelist;
  /** For `conf` alone; the backend enforces them. Defaults are ZooKeeper's. */
  readonly timeouts?: Pick<ServerSettings, "tickTimeMs" | "minSessionTimeoutMs" | "maxSessionTimeoutMs">;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** A listening server. */
export interface RunningServer {
  readonly port: number;
  readonly stats: ServerStats;
  /** Connections open now. */
  readonly connectionCount: number;
  /** Takes no more connections, tells every session `shutdown`, sends what is queued and waits until all sockets are closed, at most
   *  `lingerMs`. The backend stays open. May be called twice. */
  close(): Promise<void>;
}

/** ZooKeeper's defaults: a tick of 2 s, sessions of 2 to 20 ticks. */
const defaultTimeouts = { tickTimeMs: 2_000, minSessionTimeoutMs: 4_000, maxSessionTimeoutMs: 40_000 };

/** Listens. Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND) when it cannot. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits = { ...serverLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLogger;
  const stats = new ServerStats(clock.now());
  const connections = new Set<Connection>();
  const server = createServer({ noDelay: true });
  const listening = await listen(server, options.host, options.port, limits.backlog);
  const settings = { ...defaultTimeouts, ...options.timeouts, ...limits, clientPort: listening };
  const context: ServerContext = {
    backend: options.backend,
    limits,
    clock,
    stats,
    log,
    fourLetterWord: (word, asking) =>
      answerWord(word, options.words ?? "*", () => ({
        status: options.backend.status(),
        stats,
        connections,
        asking,
        settings,
        nowMs: clock.now(),
      })),
  };
  const perAddress = new AddressCounter(limits.connectionsPerAddressMax);
  const warnSeldom = oncePer(1_000, clock);
  server.on("connection", (socket) => accept(socket, { context, connections, perAddress, warnSeldom }));
  server.on("error", (error) => warnSeldom(() => log.error({ error }, "cannot accept connections")));
  const close = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const connection of connections) connection.shutdown();
    await promise;
  };
  return {
    port: listening,
    stats,
    get connectionCount() {
      return connections.size;
    },
    close,
  };
}

/** Binds and answers the port. */
function listen(server: Server, host: string, port: number, backlog: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen({ host, port, backlog }, () => {
    server.off("error", reject);
    const bound = server.address();
    resolve(bound === null || typeof bound === "string" ? port : bound.port);
  });
  return promise;
}

/** What accepting needs to know. */
interface Reception {
  readonly context: ServerContext;
  readonly connections: Set<Connection>;
  readonly perAddress: AddressCounter;
  warnSeldom(warn: () => void): void;
}

function accept(socket: Socket, { context, connections, perAddress, warnSeldom }: Reception): void {
  const peer = peerOf(socket);
  if (!perAddress.admit(peer.address)) {
    context.stats.rejected++;
    warnSeldom(() => context.log.warn({ peer: peer.address }, "too many connections from one address"));
    socket.on("error", () => undefined);
    socket.destroy();
    return;
  }
  context.stats.accepted++;
  const connection = new Connection(socket, peer, context);
  connections.add(connection);
  socket.once("close", () => {
    connections.delete(connection);
    perAddress.leave(peer.address);
  });
}

/** Lets an action through at most once in `ms`: one client must not fill the log. */
function oncePer(ms: number, clock: Clock): (action: () => void) => void {
  let notBefore = Number.NEGATIVE_INFINITY;
  return (action) => {
    if (clock.now() < notBefore) return;
    notBefore = clock.now() + ms;
    action();
  };
}

/** The client's address; IPv4 clients of an IPv6 socket appear as what they are, because `ip` ACLs compare it. */
function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? "0.0.0.0";
  return { address: address.replace(/^::ffff:(?=\d+\.)/, ""), port: socket.remotePort ?? 0 };
}

/** Open connections by address, against one limit; 0 is none. */
class AddressCounter {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one more, unless that is one too many. */
  admit(address: string): boolean {
    const open = this.#open.get(address) ?? 0;
    if (this.#max > 0 && open >= this.#max) return false;
    this.#open.set(address, open + 1);
    return true;
  }

  leave(address: string): void {
    const open = (this.#open.get(address) ?? 0) - 1;
    if (open > 0) this.#open.set(address, open);
    else this.#open.delete(address);
  }
}
