import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { encodeConnectRequest, passwordBytes } from "../src/protocol/connect.ts";
import { bridge } from "./bridge.ts";

const request = {
  ...{ protocolVersion: 0, lastZxidSeen: 0, timeOut: 4_000, sessionId: 0 },
  ...{ passwd: Buffer.alloc(passwordBytes), readOnly: false },
};
const hello = { request, raw: encodeConnectRequest(request), peer: { address: "127.0.0.1", port: 0 } };
const nobody = { send: () => undefined, end: () => undefined, queuedBytes: 0 };

let server: Server;
afterEach(() => server.close());

/** A bridge to a server that does this with each handshake. */
async function bridgeTo(act: (socket: Socket) => void) {
  server = createServer((socket) => socket.once("data", () => act(socket)).on("error", () => undefined));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return bridge({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
}

test("a handshake that is dropped is answered when it is known whether the server is gone", async () => {
  const backend = await bridgeTo((socket) => {
    server.close();
    socket.destroy();
  });
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "closed" });
  expect(backend.status().serving).toBe(false);
});

test("a server that drops a handshake and takes the next connections is not gone", async () => {
  const backend = await bridgeTo((socket) => socket.destroy());
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "closed" });
  expect(backend.status().serving).toBe(true);
});

test("whoever finds out while others do gets an answer that holds from then on", async () => {
  const backend = await bridgeTo((socket) => socket.destroy());
  const first = backend.findOut?.();
  server.close();
  await backend.findOut?.();
  expect(backend.status().serving).toBe(false);
  await first;
});
