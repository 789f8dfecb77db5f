/** The recorded candidate says what was said, where it was said, and no event before its write. */
import { expect, test } from "vitest";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { Arrival, Call, History, Lane } from "./history.ts";
import { inZxidOrder } from "./history.ts";
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
    const hello = { request: {}, raw: Buffer.alloc(0), peer: { address: "", port: 0 } } as never;
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
