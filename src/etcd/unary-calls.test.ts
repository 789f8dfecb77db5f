import { once } from "node:events";
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { EtcdInvalidAuthTokenError, GRPCDeadlineExceededError, GRPCInternalError, GRPCUnavailableError } from "etcd3";
import { afterEach, expect, test } from "vitest";
import { UnaryCalls } from "./unary-calls.ts";

type Answer = (stream: ServerHttp2Stream, message: Buffer, headers: IncomingHttpHeaders) => void;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that answers with `answer`, and a client of it. `sessions` counts connections. */
async function pair(answer: Answer) {
  const server: Http2Server = createServer();
  const sessions: { destroy(): void; goaway(): void }[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => answer(stream, Buffer.concat(chunks), headers));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const calls = new UnaryCalls(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  ends.push(() => {
    for (const session of sessions) session.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  ends.push(() => calls.close());
  const call = (text = "hello", limitMs = 5_000) =>
    calls.call("/p.S/M", Buffer.from(text), { limitMs, metadata: { token: "t" } });
  return { server, sessions, calls, call };
}

const framed = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);

/** Answers as a gRPC server does. */
function reply(stream: ServerHttp2Stream, pieces: readonly Buffer[], trailers: Record<string, string>): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  for (const piece of pieces) stream.write(piece);
  stream.end();
}

const ok = { "grpc-status": "0" };

test("a call carries its method, its deadline, its metadata and the message, and is answered", async () => {
  const seen: unknown[] = [];
  const { call } = await pair((stream, message, headers) => {
    seen.push(headers[":path"], headers["content-type"], headers.te, headers["grpc-timeout"], headers.token, message);
    reply(stream, [framed("world")], ok);
  });
  expect(String(await call())).toBe("world");
  expect(seen).toEqual(["/p.S/M", "application/grpc", "trailers", "5000m", "t", framed("hello")]);
});

test("an answer may be empty, or come in pieces", async () => {
  const texts = ["", "in three pieces"];
  const { call } = await pair((stream, message) => {
    const whole = framed(texts[Number(message.subarray(5))] ?? "");
    reply(stream, [whole.subarray(0, 3), whole.subarray(3, 8), whole.subarray(8)], ok);
  });
  expect(String(await call("0"))).toBe("");
  expect(String(await call("1"))).toBe("in three pieces");
});

test("calls share one connection, also at the same time", async () => {
  const { call, sessions } = await pair((stream, message) => reply(stream, [message], ok));
  expect((await Promise.all(["a", "b", "c"].map((text) => call(text)))).map(String)).toEqual(["a", "b", "c"]);
  await call();
  expect(sessions.length).toBe(1);
});

test.each(["behind an answer", "alone"])("what the server complains of is told as etcd3 does: %s", async (how) => {
  const trailers = { "grpc-status": "16", "grpc-message": "etcdserver: invalid auth token" };
  const { call } = await pair((stream) =>
    how === "alone"
      ? stream.respond({ ":status": 200, ...trailers }, { endStream: true })
      : reply(stream, [], trailers),
  );
  await expect(call()).rejects.toThrow(EtcdInvalidAuthTokenError);
});

test("a complaint is decoded, and left as it is if that is impossible", async () => {
  const texts = ["100%25 sure", "100% sure"];
  const { call } = await pair((stream, message) =>
    reply(stream, [], { "grpc-status": "13", "grpc-message": texts[Number(message.subarray(5))] ?? "" }),
  );
  await expect(call("0")).rejects.toThrow("100% sure");
  await expect(call("1")).rejects.toThrow("100% sure");
});

test.each([
  ["a part of a message", [framed("hello").subarray(0, 7)], GRPCInternalError],
  ["a compressed message", [Buffer.from([1, 0, 0, 0, 0])], GRPCInternalError],
  ["no message", [], GRPCInternalError],
])("is no answer: %s", async (_, pieces, error) => {
  const { call } = await pair((stream) => reply(stream, pieces, ok));
  await expect(call()).rejects.toThrow(error);
});

test("another server's page is no answer either", async () => {
  const { call } = await pair((stream) => {
    stream.respond({ ":status": 502, "content-type": "text/html" });
    stream.end("<h1>Bad gateway</h1>");
  });
  await expect(call()).rejects.toThrow("HTTP status 502");
  await expect(call()).rejects.toThrow(GRPCUnavailableError);
});

test("a call that is not answered in time fails then, and the next one has a new connection", async () => {
  const { call, sessions } = await pair((stream, message) => {
    if (String(message.subarray(5)) !== "slow") reply(stream, [message], ok);
  });
  const other = call("other");
  await expect(call("slow", 50)).rejects.toThrow(GRPCDeadlineExceededError);
  expect(String(await other)).toBe("other");
  expect(String(await call("again"))).toBe("again");
  expect(sessions.length).toBe(2);
});

test.each(["cut off", "sent away"])(
  "a connection that is %s is made anew, and what was under way is not sent again",
  async (how) => {
    let asked = 0;
    const { call, sessions } = await pair((stream, message) => {
      asked++;
      if (String(message.subarray(5)) !== "end") return reply(stream, [message], ok);
      for (const session of sessions) how === "cut off" ? session.destroy() : session.goaway();
      if (how === "sent away") reply(stream, [message], ok);
    });
    await call();
    const last = call("end");
    if (how === "cut off") await expect(last).rejects.toThrow(GRPCUnavailableError);
    else expect(String(await last)).toBe("end");
    expect(String(await call("next"))).toBe("next");
    expect(asked).toBe(3);
    expect(sessions.length).toBe(2);
  },
);

test("where nobody listens a call says so, and is made once somebody does", async () => {
  const { calls, call, server } = await pair((stream, message) => reply(stream, [message], ok));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(call()).rejects.toThrow(/ECONNREFUSED/);
  await once(server.listen(port, "127.0.0.1"), "listening");
  expect(String(await call("now"))).toBe("now");
  calls.close();
});

test("closing ends what is under way", async () => {
  const { calls, call } = await pair(() => calls.close());
  await expect(call()).rejects.toThrow(GRPCUnavailableError);
});
