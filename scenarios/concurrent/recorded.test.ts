/** The recorded candidate says what was said, where it was said, and no event before its write. */
import { expect, test } from "vitest";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import { type Arrival, type Call, type History, inZxidOrder, type Lane, type Resumption } from "./history.ts";
import { RecordedCandidate } from "./recorded.ts";

const reply = (session: number, xid: number, zxid: number, changed: Call["changed"] = []): Call => ({
  ...{ is: "reply", number: xid, session, xid, op: "getData", path: "/n", zxid, err: 0, changed },
  ...{ request: Buffer.alloc(8), reply: Buffer.from(`reply ${xid}`), invokedMs: 0, returnedMs: 1 },
});

const event = (session: number, zxid: number, name: string): Arrival => ({
  ...{ is: "event", session, atMs: 0, frame: Buffer.from(name), type: eventTypes.dataChanged, path: "/n", zxid },
});

const lane = (session: number, arrivals: Lane["arrivals"]): Lane => ({
  ...{ session, server: "s", raw: Buffer.alloc(0), sessionId: session, passwd: null, timeOut: 1, arrivals },
});

const write = [{ type: eventTypes.dataChanged, path: "/n" }];

/** Asks every call in zxid order; answers what each session heard. */
async function heard(history: History): Promise<string[][]> {
  const candidate = new RecordedCandidate(history);
  const out = history.lanes.map((): string[] => []);
  const sessions = [];
  for (const lines of out) {
    const hello = { request: { sessionId: 0 }, raw: Buffer.alloc(0), peer: { address: "", port: 0 } } as never;
    const opened = await candidate.open(hello, {
      send: (frame) => void lines.push(Buffer.from(frame).toString()),
      end: () => undefined,
      queuedBytes: 0,
    });
    if (opened.is === "granted") sessions.push(opened.session);
  }
  for (const call of inZxidOrder(history)) {
    const frame = Buffer.alloc(8);
    frame.writeInt32BE(call.xid);
    sessions[call.session - 1]?.submit(frame);
    for (const lines of out) lines.push("|");
  }
  return out;
}

test.each([7, -1])("an event whose header says %i comes with its write, to everybody", async (zxid) => {
  const history: History = {
    lanes: [
      lane(1, [reply(1, 1, 3), reply(1, 2, 7, write)]),
      lane(2, [reply(2, 3, 5), event(2, zxid, "event"), reply(2, 4, 9)]),
    ],
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  };
  expect(await heard(history)).toEqual([
    ["reply 1", "|", "|", "reply 2", "|", "|"],
    ["|", "reply 3", "|", "event", "|", "reply 4", "|"],
  ]);
});

test("an event that came too late comes too late again", async () => {
  const history: History = {
    lanes: [lane(1, [reply(1, 1, 7, write)]), lane(2, [reply(2, 2, 8), event(2, 7, "event")])],
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  };
  expect((await heard(history))[1]).toEqual(["|", "reply 2", "event", "|"]);
});

test("an event without a cause comes where it came", async () => {
  const history: History = {
    lanes: [lane(1, [reply(1, 1, 3), event(1, -1, "event"), reply(1, 2, 4)])],
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  };
  expect(await heard(history)).toEqual([["reply 1", "event", "|", "reply 2", "|"]]);
});

test("the order is that of the zxids, the write before those who saw it", () => {
  const [seen, wrote, later] = [reply(2, 1, 7), reply(1, 2, 7, write), reply(1, 3, 7)];
  const history: History = {
    lanes: [lane(1, [wrote, later]), lane(2, [seen])],
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  };
  expect(inZxidOrder(history)).toEqual([wrote, seen, later]);
});

const resumption = (session: number): Resumption => ({
  ...{ is: "resumption", session, server: "t", raw: Buffer.from("welcome back"), isMove: true, goneMs: 0, atMs: 0 },
});

test("a session that moved hears on its new connection what was missed, with the reply to setWatches and not before", async () => {
  const candidate = new RecordedCandidate({
    lanes: [
      lane(1, [reply(1, 1, 3), resumption(1), event(1, -1, "missed"), reply(1, -8, 7), event(1, -1, "event")]),
      lane(2, [reply(2, 1, 5, write), reply(2, 2, 9, write)]),
    ],
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  });
  const lines: string[] = [];
  const connect = async (name: string, sessionId: number) => {
    const opened = await candidate.open(
      { request: { sessionId }, raw: Buffer.alloc(0), peer: { address: "", port: 0 } } as never,
      { send: (frame) => void lines.push(`${name}: ${Buffer.from(frame)}`), end: () => undefined, queuedBytes: 0 },
    );
    if (opened.is !== "granted") throw new Error(opened.is);
    const ask = (xid: number) => {
      const frame = Buffer.alloc(8);
      frame.writeInt32BE(xid);
      opened.session.submit(frame);
    };
    return { ask, raw: Buffer.from(opened.raw).toString() };
  };
  const first = await connect("first", 0);
  const other = await connect("other", 0);
  first.ask(1);
  const second = await connect("second", 1);
  expect([first.raw, second.raw]).toEqual(["", "welcome back"]);
  other.ask(1);
  lines.push("|");
  second.ask(-8);
  other.ask(2);
  expect(lines).toEqual([
    ...["first: reply 1", "other: reply 1", "|", "second: missed", "second: reply -8"],
    ...["other: reply 2", "second: event"],
  ]);
  await expect(connect("third", 1)).rejects.toThrow("closed");
});
