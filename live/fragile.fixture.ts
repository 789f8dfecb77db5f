/** A server that dies of one operation: a relay to a real one that hangs up on everybody, and listens no more, when it sees that operation. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameSplitter } from "../src/protocol/frames.ts";
import { type OpName, opcodes } from "../src/protocol/opcodes.ts";
import type { Address } from "./modes.fixture.ts";

/** The server's place, and how often it has died. */
export interface Fragile {
  readonly address: string;
  readonly deaths: number;
  close(): Promise<void>;
}

/** Starts it. `backAfterMs`: somebody starts it again so long after a death, on the same port. */
export async function startFragile(target: Address, deadly: OpName, backAfterMs?: number): Promise<Fragile> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let deaths = 0;
  const die = () => {
    if (server === undefined) return;
    deaths++;
    server.close();
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (backAfterMs !== undefined) timer = setTimeout(listen, backAfterMs);
  };
  const serve = (client: Socket) => {
    const upstream = connect({ ...target, noDelay: true });
    let isGreeted = false;
    const splitter = new FrameSplitter();
    client.on("data", (chunk) => {
      let isDeadly = false;
      // A four-letter word has no frames.
      if (isGreeted || chunk.readInt8(0) === 0)
        splitter.push(chunk, (frame) => {
          isDeadly = isGreeted && frame.readInt32BE(4) === opcodes[deadly].code;
          isGreeted = true;
          return !isDeadly;
        });
      if (isDeadly) die();
      else upstream.write(chunk);
    });
    upstream.pipe(client);
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
    }
    client.on("end", () => upstream.end());
  };
  let port = 0;
  const listen = () => {
    server = createServer({ noDelay: true }, serve).listen(port, "127.0.0.1");
    return server;
  };
  const first = listen();
  await once(first, "listening");
  port = (first.address() as AddressInfo).port;
  return {
    address: `127.0.0.1:${port}`,
    get deaths() {
      return deaths;
    },
    close: async () => {
      clearTimeout(timer);
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
