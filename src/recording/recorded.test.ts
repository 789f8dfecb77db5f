import { describe, expect, test } from "vitest";
import type { Backend, Downstream, Opened } from "../backend.ts";
import { Writer } from "../jute/buffers.ts";
import { encode } from "../jute/codec.ts";
import { silentLogger } from "../logger.ts";
import { encodeRequest } from "../protocol/client.ts";
import { encodeConnectRequest } from "../protocol/connect.ts";
import { type OpName, opcodes, type RequestOf } from "../protocol/opcodes.ts";
import { parseEvent, type RecordingEvent } from "./format.ts";
import { recorded } from "./recorded.ts";
import { StandIns } from "./stand-ins.ts";
import { Tape, type TapeFile } from "./tape.ts";

const request = { protocolVersion: 0, lastZxidSeen: 0, timeOut: 4_000, sessionId: 0, passwd: Buffer.alloc(16) };
const hello = { request, raw: encodeConnectRequest(request), peer: { address: "10.0.0.1", port: 7 } };
const frameOf = <Op extends OpName>(xid: number, op: Op, body: RequestOf<Op>): Buffer =>
  Buffer.from(encodeRequest(new Writer(), xid, op, body));
const replyOf = (xid: number, err: number, path?: string): Buffer => {
  const header = Buffer.alloc(16);
  header.writeInt32BE(xid, 0);
  header.writeInt32BE(err, 12);
  return path === undefined ? header : Buffer.concat([header, encode(opcodes.create.reply, { path })]);
};

/** A backend behind a tape: what reached it, what reached the client, and what the tape holds. */
function setUp(answer: Opened["is"] = "granted") {
  let text = "";
  const file = {
    write: async (bytes: Buffer) => {
      text += bytes.toString("latin1");
      return { bytesWritten: bytes.length, buffer: bytes };
    },
    close: async () => undefined,
  } as unknown as TapeFile;
  const tape = new Tape(file, { tool: "zetcd 1.2.3", redaction: "credentials" }, { log: silentLogger });
  const asked: (Buffer | string)[] = [];
  const got: Uint8Array[] = [];
  let toClient: Downstream | undefined;
  const granted = { protocolVersion: 0, timeOut: 4_000, sessionId: 2 ** 60, passwd: Buffer.alloc(16, 3) };
  const session = { granted, submit: (frame: Buffer) => asked.push(frame), close: (why: string) => asked.push(why) };
  const raw = new Uint8Array(4);
  const opened = {
    granted: { is: "granted", session, raw },
    refused: { is: "refused", raw },
    closed: { is: "closed", reason: "x" },
  };
  const backend = recorded(
    {
      name: "inner",
      open: async (_hello: unknown, downstream: Downstream) => {
        toClient = downstream;
        return opened[answer];
      },
    } as unknown as Backend,
    tape,
    new StandIns("credentials"),
  );
  const client: Downstream = { send: (frame) => void got.push(frame), end: () => asked.push("end"), queuedBytes: 42 };
  const events = async (): Promise<RecordingEvent[]> => {
    await tape.finish();
    return text.split("\n").flatMap((line) => parseEvent(line) ?? []);
  };
  return { backend, client, asked, got, events, toClient: () => toClient };
}

describe("a recorded backend", () => {
  test("passes everything on, and tells it", async () => {
    const { backend, client, asked, got, events, toClient } = setUp();
    const opened = await backend.open(hello, client);
    if (opened.is !== "granted") throw new Error(opened.is);
    const frame = frameOf(1, "sync", { path: "/" });
    opened.session.submit(frame);
    toClient()?.send(replyOf(1, 0));
    expect(toClient()?.queuedBytes).toBe(42);
    toClient()?.end();
    opened.session.close("client");
    expect(asked).toEqual([frame, "end", "client"]);
    expect(got).toEqual([replyOf(1, 0)]);
    const told = await events();
    expect(told.map(({ event }) => event)).toEqual(["open", "granted", "frame", "close", "end"]);
    expect(told[1]).toMatchObject({ on: 1, session: String(2 ** 60) });
    expect(told[2]).toMatchObject({ on: 1, frame: frame.toString("base64") });
  });

  test.each(["refused", "closed"] as const)("tells that a handshake was %s", async (how) => {
    const { backend, client, events } = setUp(how);
    expect((await backend.open(hello, client)).is).toBe(how);
    expect((await events())[1]).toMatchObject({ event: "denied", how });
  });

  test("tells the names that were chosen, and no others", async () => {
    const { backend, client, events, toClient } = setUp();
    const opened = await backend.open(hello, client);
    if (opened.is !== "granted") throw new Error(opened.is);
    const create = { path: "/n-", data: null, acl: [], flags: 3 };
    for (const [xid, flags] of [
      [1, 3],
      [2, 0],
      [3, 2],
    ] as const)
      opened.session.submit(frameOf(xid, "create", { ...create, flags }));
    opened.session.submit(frameOf(4, "create", create).subarray(0, -1));
    toClient()?.send(replyOf(1, 0, "/n-0000000001"));
    toClient()?.send(replyOf(2, 0, "/n-"));
    toClient()?.send(replyOf(3, -101));
    toClient()?.send(Buffer.alloc(4));
    toClient()?.send(replyOf(1, 0, "/again"));
    expect((await events()).filter(({ event }) => event === "named")).toMatchObject([
      { on: 1, xid: 1, paths: ["/n-0000000001"] },
    ]);
  });
});
