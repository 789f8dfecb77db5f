/** A server that dies of one operation: a relay to a real one that hangs up on everybody, and listens no more, when it sees that operation. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameSplitter } from "../src/protocol/frames.ts";
import { type OpName, opcodes } from "../src/protocol/opcodes.ts";
import type { Address } from "./modes.fixture.ts";
import { endTogether } from "./relay.fixture.ts";

/** The server's place, and how often it has died. */
export interface Fragile {
  readonly address: string;
  readonly deaths: number;
  close(): Promise<void>;
}

/** Starts it. Nobody starts it again. */
export async function startFragile(target: Address, deadly: OpName): Promise<Fragile> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let deaths = 0;
  const die = () => {
    if (server === undefined) return;
    deaths++;
    server.close();
    server = undefined;
    for (const socket of sockets) socket.destroy();
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
    endTogether(client, upstream, sockets);
    client.on("end", () => upstream.end());
  };
  server = createServer({ noDelay: true }, serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    get deaths() {
      return deaths;
    },
    close: async () => {
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
