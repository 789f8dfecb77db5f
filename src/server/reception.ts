/** The doors of a server: sockets are counted per address, shake hands if the door speaks TLS, and become connections. */
import { createServer, type Server, type Socket } from "node:net";
import type { Peer } from "../backend.ts";
import type { Clock } from "./clock.ts";
import { Connection, type ServerContext } from "./connection.ts";
import { type TlsSettings, tlsServer } from "./tls.ts";

/** Admits clients through any number of ports. */
export class Reception {
  readonly connections = new Set<Connection>();
  readonly #context: ServerContext;
  readonly #perAddress: AddressCounter;
  readonly #warnSeldom: (warn: () => void) => void;
  /** Sockets in the middle of a TLS handshake, by remote end. */
  readonly #shaking = new Map<string, Socket>();

  constructor(context: ServerContext) {
    this.#context = context;
    this.#perAddress = new AddressCounter(context.limits.connectionsPerAddressMax);
    this.#warnSeldom = oncePer(1_000, context.clock);
  }

  /** A server that is not listening yet; everybody it accepts is received here. Errors: those of bad PEM. */
  door(tls?: TlsSettings): Server {
    const server = createServer({ noDelay: true });
    const { log, limits } = this.#context;
    server.on("error", (error) => this.#warnSeldom(() => log.error({ error }, "cannot accept connections")));
    if (tls === undefined) {
      server.on("connection", (socket) => {
        if (this.#admit(socket)) this.#welcome(socket, peerOf(socket));
      });
      return server;
    }
    const handshakes = tlsServer(tls, limits.handshakeMs, (socket, certificate) => {
      this.#shaken(keyOf(socket));
      socket.on("error", () => undefined);
      this.#welcome(socket, certificate === undefined ? peerOf(socket) : { ...peerOf(socket), certificate }, true);
    });
    server.on("connection", (socket) => {
      if (!this.#admit(socket)) return;
      this.#shake(socket);
      handshakes.emit("connection", socket);
    });
    return server;
  }

  /** Ends every connection in good order, and handshakes at once. */
  shutdown(): void {
    for (const socket of this.#shaking.values()) socket.destroy();
    for (const connection of this.connections) connection.shutdown();
  }

  #admit(socket: Socket): boolean {
    const { address } = peerOf(socket);
    const { stats, log } = this.#context;
    socket.on("error", () => undefined);
    if (!this.#perAddress.admit(address)) {
      stats.rejected++;
      this.#warnSeldom(() => log.warn({ peer: address }, "too many connections from one address"));
      socket.destroy();
      return false;
    }
    stats.accepted++;
    socket.once("close", () => this.#perAddress.leave(address));
    return true;
  }

  #shake(socket: Socket): void {
    const key = keyOf(socket);
    const { stats } = this.#context;
    stats.tlsShaking++;
    this.#shaking.set(key, socket);
    socket.once("close", () => {
      if (this.#shaken(key)) stats.tlsFailed++;
    });
  }

  /** The handshake is over, well or not; answers whether it was still under way. */
  #shaken(key: string): boolean {
    if (!this.#shaking.delete(key)) return false;
    this.#context.stats.tlsShaking--;
    return true;
  }

  #welcome(socket: Socket, peer: Peer, isSecure = false): void {
    const connection = new Connection(socket, peer, this.#context, isSecure);
    this.connections.add(connection);
    socket.once("close", () => this.connections.delete(connection));
  }
}

/** The remote end of a socket: unique among those that are open. */
const keyOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

/** The client's address; IPv4 clients of an IPv6 socket appear as what they are, because `ip` ACLs compare it. */
function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? "0.0.0.0";
  return { address: address.replace(/^::ffff:(?=\d+\.)/, ""), port: socket.remotePort ?? 0 };
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
