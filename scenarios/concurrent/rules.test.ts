/** Each rule on histories that are right but for one thing. */
import { expect, test } from "vitest";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import type { Arrival, Call, History, Lane, Resumption } from "./history.ts";
import { violations } from "./rules.ts";

let calls = 0;

/** A call that took from `at` to `at + 1`, or as long as is said. */
function call(session: number, zxid: number, rest: Partial<Call> & { at?: number; write?: boolean } = {}): Call {
  const { at = calls * 10, write = false, ...more } = rest;
  const number = calls++;
  return {
    ...{ is: "reply", number, session, xid: number + 1, op: write ? "setData" : "getData", path: "/n", zxid, err: 0 },
    ...{ request: Buffer.alloc(0), reply: Buffer.alloc(0), invokedMs: at, returnedMs: at + 1 },
    changed: write ? [{ type: eventTypes.dataChanged, path: "/n" }] : [],
    ...more,
  };
}

const event = (session: number, zxid: number): Arrival => ({
  ...{ is: "event", session, atMs: 0, frame: Buffer.alloc(0), type: eventTypes.dataChanged, path: "/n", zxid },
});

const moved = (session: number): Resumption => ({
  ...{ is: "resumption", session, server: "t", raw: Buffer.alloc(0), isMove: true, goneMs: 0, atMs: 0 },
});

function history(...lanes: Lane["arrivals"][]): History {
  const common = { server: "s", raw: Buffer.alloc(0), passwd: null, timeOut: 1 };
  return {
    lanes: lanes.map((arrivals, index) => ({ ...common, session: index + 1, sessionId: index, arrivals })),
    unanswered: 0,
    certainTo: Number.POSITIVE_INFINITY,
  };
}

const broken = (...lanes: Lane["arrivals"][]): string[] => violations(history(...lanes)).map(({ rule }) => rule);

test("a history of a ZooKeeper breaks none", () => {
  const one = [call(1, 5, { write: true }), call(1, 6)];
  const failed = { op: "delete", err: -101 } as const;
  const other = [call(2, 4), event(2, 5), call(2, 5), call(2, 6, failed), call(2, 6, { op: "sync" })];
  expect(broken(one, other)).toEqual([]);
});

test("a session that goes back in time says how", () => {
  expect(broken([call(1, 5, { write: true }), call(1, 4)])).toEqual(["read-your-writes"]);
  expect(broken([call(1, 5), call(1, 4)])).toEqual(["monotonic-reads"]);
  expect(broken([call(1, 5, { at: 0 }), call(1, 4, { write: true, at: 0 })])).toEqual(["session-order"]);
});

test("replies come in the order of the requests", () => {
  const [first, then] = [call(1, 5), call(1, 5)];
  expect(broken([then, first])).toEqual(["reply-order"]);
});

test("an event comes before the first reply that shows its write", () => {
  expect(broken([event(1, 5), call(1, 5)])).toEqual([]);
  expect(broken([call(1, 5), event(1, 5)])).toEqual(["watch-before-read"]);
});

test("a server that does not tell an event's zxid is not accused by it", () => {
  expect(broken([call(1, 5), event(1, -1)])).toEqual([]);
});

test("each write has a zxid of its own", () => {
  const overlapping = { write: true, at: 0 };
  expect(broken([call(1, 5, overlapping)], [call(2, 5, overlapping)])).toEqual(["zxid-reused"]);
});

test("a write that began when another one had been answered comes behind it", () => {
  const early = call(1, 6, { write: true, at: 0 });
  expect(broken([early], [call(2, 5, { write: true, at: 0.5 })])).toEqual([]);
  expect(broken([early], [call(2, 5, { write: true, at: 1.5 })])).toEqual(["real-time-order"]);
});

test("a sync shows what anybody had been told before", () => {
  const write = call(1, 6, { write: true, at: 0 });
  expect(broken([write], [call(2, 5, { op: "sync", at: 0.5 })])).toEqual([]);
  expect(broken([write], [call(2, 5, { op: "sync", at: 1.5 })])).toEqual(["sync"]);
});

test("a session that moved has seen what it saw before", () => {
  expect(broken([call(1, 5), moved(1), call(1, 5)])).toEqual([]);
  expect(broken([call(1, 5), moved(1), call(1, 4)])).toEqual(["monotonic-reads"]);
  expect(broken([call(1, 5, { write: true }), moved(1), call(1, 4)])).toEqual(["read-your-writes"]);
  expect(broken([call(1, 5, { at: 0 }), moved(1), call(1, 4, { write: true, at: 0 })])).toEqual(["session-order"]);
  expect(broken([call(1, 5), moved(1), event(1, 5), call(1, 6)])).toEqual(["watch-before-read"]);
  const setWatches = { op: "setWatches", xid: -8 } as const;
  expect(broken([call(1, 5), moved(1), call(1, 6, setWatches), call(1, 6)])).toEqual([]);
});

test.each([
  { why: "expired", atMs: 100.9, rules: ["session-kept"] },
  { why: "expired", atMs: 101, rules: [] },
  { why: "lost", atMs: 50, rules: [] },
] as const)("a session that is $why at $atMs ms breaks $rules", ({ why, atMs, rules }) => {
  const { lanes, ...rest } = history([call(1, 5, { at: 1 })]);
  const over = { why, goneMs: 2, atMs };
  expect(violations({ ...rest, lanes: lanes.map((lane) => ({ ...lane, timeOut: 100, over })) })).toMatchObject(
    rules.map((rule) => ({ rule })),
  );
});
