/** What a client does between two connections. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Backend, Downstream, Hello, Opened } from "../../src/backend.ts";
import { Reader } from "../../src/jute/buffers.ts";
import { encode, read } from "../../src/jute/codec.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { eventTypes, type OpName, opcodes, opName } from "../../src/protocol/opcodes.ts";
import { ReplyHeader, SetWatches, WatcherEvent } from "../../src/protocol/records.ts";
import { CandidateLost, Client } from "./client.ts";

const passwd = Buffer.alloc(16, 7);

/** One connection as its server sees it. */
interface Taken {
  readonly hello: Hello;
  readonly downstream: Downstream;
  readonly frames: Buffer[];
  isLeft: boolean;
}

/** A server that does with each handshake what is said, grants for good behind the last word, and answers nothing by itself. */
class Server {
  readonly connections: Taken[] = [];
  readonly backend: Backend;
  readonly words: Opened["is"][];

  constructor(name: string, timeOut: number, ...words: Opened["is"][]) {
    this.words = words;
    const open = (hello: Hello, downstream: Downstream): Opened => {
      const word = this.words.shift() ?? "granted";
      if (word === "closed") return { is: word, reason: "not today" };
      if (word === "refused") return { is: word, raw: Buffer.alloc(0) };
      const taken: Taken = { hello, downstream, frames: [], isLeft: false };
      this.connections.push(taken);
      const session = {
        granted: { protocolVersion: 0, timeOut, sessionId: 11, passwd },
        submit: (frame: Buffer) => void taken.frames.push(frame),
        close: () => {
          taken.isLeft = true;
        },
      };
      return { is: word, session, raw: Buffer.from(name) };
    };
    this.backend = {
      name,
      open: async (hello, downstream) => open(hello, downstream),
      status: () => ({}) as ReturnType<Backend["status"]>,
      list: () => ({ sessions: [], watches: new Map() }),
      close: async () => undefined,
    };
  }

  /** The newest connection. */
  get taken(): Taken {
    const taken = this.connections.at(-1);
    if (taken === undefined) throw new Error("nobody has connected");
    return taken;
  }
}

/** Without a body: what the client makes of it depends on the header alone. */
const reply = ({ downstream }: Taken, xid: number, zxid: number, err = 0) =>
  downstream.send(encode(ReplyHeader, { xid, zxid, err }));

const changed = ({ downstream }: Taken, path: string) =>
  downstream.send(
    Buffer.concat([
      encode(ReplyHeader, { xid: -1, zxid: -1, err: 0 }),
      encode(WatcherEvent, { type: eventTypes.dataChanged, state: 3, path }),
    ]),
  );

const asked = ({ frames }: Taken): string[] =>
  frames.map((frame) => `${frame.readInt32BE(0)} ${opName(frame.readInt32BE(4))}`);

const rearmed = ({ frames: [first] }: Taken): SetWatches => {
  expect(first?.readInt32BE(4)).toBe(opcodes.setWatches.code);
  return read(SetWatches, new Reader(first ?? Buffer.alloc(0), 8));
};

const looking = (op: OpName, path: string) => ({ op, path, body: { path, watch: true } });
const setting = (path: string) => ({ op: "setData", path, body: { path, data: null, version: -1 } }) as const;

async function clientOf(...servers: Server[]): Promise<Client> {
  let calls = 0;
  return Client.open({ session: 1, servers: servers.map(({ backend }) => backend), number: () => calls++ });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("it moves when all is answered, shows what it has seen, and registers again what is armed before it goes on", async () => {
  const [one, two] = [new Server("one", 30_000), new Server("two", 30_000)];
  const client = await clientOf(one, two);
  const before = [client.call(looking("getData", "/data")), client.call(looking("exists", "/none"))];
  void client.call(looking("getChildren2", "/children"));
  await turn();
  const moved = client.move();
  const after = client.call(looking("exists", "/later"));
  reply(one.taken, 1, 5);
  reply(one.taken, 2, 6, errorCodes.NONODE);
  await turn();
  expect([one.taken.isLeft, two.connections.length]).toEqual([false, 0]);
  reply(one.taken, 3, 7);
  expect(one.taken.isLeft).toBe(true);
  changed(one.taken, "/data");
  await moved;
  expect(await Promise.all(before)).toEqual([true, true]);
  expect(two.taken.hello.request).toMatchObject({ sessionId: 11, passwd, lastZxidSeen: 7 });
  expect(rearmed(two.taken)).toEqual({
    ...{ relativeZxid: 7, dataWatches: ["/data"], existWatches: ["/none"], childWatches: ["/children"] },
  });
  await turn();
  expect(asked(two.taken)).toEqual(["-8 setWatches", "4 exists"]);
  reply(two.taken, -8, 8);
  reply(two.taken, 4, 8);
  expect(await after).toBe(true);
  client.close();
  const { arrivals, over } = client.heard;
  expect(arrivals.map((one) => (one.is === "reply" ? one.xid : one.is))).toEqual([1, 2, 3, "resumption", -8, 4]);
  expect(arrivals[3]).toMatchObject({ server: "two", isMove: true });
  expect([over, client.unanswered]).toEqual([undefined, []]);
});

test("it moves without a word about watches when none is armed", async () => {
  const server = new Server("one", 30_000);
  const client = await clientOf(server);
  const call = client.call(looking("getData", "/data"));
  await turn();
  reply(server.taken, 1, 5);
  await call;
  changed(server.taken, "/data");
  void client.call(setting("/data"));
  await turn();
  reply(server.taken, 2, 6);
  await client.move();
  expect(server.connections.map(asked)).toEqual([["1 getData", "2 setData"], []]);
  client.close();
});

test("a client that is hung up on tries all servers and again the same, and asks again for what came behind the last reply", async () => {
  const [one, two] = [new Server("one", 30_000), new Server("two", 30_000, "closed", "closed")];
  const client = await clientOf(one, two);
  const first = one.taken;
  const calls = [
    client.call(looking("getData", "/data")),
    client.call(setting("/x")),
    client.call(looking("exists", "/x")),
  ];
  await turn();
  reply(first, 1, 5);
  changed(first, "/data");
  one.words.push("closed");
  first.downstream.end();
  expect(await Promise.all(calls)).toEqual([true, false, false]);
  const later = client.call(setting("/y"));
  await expect.poll(() => one.connections.length).toBe(2);
  expect(one.taken.hello.request).toMatchObject({ sessionId: 11, lastZxidSeen: 5 });
  expect(rearmed(one.taken)).toMatchObject({ relativeZxid: 5, dataWatches: ["/data"] });
  await expect.poll(() => asked(one.taken)).toEqual(["-8 setWatches", "4 setData"]);
  reply(one.taken, -8, 6);
  reply(one.taken, 4, 7);
  expect(await later).toBe(true);
  client.close();
  expect(client.unanswered.map(({ isWrite }) => isWrite)).toEqual([true, false]);
  const { arrivals } = client.heard;
  expect(arrivals.map((one) => (one.is === "reply" ? one.xid : one.is))).toEqual([1, "resumption", -8, 4]);
  expect(arrivals[1]).toMatchObject({ server: "one", isMove: false });
});

test.each<{ why: string; words: Opened["is"][] }>([
  { why: "expired", words: ["refused"] },
  { why: "lost", words: Array.from({ length: 99 }, () => "closed") },
])("a session that is $why ends its client", async ({ why, words }) => {
  const server = new Server("one", 150, "granted", ...words);
  const client = await clientOf(server);
  const call = client.call(setting("/x"));
  await turn();
  server.taken.downstream.end();
  expect(await client.call(setting("/y"))).toBe(false);
  expect(await call).toBe(false);
  expect([client.hasEnded, client.heard.over?.why, client.unanswered.length]).toEqual([true, why, 1]);
});

test("a server that hangs up on everybody whom it has let in does not keep its clients for ever", async () => {
  const server = new Server("one", 350);
  const client = await clientOf(server);
  const call = client.call(setting("/x"));
  const hangUp = setInterval(() => server.taken.downstream.end(), 1);
  expect(await call).toBe(false);
  await expect.poll(() => client.heard.over?.why).toBe("lost");
  clearInterval(hangUp);
  expect(server.connections.length).toBeLessThan(6);
});

test("a loss behind an answer has the whole time again", async () => {
  const server = new Server("one", 150);
  const client = await clientOf(server);
  for (const xid of [1, 2]) {
    const call = client.call(setting("/x"));
    await expect.poll(() => asked(server.taken)).toContain(`${xid} setData`);
    reply(server.taken, xid, xid);
    expect(await call).toBe(true);
    await sleep(160);
    server.taken.downstream.end();
    await expect.poll(() => server.connections.length).toBe(xid + 1);
  }
  client.close();
  expect(client.heard.over).toBeUndefined();
});

test("a client with nothing to say keeps its session", async () => {
  const server = new Server("one", 60);
  const client = await clientOf(server);
  await expect.poll(() => asked(server.taken)).toContain("-2 ping");
  reply(server.taken, -2, 9);
  client.close();
  const said = server.taken.frames.length;
  await sleep(60);
  expect([server.taken.frames.length, client.heard.arrivals]).toEqual([said, []]);
});

test("a client that has no connection when the run ends is lost", async () => {
  const server = new Server("one", 30_000, "granted", "closed", "closed");
  const client = await clientOf(server);
  server.taken.downstream.end();
  await turn();
  client.close();
  expect(client.heard.over?.why).toBe("lost");
});

test("a new session is asked of the next server when the first one is away, and a refusal is final", async () => {
  const [away, there] = [new Server("away", 30_000, "closed"), new Server("there", 30_000)];
  const client = await clientOf(away, there);
  client.close();
  expect([away.connections.length, client.heard.server]).toEqual([0, "there"]);
  await expect(clientOf(new Server("unwilling", 30_000, "refused"))).rejects.toThrow(CandidateLost);
});
