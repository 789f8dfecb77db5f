import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Writer } from "../jute/buffers.ts";
import { write } from "../jute/codec.ts";
import { type ClientOptions, ConnectionLost, connect } from "./client.ts";
import { decodeConnectRequest, encodeConnectResponse, refusal } from "./connect.ts";
import { FrameSplitter } from "./frames.ts";
import { openLink } from "./link.ts";
import { ReplyHeader, WatcherEvent } from "./records.ts";

const granted = encodeConnectResponse({
  protocolVersion: 0,
  timeOut: 4_000,
  sessionId: 7,
  passwd: Buffer.alloc(16, 1),
  readOnly: false,
});

const prefixed = (...frames: Uint8Array[]) =>
  Buffer.concat(frames.flatMap((frame) => [Buffer.from(Uint32Array.of(frame.length).buffer).swap32(), frame]));

function replyFrame(xid: number, err: number): Buffer {
  const writer = new Writer();
  write(ReplyHeader, writer, { xid, zxid: 9, err });
  return writer.copy();
}

function eventFrame(path: string): Buffer {
  const writer = new Writer();
  write(ReplyHeader, writer, { xid: -1, zxid: -1, err: 0 });
  write(WatcherEvent, writer, { type: 3, state: 3, path });
  return writer.copy();
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A scripted server on loopback: `onFrame` gets each frame of each connection with its index. */
async function scriptedServer(onFrame: (socket: Socket, frame: Buffer, index: number) => void): Promise<ClientOptions> {
  const server = createServer((socket) => {
    const splitter = new FrameSplitter();
    let index = 0;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) =>
      splitter.push(chunk, (frame) => {
        onFrame(socket, frame, index++);
        return true;
      }),
    );
    open.push(() => socket.destroy());
  });
  open.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { host: "127.0.0.1", port: address.port, timeoutMs: 4_000, connectWaitMs: 2_000 };
}

async function granting(options: ClientOptions) {
  const outcome = await connect(options);
  if (outcome.is !== "granted") throw new Error(outcome.is);
  open.push(() => outcome.client.close());
  return outcome.client;
}

test("the first frame is the ConnectRequest asked for", async () => {
  const requests: unknown[] = [];
  const at = await scriptedServer((socket, frame) => {
    requests.push(decodeConnectRequest(frame));
    socket.write(prefixed(granted));
  });
  await granting({ ...at, sessionId: 5, passwd: null, lastZxidSeen: 3, readOnly: "absent" });
  expect(requests).toEqual([{ protocolVersion: 0, lastZxidSeen: 3, timeOut: 4_000, sessionId: 5, passwd: null }]);
});

test("frames glued to the handshake's answer are delivered, and in wire order with the replies", async () => {
  const event = eventFrame("/a");
  const at = await scriptedServer((socket, frame, index) => {
    if (index === 0) socket.write(prefixed(granted, event));
    else socket.write(prefixed(event, replyFrame(frame.readInt32BE(0), -101), event));
  });
  const seen: number[] = [];
  const client = await granting({ ...at, onFrame: (frame) => seen.push(frame.readInt32BE(0)) });
  const reply = await client.call("exists", { path: "/a", watch: false });
  expect(reply.header).toEqual({ xid: 1, zxid: 9, err: -101 });
  expect(reply.body).toBeNull();
  expect(seen).toEqual([-1, -1, 1, -1]);
});

test("pings share one xid and are answered in order", async () => {
  const at = await scriptedServer((socket, _frame, index) =>
    socket.write(prefixed(index === 0 ? granted : replyFrame(-2, -index))),
  );
  const client = await granting(at);
  const replies = await Promise.all([client.call("ping", {}), client.call("ping", {})]);
  expect(replies.map((reply) => reply.header.err)).toEqual([-1, -2]);
});

test("requests of one turn leave in one write", async () => {
  let chunks = 0;
  const at = await scriptedServer((socket, frame, index) => {
    if (index === 0) {
      socket.write(prefixed(granted));
      socket.on("data", () => chunks++);
    } else socket.write(prefixed(replyFrame(frame.readInt32BE(0), 0)));
  });
  const client = await granting(at);
  await Promise.all(Array.from({ length: 100 }, () => client.call("delete", { path: "/a", version: -1 })));
  expect(chunks).toBe(1);
});

test("a timeout of 0 is a refusal", async () => {
  const at = await scriptedServer((socket) => socket.write(prefixed(encodeConnectResponse(refusal()))));
  expect(await connect(at)).toMatchObject({ is: "refused", response: { sessionId: 0 } });
});

test("a server that hangs up without a word has closed, one that is not there is unreachable", async () => {
  const at = await scriptedServer((socket) => socket.end());
  expect(await connect(at)).toMatchObject({ is: "closed" });
  expect(await connect({ ...at, port: 1 })).toMatchObject({ is: "unreachable" });
});

test("a server that says nothing is unreachable after the wait", async () => {
  const at = await scriptedServer(() => undefined);
  expect(await connect({ ...at, connectWaitMs: 30 })).toMatchObject({ is: "unreachable" });
});

test("a lost connection rejects what waits, and then says so once", async () => {
  const at = await scriptedServer((socket, _frame, index) =>
    index === 0 ? socket.write(prefixed(granted)) : socket.destroy(),
  );
  let closes = 0;
  const client = await granting({ ...at, onClose: () => closes++ });
  await expect(client.call("sync", { path: "/" })).rejects.toBeInstanceOf(ConnectionLost);
  await expect(client.call("sync", { path: "/" })).rejects.toBeInstanceOf(ConnectionLost);
  expect([client.hasClosed, closes]).toEqual([true, 1]);
});

test.each([true, false])("whether a server that refuses a session hangs up is waited for: %s", async (hangsUp) => {
  const frame = prefixed(encodeConnectResponse(refusal()));
  const at = await scriptedServer((socket) => (hangsUp ? socket.end(frame) : socket.write(frame)));
  const outcome = await openLink({ ...at, hello: Buffer.alloc(44), hangUpWaitMs: 200 });
  expect(outcome.is).toBe("refused");
  expect("isLeftOpen" in outcome).toBe(!hangsUp);
});

test("a paused link delivers nothing, then everything and the close behind it", async () => {
  const at = await scriptedServer((socket, frame, index) => {
    if (index === 0) socket.write(prefixed(granted));
    else socket.end(prefixed(frame, frame));
  });
  const outcome = await openLink({ ...at, hello: Buffer.alloc(44) });
  if (outcome.is !== "granted") throw new Error(outcome.is);
  const seen: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  outcome.link.listen({
    onFrame: (frame) => {
      seen.push(frame.toString());
      outcome.link.pause();
      setTimeout(() => {
        seen.push("resumed");
        outcome.link.resume();
      }, 10);
    },
    onClose: () => {
      seen.push("closed");
      resolve();
    },
  });
  outcome.link.send(Buffer.from("a frame"));
  await closed;
  outcome.link.resume();
  expect(seen).toEqual(["a frame", "resumed", "a frame", "resumed", "closed"]);
});

test("hangs up on a server that owes an answer and says nothing", async () => {
  const server = await scriptedServer((socket, _, index) => {
    if (index === 0) socket.write(prefixed(granted));
    if (index === 1) socket.write(prefixed(replyFrame(1, 0)));
  });
  const opened = await connect({ ...server, silenceMaxMs: 150 });
  if (opened.is !== "granted") throw new Error(opened.is);
  const { client } = opened;
  await client.call("closeSession", {});
  await sleep(300);
  expect(client.hasClosed).toBe(false);
  const lost = await client.call("closeSession", {}).catch((cause: unknown) => cause);
  expect(lost).toBeInstanceOf(ConnectionLost);
  expect(lost).toMatchObject({ cause: { message: "the server has said nothing for 150 ms" } });
});

test("waits for a server that keeps sending", async () => {
  const server = await scriptedServer((socket, _, index) => {
    if (index === 0) return void socket.write(prefixed(granted));
    let events = 0;
    const timer = setInterval(() => {
      if (++events < 6) return void socket.write(prefixed(eventFrame("/a")));
      clearInterval(timer);
      socket.write(prefixed(replyFrame(1, 0)));
    }, 60);
  });
  const opened = await connect({ ...server, silenceMaxMs: 250 });
  if (opened.is !== "granted") throw new Error(opened.is);
  expect((await opened.client.call("closeSession", {})).header.err).toBe(0);
  opened.client.close();
});
