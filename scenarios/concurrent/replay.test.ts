/** Where a replayed client changes its connection, and what it says there. */
import { expect, test } from "vitest";
import type { Backend, Downstream, Hello } from "../../src/backend.ts";
import { Writer } from "../../src/jute/buffers.ts";
import { encode } from "../../src/jute/codec.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { eventTypes, opName } from "../../src/protocol/opcodes.ts";
import { ReplyHeader } from "../../src/protocol/records.ts";
import type { Call, History, Lane, Resumption } from "./history.ts";
import { replay } from "./replay.ts";

const exists = (xid: number) => encodeRequest(new Writer(), xid, "exists", { path: "/n", watch: true });
const setWatches = { relativeZxid: 3, dataWatches: ["/n"], existWatches: [], childWatches: [] };

let calls = 0;

const call = (session: number, xid: number, zxid: number, rest: Partial<Call> = {}): Call => ({
  ...{ is: "reply", number: calls++, session, xid, op: "exists", path: "/n", zxid, err: 0, changed: [] },
  ...{ request: Buffer.from(exists(xid)), reply: Buffer.alloc(0), invokedMs: 0, returnedMs: 1 },
  ...rest,
});

const write = (session: number, xid: number, zxid: number): Call =>
  call(session, xid, zxid, {
    op: "setData",
    request: Buffer.from(encodeRequest(new Writer(), xid, "setData", { path: "/n", data: null, version: -1 })),
    changed: [{ type: eventTypes.dataChanged, path: "/n" }],
  });

const rearming = (session: number, zxid: number): Call =>
  call(session, -8, zxid, {
    op: "setWatches",
    request: Buffer.from(encodeRequest(new Writer(), -8, "setWatches", setWatches)),
  });

const resumption: Resumption = {
  ...{ is: "resumption", session: 1, server: "t", raw: Buffer.alloc(0), isMove: true, goneMs: 0, atMs: 0 },
};

const lane = (session: number, arrivals: Lane["arrivals"], over?: Lane["over"]): Lane => ({
  ...{ session, server: "s", raw: Buffer.alloc(0), sessionId: session, passwd: null, timeOut: 9, arrivals },
  ...(over === undefined ? {} : { over }),
});

/** What an oracle is asked that counts its own zxids: 100 for the first request, and so on. */
async function asked(lanes: Lane[], certainTo = Number.POSITIVE_INFINITY): Promise<string[]> {
  const log: string[] = [];
  let zxid = 100;
  let sessions = 70;
  const openAs = async ({ session: name }: { session: string }, { request }: Hello, downstream: Downstream) => {
    const isNew = request.sessionId === 0;
    const sessionId = isNew ? ++sessions : request.sessionId;
    if (!isNew) log.push(`${name} resumes ${sessionId} at ${request.lastZxidSeen}`);
    const session = {
      granted: { protocolVersion: 0, timeOut: 9, sessionId, passwd: null },
      submit: (frame: Buffer) => {
        const op = opName(frame.readInt32BE(4));
        log.push(`${name} ${op}${op === "setWatches" ? ` since ${frame.readBigInt64BE(8)}` : ""}`);
        const header = { xid: frame.readInt32BE(0), zxid: zxid++, err: 0 };
        setImmediate(() => downstream.send(encode(ReplyHeader, header)));
      },
      close: () => void log.push(`${name} hangs up`),
    };
    return { is: "granted" as const, session, raw: Buffer.alloc(0) } satisfies Awaited<ReturnType<Backend["open"]>>;
  };
  const history: History = { lanes, unanswered: 0, certainTo };
  await replay(history, {
    check: { openAs, settled: async () => undefined, fence: async () => void log.push("fence") },
    ...{ name: "h", stop: new AbortController().signal, isOver: () => false, progress: () => undefined },
  });
  return log;
}

test("a client moves behind the last reply of its connection, with what it was told here", async () => {
  const lanes = [
    lane(1, [call(1, 1, 3), resumption, rearming(1, 7), call(1, 2, 7)]),
    lane(2, [write(2, 1, 3), write(2, 2, 7)]),
  ];
  expect(await asked(lanes)).toEqual([
    ...["s2 setData", "s1 exists", "fence", "s1 hangs up", "s1 resumes 71 at 101"],
    ...["s2 setData", "s1 setWatches since 101", "s1 exists", "fence", "s1 hangs up", "s2 hangs up"],
  ]);
});

test("a client that was lost is gone when the next write comes, and one whose end is not certain stays", async () => {
  const over = { why: "lost", goneMs: 0, atMs: 0 } as const;
  const lanes = [
    lane(1, [call(1, 1, 3), call(1, 2, 9)], over),
    lane(2, [write(2, 1, 3), write(2, 2, 7), write(2, 3, 9)]),
  ];
  expect(await asked(lanes)).toEqual([
    ...["s2 setData", "s1 exists", "s2 setData", "s2 setData", "s1 exists", "fence", "s1 hangs up"],
    ...["fence", "s2 hangs up"],
  ]);
  expect(await asked(lanes, 7)).toEqual([
    ...["s2 setData", "s1 exists", "s2 setData", "fence", "s1 hangs up", "s2 hangs up"],
  ]);
});

test("a call that a zxid from the past puts before its session's move cannot be asked any more", async () => {
  const lanes = [lane(1, [call(1, 1, 9), resumption, call(1, 2, 3)]), lane(2, [write(2, 1, 3)])];
  expect(await asked(lanes)).toEqual([
    ...["s2 setData", "s1 hangs up", "s1 resumes 71 at 0", "s1 exists", "fence", "s1 hangs up", "s2 hangs up"],
  ]);
});
