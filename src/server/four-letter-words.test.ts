import { describe, expect, test } from "vitest";
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

describe("answers as ZooKeeper 3.8 prints them", () => {
  test.each([
    ["ruok", "imok"],
    ["isro", "rw"],
    ["dirs", "datadir_size: 300\nlogdir_size: 0\n"],
    ["wchs", "Total watches:3\n"],
  ])("%s", async (word, answer) => expect(await ask(await busyServer(), word)).toBe(answer));

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
      " /127.0.0.1:40000[1](queued=0,recved=3,sent=3,sid=0x1,lop=GETC,est=1000000,to=4000,lcxid=0x1f,lzxid=0x1ff,lresp=1000003,llat=0,minlat=0,avglat=1.0,maxlat=3)",
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
    expect(rows.slice(0, 3)).toEqual(["zk_version\t3.9.5-zetcd", "zk_server_state\tstandalone", "zk_avg_latency\t1.0"]);
    expect(rows).toEqual(
      expect.arrayContaining(["zk_znode_count\t18", "zk_ephemerals_count\t2", "zk_packets_sent\t3"]),
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

test("words off the whitelist say so; those that exist nowhere here count as off it", async () => {
  const server = new FakeServer({}, { words: parseWhitelist("srvr, isro") });
  expect(await ask(server, "ruok")).toBe("ruok is not executed because it is not in the whitelist.\n");
  expect(await ask(server, "isro")).toBe("rw");
  expect(await ask(new FakeServer({}, { words: parseWhitelist("ruok,*") }), "dump")).toBe(
    "dump is not executed because it is not in the whitelist.\n",
  );
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
