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

/** Neither of two sockets outlives the other; `open` has those that are left. */
export function endTogether(client: Socket, upstream: Socket, open: Set<Socket>): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    open.add(one);
    one.on("error", () => undefined); // its close says the same
    one.on("close", () => {
      open.delete(one);
      other.destroy();
    });
  }
}

/** Starts a relay to a server. */
export async function startRelay(target: Address): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isIsolated = false;
  const server = createServer({ noDelay: true }, (client) => {
    if (isIsolated) return void client.destroy();
    const upstream = connect({ ...target, noDelay: true });
    endTogether(client, upstream, sockets);
    client.pipe(upstream).pipe(client);
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
