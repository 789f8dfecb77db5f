import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { encodeConnectRequest, encodeConnectResponse, passwordBytes, refusal } from "../src/protocol/connect.ts";
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

const granting = (socket: Socket) => {
  const granted = encodeConnectResponse({ ...refusal(), timeOut: 4_000, sessionId: 1 });
  socket.write(Buffer.concat([Buffer.from([0, 0, 0, granted.length]), granted]));
};

test("a server that drops one handshake and answers the next is not gone", async () => {
  let asked = 0;
  const backend = await bridgeTo((socket) => {
    asked++;
    if (asked === 1) socket.destroy();
    else granting(socket);
  });
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "closed" });
  expect(backend.status().serving).toBe(true);
});

test("a server that drops a handshake while another connection stands is not gone", async () => {
  let asked = 0;
  const backend = await bridgeTo((socket) => {
    asked++;
    if (asked > 1) socket.destroy();
    else granting(socket);
  });
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "granted" });
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "closed" });
  expect(backend.status().serving).toBe(true);
  await backend.close();
});

test("a server that takes connections and drops every handshake, as one that is starting does, is gone", async () => {
  const backend = await bridgeTo((socket) => socket.destroy());
  expect(await backend.open(hello, nobody)).toMatchObject({ is: "closed" });
  expect(backend.status().serving).toBe(false);
});

test("whoever finds out while others do gets an answer that holds from then on", async () => {
  const backend = await bridgeTo(granting);
  const first = backend.findOut?.();
  server.close();
  await backend.findOut?.();
  expect(backend.status().serving).toBe(false);
  await first;
});
