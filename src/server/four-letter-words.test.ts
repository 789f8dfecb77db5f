import { describe, expect, test } from "vitest";
import type { BackendListing } from "../backend.ts";
import type { Int64 } from "../jute/int64.ts";
import { replyFrame, requestFrame } from "./fake-backend.fixture.ts";
import { parseWhitelist } from "./four-letter-words.ts";
import { FakeServer, framed, settle } from "./wire.fixture.ts";

async function ask(server: FakeServer, word: string): Promise<string> {
  const client = server.attach(50_000);
  await client.say(Buffer.from(word));
  if (!client.hasEnded) throw new Error("not closed");
  await client.hangUp();
  return client.text;
}

/** A server with one session that has made two requests, 3 ms apart from their answers. */
async function busyServer(behaviour: ConstructorParameters<typeof FakeServer>[0] = {}): Promise<FakeServer> {
  const server = new FakeServer({
    onSubmit: (frame, { downstream }) => {
      server.clock.advance(frame.readInt32BE(0) === 1 ? 3 : 0);
      const reply = Buffer.alloc(16);
      reply.writeInt32BE(frame.readInt32BE(0), 0);
      reply.writeInt32BE(0x1ff, 8);
      downstream.send(reply);
    },
    ...behaviour,
  });
  const client = await server.attachSession();
  await client.say(framed(requestFrame(1, 4)));
  await client.say(framed(requestFrame(0x1f, 12)));
  return server;
}

const list: BackendListing = {
  sessions: [
    { id: 1, expiresAtMs: 1_006_000, ephemerals: ["/e1", "/e2"] },
    { id: 0x100000000000002n, expiresAtMs: 1_006_000, ephemerals: [] },
    { id: 3, expiresAtMs: 1_004_000, ephemerals: [] },
    { id: 4, ephemerals: [] },
  ],
  watches: new Map<Int64, string[]>([
    [1, ["/a", "/b"]],
    [0x100000000000002n, ["/a"]],
  ]),
};

describe("answers as ZooKeeper 3.8 prints them", () => {
  test.each([
    ["ruok", "imok"],
    ["isro", "rw"],
    ["dirs", "datadir_size: 300\nlogdir_size: 0\n"],
    ["wchs", "2 connections watching 2 paths\nTotal watches:3\n"],
    ["wchc", "0x1\n\t/a\n\t/b\n0x100000000000002\n\t/a\n\n"],
    ["wchp", "/a\n\t0x1\n\t0x100000000000002\n/b\n\t0x1\n\n"],
    ["hash", ""],
    ["gtmk", "306"],
  ])("%s", async (word, answer) => expect(await ask(await busyServer({ list }), word)).toBe(answer));

  test("dump groups sessions by expiry, then lists ephemerals and connections", async () => {
    expect(await ask(await busyServer({ list }), "dump")).toBe(`SessionTracker dump:
Session Sets (2)/(3):
1 expire at Thu Jan 01 00:16:44 UTC 1970:
	0x3
2 expire at Thu Jan 01 00:16:46 UTC 1970:
	0x1
	0x100000000000002
ephemeral nodes dump:
Sessions with Ephemerals (1):
0x1:
	/e1
	/e2
Connections dump:
Connections Sets (2)/(2):
1 expire at Thu Jan 01 00:16:50 UTC 1970:
	ip: /127.0.0.1:40000 sessionId: 0x1
1 expire at Thu Jan 01 00:17:00 UTC 1970:
	ip: /127.0.0.1:50000 sessionId: 0x0
`);
  });

  test("stmk takes eight bytes, in whatever pieces, and gtmk tells", async () => {
    const server = new FakeServer();
    const client = server.attach();
    for (const piece of ["stmk", "\0\0\0\0\0\0\x01"]) await client.say(Buffer.from(piece, "latin1"));
    expect([client.text, client.hasEnded]).toEqual(["", false]);
    await client.say(Buffer.from("\x32\r\n", "latin1"));
    expect([client.text, client.hasEnded]).toEqual(["306", true]);
    const negative = server.attach();
    await negative.say(Buffer.from(`stmk${"\xff".repeat(8)}`, "latin1"));
    expect([negative.text, await ask(server, "gtmk")]).toEqual(["-1", "-1"]);
  });

  test("srvr", async () => {
    expect(await ask(await busyServer(), "srvr")).toBe(
      `Zookeeper version: 3.9.5-zetcd
Latency min/avg/max: 0/1.0/3
Received: 4
Sent: 3
Connections: 2
Outstanding: 0
Zxid: 0x370
Mode: standalone
Node count: 18
`,
    );
  });

  test("stat lists the clients, the asking one not being read", async () => {
    expect(await ask(await busyServer(), "stat")).toMatch(
      /^Zookeeper version: 3.9.5-zetcd\nClients:\n \/127.0.0.1:40000\[1\]\(queued=0,recved=3,sent=3\)\n \/127.0.0.1:50000\[0\]\(queued=0,recved=1,sent=0\)\n\nLatency min/,
    );
  });

  test("cons tells of the last request and reply", async () => {
    const [first, second, ...rest] = (await ask(await busyServer(), "cons")).split("\n");
    expect(first).toBe(
      " /127.0.0.1:40000[1](queued=0,recved=3,sent=3,sid=0x1,lop=GETC,est=1000000,to=4000,lcxid=0x1f,lzxid=0x1ff,lresp=1000003,llat=0,minlat=0,avglat=1,maxlat=3)",
    );
    expect([second, ...rest]).toEqual([" /127.0.0.1:50000[0](queued=0,recved=1,sent=0)", "", ""]);
  });

  test("cons of a fresh session names its creation", async () => {
    const server = new FakeServer();
    await server.attachSession();
    expect(await ask(server, "cons")).toContain(",lop=SESS,est=1000000,to=4000,lcxid=0x0,lzxid=0xffffffffffffffff,");
  });

  test("mntr has a tab in each row, version and state first", async () => {
    const rows = (await ask(await busyServer(), "mntr")).trimEnd().split("\n");
    expect(rows.slice(0, 2)).toEqual(["zk_version\t3.9.5-zetcd", "zk_server_state\tstandalone"]);
    expect(rows).toEqual(
      expect.arrayContaining([
        "zk_avg_latency\t1.0",
        "zk_connection_drop_probability\t0.0",
        "zk_znode_count\t18",
        "zk_ephemerals_count\t2",
        "zk_packets_sent\t3",
      ]),
    );
    expect(rows.filter((row) => !/^zk_\w+\t\S+$/.test(row))).toEqual([]);
  });

  test("conf has one setting a line", async () => {
    const rows = (await ask(await busyServer(), "conf")).trimEnd().split("\n");
    expect(rows).toEqual(expect.arrayContaining(["clientPort=2181", "tickTime=2000", "maxSessionTimeout=40000"]));
  });

  test("envi begins with the version", async () => {
    expect(await ask(await busyServer(), "envi")).toMatch(/^Environment:\nzookeeper.version=3.9.5-zetcd\nhost.name=/);
  });

  test("crst and srst forget", async () => {
    const server = await busyServer();
    expect(await ask(server, "crst")).toBe("Connection stats reset.\n");
    expect(await ask(server, "srst")).toBe("Server stats reset.\n");
    expect(await ask(server, "srvr")).toContain("Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\n");
    expect(await ask(server, "cons")).toContain(
      "recved=0,sent=0,sid=0x1,lop=NA,est=1000000,to=4000,lzxid=0xffffffffffffffff,",
    );
  });

  test("a request is outstanding until its reply leaves; events are no replies", async () => {
    const server = new FakeServer({ onSubmit: () => undefined });
    const client = await server.attachSession();
    const downstream = server.backend.sessions[0]?.downstream;
    await client.say(framed(requestFrame(1), requestFrame(2)));
    downstream?.send(replyFrame(-1));
    await settle();
    expect(await ask(server, "srvr")).toContain("Outstanding: 2\n");
    for (const xid of [1, 2]) {
      server.clock.advance(6);
      downstream?.send(replyFrame(xid));
      await settle();
    }
    expect(await ask(server, "srvr")).toMatch(/Latency min\/avg\/max: 0\/6.0\/12\n[\s\S]*Outstanding: 0\n/);
  });

  test("what a lost connection was waiting for is not outstanding", async () => {
    const server = new FakeServer({ onSubmit: () => undefined });
    const client = await server.attachSession();
    await client.say(framed(requestFrame(1)));
    await client.hangUp();
    expect(await ask(server, "srvr")).toContain("Outstanding: 0\n");
  });
});

test("a word may arrive byte by byte, and with a line end", async () => {
  const client = new FakeServer().attach();
  for (const letter of "ruo") await client.say(Buffer.from(letter));
  expect(client.hasEnded).toBe(false);
  await client.say(Buffer.from("k\r\n"));
  expect([client.text, client.hasEnded]).toEqual(["imok", true]);
});

test.each(["RUOK", "abcd", "ruoK", "toSt"])("%s is no word but a length too large", async (word) => {
  const server = new FakeServer();
  expect(await ask(server, word)).toBe("");
  expect(server.context.stats.malformed).toBe(1);
});

test("words off the whitelist say so", async () => {
  const server = new FakeServer({}, { words: parseWhitelist("srvr, isro") });
  expect(await ask(server, "ruok")).toBe("ruok is not executed because it is not in the whitelist.\n");
  expect(await ask(server, "isro")).toBe("rw");
  expect(await ask(new FakeServer({}, { words: parseWhitelist("ruok,*") }), "gtmk")).toBe("306");
});

test("without service only ruok, isro and envi know an answer", async () => {
  const server = new FakeServer({ status: { serving: false } });
  expect(await ask(server, "ruok")).toBe("imok");
  expect(await ask(server, "isro")).toBe("null");
  expect(await ask(server, "mntr")).toBe("This ZooKeeper instance is not currently serving requests\n");
});

test("a read-only server says ro", async () => {
  expect(await ask(new FakeServer({ status: { mode: "read-only" } }), "isro")).toBe("ro");
});
