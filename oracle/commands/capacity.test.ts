import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { encodeConnectResponse } from "../../src/protocol/connect.ts";
import { prefixed } from "../../src/protocol/spoilt-frames.fixture.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { commonCapacity, connectionsTaken } from "./capacity.ts";
import type { Duel } from "./servers.ts";

const endings: (() => void)[] = [];
afterEach(() => {
  endAll();
});
const endAll = () => {
  for (const end of endings.splice(0)) end();
};

const granted = encodeConnectResponse({
  ...{ protocolVersion: 0, timeOut: 10_000, sessionId: 7, readOnly: false },
  passwd: Buffer.alloc(16, 1),
});

/** A server that closes what comes beyond so many connections and, as a ZooKeeper does, counts a connection only a moment after it has accepted it. */
async function taking(max: number) {
  const open = new Set<Socket>();
  let most = 0;
  const server = createServer(async (socket) => {
    socket.on("error", () => undefined);
    if (open.size >= max) return void socket.destroy();
    socket.on("close", () => open.delete(socket));
    await sleep(2);
    if (socket.destroyed) return;
    open.add(socket);
    most = Math.max(most, open.size);
    socket.once("data", () => {
      socket.write(prefixed([granted]));
      socket.once("data", () => socket.end()); // the end of the session
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  endings.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const endpoint = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  return { endpoint, open, most: () => most };
}

const duelOf = (candidate: object, oracle: object) => ({ candidate, oracle }) as unknown as Duel;

test.each([
  [60, 200, 60],
  [60, 50, 50],
])("of a server that takes %i connections, %i find %i open, and all are closed again", async (max, wanted, found) => {
  const server = await taking(max);
  expect(await connectionsTaken(server.endpoint, wanted)).toBe(found);
  expect(server.most()).toBeGreaterThanOrEqual(found);
  expect(server.open.size).toBe(0);
});

test("nobody listens: none", async () => {
  const server = await taking(1);
  endAll();
  expect(await connectionsTaken(server.endpoint, 3)).toBe(0);
});

test("the smaller server decides, and it is told which one that is", async () => {
  const [small, large] = await Promise.all([taking(60), taking(230)]);
  const given = ({ endpoint }: { endpoint: object }) => ({ isGiven: true, endpoint });
  expect(await commonCapacity(duelOf(given(large), given(small)), 96, 3)).toEqual({
    connections: 52,
    note: "the oracle takes 60 connections of this host at a time (maxClientCnxns): fewer sequences than usual are under way",
  });
  await expect(commonCapacity(duelOf(given(small), given(large)), 300, 53)).rejects.toThrow(BadArgument);
  expect(await commonCapacity(duelOf(given(large), given(large)), 96, 3)).toEqual({
    connections: Number.POSITIVE_INFINITY,
  });
});

test("a server that was started here is not asked", async () => {
  const small = await taking(1);
  const ours = { isGiven: false, endpoint: small.endpoint };
  expect(await commonCapacity(duelOf(ours, ours), 96, 3)).toEqual({ connections: Number.POSITIVE_INFINITY });
  expect(small.most()).toBe(0);
});
