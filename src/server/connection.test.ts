import { describe, expect, test } from "vitest";
import { replyFrame, requestFrame } from "./fake-backend.fixture.ts";
import { FakeServer, framed, hello, settle } from "./wire.fixture.ts";

describe("handshake", () => {
  test("is answered with the backend's bytes, and requests follow in order", async () => {
    const server = new FakeServer();
    const client = await server.attachSession();
    await client.say(framed(requestFrame(7), requestFrame(8)));
    expect(client.xids).toEqual([7, 8]);
    expect(server.backend.sessions[0]?.hello.request.timeOut).toBe(4_000);
  });

  test("requests in the same segment wait for the session and are answered behind the handshake", async () => {
    const gate = Promise.withResolvers<void>();
    const server = new FakeServer({ beforeOpen: () => gate.promise });
    const client = server.attach();
    await client.say(framed(hello(), requestFrame(1), requestFrame(2)));
    expect(client.frames).toEqual([]);
    gate.resolve();
    await settle();
    expect(client.frames[0]?.length).toBe(37);
    expect(client.xids).toEqual([1, 2]);
  });

  test("while the session opens, the socket is read no further than the limit", async () => {
    const gate = Promise.withResolvers<void>();
    const server = new FakeServer({ beforeOpen: () => gate.promise }, { limits: { heldBytesMax: 1_000 } });
    const client = server.attach();
    await client.say(framed(hello()));
    const request = requestFrame(1, 4, Buffer.alloc(400));
    for (let i = 0; i < 500; i++) await client.say(framed(request));
    expect(client.connection.isReading).toBe(false);
    expect(client.stream.writableLength).toBeGreaterThan(0);
    gate.resolve();
    await settle();
    for (let i = 0; i < 300; i++) await settle();
    expect(client.connection.isReading).toBe(true);
    expect(server.backend.sessions[0]?.frames.length).toBe(500);
  });

  test("an event that the backend sends at once never overtakes the handshake's answer", async () => {
    const server = new FakeServer();
    const { open } = server.backend;
    server.backend.open = async (asked, downstream) => {
      downstream.send(replyFrame(-1));
      return open.call(server.backend, asked, downstream);
    };
    const client = await server.attachSession();
    expect(client.frames[0]?.length).toBe(37);
    expect(client.xids).toEqual([-1]);
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["7 bytes", Buffer.alloc(7)],
    ["27 bytes", hello().subarray(0, 27)],
    ["a password longer than the frame", hello().fill(0x7f, 24, 25)],
    ["a password of length −2", hello().fill(0xff, 24, 27).fill(0xfe, 27, 28)],
  ])("%s: closed without an answer", async (_name, frame) => {
    const server = new FakeServer();
    const client = server.attach();
    await client.say(framed(frame));
    expect([client.text, client.hasEnded, server.backend.sessions.length]).toEqual(["", true, 0]);
    expect(server.context.stats.malformed).toBe(1);
  });

  test("one that is refused gets the refusal, then the end", async () => {
    const client = new FakeServer({ opens: "refused" }).attach();
    await client.say(framed(hello()));
    expect(client.frames.map((frame) => frame.length)).toEqual([36]);
    expect(client.hasEnded).toBe(true);
  });

  test("one that the backend closes gets nothing", async () => {
    const client = new FakeServer({ opens: "closed" }).attach();
    await client.say(framed(hello(), requestFrame(1)));
    expect([client.text, client.hasEnded]).toEqual(["", true]);
  });

  test("one that never comes is given up after the limit, one that came is not", async () => {
    const server = new FakeServer();
    const silent = server.attach();
    await silent.say(framed(hello()).subarray(0, 20));
    const shaken = await server.attachSession();
    server.clock.advance(9_999);
    await settle();
    expect(silent.hasEnded).toBe(false);
    server.clock.advance(1);
    await settle();
    expect([silent.hasEnded, silent.text, shaken.hasEnded]).toEqual([true, "", false]);
    expect(server.context.stats.unshaken).toBe(1);
  });
});

describe("broken frames close the connection, and the session hears it", () => {
  test.each([
    ["a length below zero", Buffer.from("ffffffff", "hex")],
    ["a length above jute.maxbuffer", Buffer.from("00100000", "hex")],
    ["2 GiB", Buffer.from("7fffffff", "hex")],
    ["a word behind the handshake", Buffer.from("ruok")],
    ["no frame at all", framed(Buffer.alloc(0))],
    ["half a header", framed(Buffer.alloc(7))],
  ])("%s", async (_name, bytes) => {
    const server = new FakeServer();
    const client = await server.attachSession();
    await client.say(Buffer.concat([framed(requestFrame(1)), bytes, framed(requestFrame(2))]));
    expect([client.xids, client.hasEnded]).toEqual([[1], true]);
    expect(server.backend.sessions[0]?.frames.length).toBe(1);
    await client.hangUp();
    expect(server.backend.sessions[0]?.closedFor).toEqual(["protocol"]);
  });

  test("exactly jute.maxbuffer is a frame", async () => {
    const server = new FakeServer();
    const client = await server.attachSession();
    await client.say(framed(requestFrame(1, 5, Buffer.alloc(0xfffff - 8))));
    expect([client.xids, client.hasEnded]).toEqual([[1], false]);
  });
});

describe("the end", () => {
  test("a client that goes is told to the session once, and its timers are gone", async () => {
    const server = new FakeServer();
    const client = await server.attachSession();
    await client.hangUp();
    expect(server.backend.sessions[0]?.closedFor).toEqual(["client"]);
    expect(server.clock.pending).toBe(0);
  });

  test("requests received before the client went are still executed, also when the session opens later", async () => {
    const gate = Promise.withResolvers<void>();
    const server = new FakeServer({ beforeOpen: () => gate.promise });
    const client = server.attach();
    await client.say(framed(hello(), requestFrame(1), requestFrame(2)));
    await client.hangUp();
    gate.resolve();
    await settle();
    expect(server.backend.sessions[0]?.frames.length).toBe(2);
    expect(server.backend.sessions[0]?.closedFor).toEqual(["client"]);
  });

  test("so are those held back because the client did not read", async () => {
    const limits = { highWaterBytes: 1_000 };
    const large = Buffer.alloc(100_000);
    const server = new FakeServer(
      { onSubmit: (frame, { downstream }) => downstream.send(replyFrame(frame.readInt32BE(0), large)) },
      { limits },
    );
    const client = await server.attachSession();
    client.stream.pause();
    await client.say(framed(...[1, 2, 3, 4, 5, 6].map((xid) => requestFrame(xid))));
    const session = server.backend.sessions[0];
    expect(session?.frames.length).toBeLessThan(6);
    await client.hangUp();
    expect([session?.frames.length, session?.closedFor]).toEqual([6, ["client"]]);
  });

  test("a connection that breaks is one that went", async () => {
    const server = new FakeServer();
    const client = await server.attachSession();
    await client.hangUp(new Error("read ECONNRESET"));
    expect(server.backend.sessions[0]?.closedFor).toEqual(["client"]);
  });

  test("what the backend sent before `end` arrives, what follows does not, and requests behind it are dropped", async () => {
    const server = new FakeServer({
      onSubmit(frame, { downstream }) {
        downstream.send(replyFrame(frame.readInt32BE(0)));
        downstream.end();
        downstream.send(replyFrame(99));
      },
    });
    const client = await server.attachSession();
    await client.say(framed(requestFrame(1, -11), requestFrame(2)));
    expect([client.xids, client.hasEnded]).toEqual([[1], true]);
    expect(server.backend.sessions[0]?.frames.length).toBe(1);
    await client.hangUp();
    expect(server.clock.pending).toBe(0);
  });

  test("a client that ignores our end is destroyed after the linger", async () => {
    const server = new FakeServer({ onSubmit: (_frame, { downstream }) => downstream.end() });
    const client = await server.attachSession();
    client.stream.pause();
    await client.say(framed(requestFrame(1)));
    expect(client.isDestroyed).toBe(false);
    server.clock.advance(2_000);
    await settle();
    expect(client.isDestroyed).toBe(true);
    expect(server.backend.sessions[0]?.closedFor).toEqual(["client"]);
  });

  test("a shutdown sends what is queued and tells the session", async () => {
    const server = new FakeServer();
    const client = await server.attachSession();
    server.backend.sessions[0]?.downstream.send(replyFrame(-1));
    client.connection.shutdown();
    await settle();
    expect([client.xids, client.hasEnded]).toEqual([[-1], true]);
    await client.hangUp();
    expect(server.backend.sessions[0]?.closedFor).toEqual(["shutdown"]);
  });
});

describe("a backend with a bug costs one connection", () => {
  test.each([
    ["submit throws", { onSubmit: () => fail() }],
    [
      "open throws",
      { beforeOpen: (asked: { peer: { port: number } }) => (asked.peer.port === 1 ? fail() : undefined) },
    ],
  ])("%s", async (_name, behaviour) => {
    const server = new FakeServer(behaviour);
    const other = await server.attachSession();
    const client = server.attach(1);
    await client.say(framed(hello(), requestFrame(1)));
    expect([client.isDestroyed, other.isDestroyed]).toEqual([true, false]);
    expect(server.log.lines.map((line) => line.message)).toEqual(["connection given up"]);
  });

  test("status throws", async () => {
    const server = new FakeServer();
    const other = await server.attachSession();
    server.backend.status = () => fail();
    const client = server.attach();
    await client.say(Buffer.from("srvr"));
    expect([client.isDestroyed, other.isDestroyed]).toEqual([true, false]);
  });

  function fail(): never {
    throw new Error("a bug");
  }
});

describe("a client that reads slowly", () => {
  const limits = { highWaterBytes: 10_000, lowWaterBytes: 2_000, queuedBytesMax: 200_000, heldBytesMax: 500 };
  const large = Buffer.alloc(5_000);

  test("gets no more submitted than it takes, and everything in order in the end", async () => {
    const server = new FakeServer(
      { onSubmit: (frame, { downstream }) => downstream.send(replyFrame(frame.readInt32BE(0), large)) },
      { limits },
    );
    const client = await server.attachSession();
    client.stream.pause();
    const xids = Array.from({ length: 200 }, (_, index) => index);
    await client.say(framed(...xids.map((xid) => requestFrame(xid))));
    const session = server.backend.sessions[0];
    expect(session?.frames.length).toBeLessThan(20);
    expect(client.connection.isReading).toBe(false);
    client.stream.resume();
    for (let i = 0; i < 100; i++) await settle();
    expect(client.xids).toEqual(xids);
    expect(client.connection.isReading).toBe(true);
    expect(session?.downstream.queuedBytes).toBe(0);
  });

  test("and never takes its events is closed at the limit", async () => {
    const server = new FakeServer({}, { limits });
    const client = await server.attachSession();
    client.stream.pause();
    const downstream = server.backend.sessions[0]?.downstream;
    for (let i = 0; i < 1_000; i++) downstream?.send(replyFrame(-1, large));
    expect(downstream?.queuedBytes).toBeLessThan(limits.queuedBytesMax + 2 * large.length);
    await settle();
    expect([client.isDestroyed, server.context.stats.overflowed]).toEqual([true, 1]);
    expect(server.backend.sessions[0]?.closedFor).toEqual(["client"]);
  });
});
