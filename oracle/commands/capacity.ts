/** How many connections of this host two servers take at a time. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "../../src/protocol/client.ts";
import { dial } from "../../src/protocol/link.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { ServerFailed } from "../servers/process.ts";
import { patience } from "./acquaintance.ts";
import type { Contender, Duel, Endpoint } from "./servers.ts";

/** Opened at once, so that none is lost in a server's backlog. */
const batch = 25;

/** A server that closes none for so long closes none, ms; so long it may take to see that ours are closed, too. */
const settleMs = 300;

/** Left to others on this host, and to what runs ask beside their cases. */
const reserve = 8;

/** How many connections a server takes of this host at a time, as far as `wanted` goes. */
export async function connectionsTaken(at: Endpoint, wanted: number): Promise<number> {
  const open = await silentConnectionsTaken(at, wanted);
  return open < wanted ? await sessionsTaken(at, open) : open;
}

/** Opens connections and counts those that the server has not closed a moment later. Nothing is said on them: a ZooKeeper counts them all the same,
 *  though some too few where many come at once. Source: NIOServerCnxnFactory.doAccept, addCnxn (3.8). */
async function silentConnectionsTaken(at: Endpoint, wanted: number): Promise<number> {
  const sockets: Socket[] = [];
  let open = 0;
  while (sockets.length < wanted) {
    const some = Array.from({ length: Math.min(batch, wanted - sockets.length) }, () => dial({ ...at }));
    sockets.push(...some);
    const connecting = some.map(async (socket) => {
      socket.resume();
      socket.on("error", () => undefined); // its close says the same
      await once(socket, "connect", { signal: AbortSignal.timeout(patience.connectWaitMs) });
      open++;
      socket.once("close", () => open--);
    });
    await Promise.allSettled(connecting);
  }
  let taken: number;
  do {
    taken = open;
    await sleep(settleMs);
  } while (open < taken);
  for (const socket of sockets) socket.destroy();
  await sleep(settleMs);
  return taken;
}

/** Opens sessions, one after the other, until one is not granted: each connection is counted before the next one comes. */
async function sessionsTaken({ host, port }: Endpoint, wanted: number): Promise<number> {
  const clients: Client[] = [];
  while (clients.length < wanted) {
    const opened = await connect({ host, port, timeoutMs: 10_000, ...patience });
    if (opened.is !== "granted") break;
    clients.push(opened.client);
  }
  const ending = clients.map(async (client) => {
    await client.call("closeSession", {});
    client.close();
  });
  await Promise.allSettled(ending); // what cannot be closed ends by its timeout
  await sleep(settleMs);
  return clients.length;
}

/** What two servers leave room for. */
export interface Capacity {
  /** Connections, at most. */
  readonly connections: number;
  readonly note?: string;
}

/** Finds out whether both take so many. Those that were started here take any number. Throws {@link BadArgument} when there is no room even for one
 *  sequence of so many sessions, and {@link ServerFailed} when there is none at all. */
export async function commonCapacity(duel: Duel, wanted: number, sessions: number): Promise<Capacity> {
  const asked = wanted + reserve;
  const takenBy = async ({ isGiven, endpoint }: Contender) =>
    isGiven ? await connectionsTaken(endpoint, asked) : asked;
  const [candidate, oracle] = await Promise.all([takenBy(duel.candidate), takenBy(duel.oracle)]);
  const taken = Math.min(candidate, oracle);
  if (taken >= asked) return { connections: Number.POSITIVE_INFINITY };
  const side = candidate <= oracle ? "candidate" : "oracle";
  if (taken === 0)
    throw new ServerFailed(`the ${side} takes no connection of this host any more: it is gone, or it has too many`);
  const who = `the ${side} takes ${taken} connections of this host at a time (maxClientCnxns)`;
  if (taken < sessions + reserve)
    throw new BadArgument("--sessions", String(sessions), `is too many: ${who}, and ${reserve} are kept free`);
  return { connections: taken - reserve, note: `${who}: fewer sequences than usual are under way` };
}
