/** A TCP relay between a client and a server: the cable that a test can pull. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Address } from "./modes.fixture.ts";

/** The relay's port on 127.0.0.1, and what can be done to those who use it. */
export interface Relay {
  readonly port: number;
  /** `127.0.0.1:PORT`, as clients take it. */
  readonly address: string;
  /** Breaks every connection; new ones are let through. */
  cut(): void;
  /** Breaks every connection and every new one until {@link Relay.heal}. */
  isolate(): void;
  heal(): void;
  close(): Promise<void>;
}

/** Starts a relay to a server. */
export async function startRelay(target: Address): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isIsolated = false;
  const server = createServer({ noDelay: true }, (client) => {
    if (isIsolated) return void client.destroy();
    const upstream = connect({ ...target, noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined); // its close says the same
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    address: `127.0.0.1:${port}`,
    cut,
    isolate: () => {
      isIsolated = true;
      cut();
    },
    heal: () => {
      isIsolated = false;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
