/** The server in front: its ports, what its connections share, and an end in good order. */
import type { Server } from "node:net";
import type { HostPort } from "../addresses.ts";
import type { Backend } from "../backend.ts";
import { type Logger, silentLogger } from "../logger.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { ServerContext } from "./connection.ts";
import { answerWord, type WordWhitelist } from "./four-letter-words.ts";
import { type ServerLimits, serverLimits } from "./limits.ts";
import { Reception } from "./reception.ts";
import { ServerStats } from "./stats.ts";
import type { TlsSettings } from "./tls.ts";
import { type ServerSettings, type ServerView, TraceMask } from "./view.ts";

/** What a server serves and where. Port 0 takes a free one. */
export interface ServerOptions extends HostPort {
  readonly backend: Backend;
  /** Speak TLS on this port, or, with `secure`, on that one besides. */
  readonly tls?: TlsSettings;
  readonly secure?: HostPort;
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
  /** The second port, if there is one. */
  readonly securePort?: number;
  readonly stats: ServerStats;
  /** Connections open now. */
  readonly connectionCount: number;
  /** What it looks like now, for monitoring. */
  view(): ServerView;
  /** Takes no more connections, tells every session `shutdown`, sends what is queued and waits until all sockets are closed, at most
   *  `lingerMs`. The backend stays open. May be called twice. */
  close(): Promise<void>;
}

/** ZooKeeper's defaults: a tick of 2 s, sessions of 2 to 20 ticks. */
const defaultTimeouts = { tickTimeMs: 2_000, minSessionTimeoutMs: 4_000, maxSessionTimeoutMs: 40_000 };

/** Listens. Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND) when it cannot, and with OpenSSL's for bad PEM. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { backend, secure, tls, words = "*", clock = systemClock, log = silentLogger } = options;
  const limits = { ...serverLimits, ...options.limits };
  const stats = new ServerStats(clock.now());
  const trace = new TraceMask();
  const ports = { clientPort: -1, secureClientPort: -1 };
  const view = (): ServerView => ({
    status: backend.status(),
    listing: () => backend.list(),
    connections: reception.connections,
    settings: { ...defaultTimeouts, ...options.timeouts, ...limits, ...ports },
    nowMs: clock.now(),
    ...{ stats, trace },
  });
  const context: ServerContext = {
    ...{ backend, limits, clock, stats, log },
    fourLetterWord: (word, asked) => answerWord(word, words, asked, view),
  };
  const reception = new Reception(context);
  const main = reception.door(secure === undefined ? tls : undefined);
  const port = await listen(main, options, limits.backlog);
  const servers = [main];
  let securePort: number | undefined;
  if (secure !== undefined) {
    const door = reception.door(tls);
    try {
      securePort = await listen(door, secure, limits.backlog);
    } catch (cause) {
      main.close();
      throw cause;
    }
    servers.push(door);
  }
  if (tls !== undefined && secure === undefined) ports.secureClientPort = port;
  else Object.assign(ports, { clientPort: port, secureClientPort: securePort ?? -1 });
  const close = async () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    reception.shutdown();
    await Promise.all(closed);
  };
  return {
    port,
    ...(securePort === undefined ? {} : { securePort }),
    stats,
    get connectionCount() {
      return reception.connections.size;
    },
    view,
    close,
  };
}

/** Binds and answers the port. */
function listen(server: Server, at: HostPort, backlog: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen({ host: at.host, port: at.port, backlog }, () => {
    server.off("error", reject);
    const bound = server.address();
    resolve(bound === null || typeof bound === "string" ? at.port : bound.port);
  });
  return promise;
}
