import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Where private servers listen, inclusive. Below Linux' ephemeral range (32768 up), so that no outgoing connection takes a port
 *  between our look and the server's bind, or while a server restarts. */
const privatePorts = { first: 20_100, last: 31_900 } as const;

/** Ports already handed out in this process: a server that is still starting does not hold its port yet. */
const handedOut = new Set<number>();

/** A TCP port free on 127.0.0.1 now. Throws when 200 random picks are all taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(privatePorts.first, privatePorts.last + 1);
    if (!handedOut.has(port) && (await canBind(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(`no free TCP port found between ${privatePorts.first} and ${privatePorts.last} on 127.0.0.1`);
}

/** Whether a listener on 127.0.0.1 gets this port now; answers false for any bind error. */
function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
