/** What is certain of a history with gaps, and its connections one by one. */
import { expect, test } from "vitest";
import { type Call, certainOf, changesOf, type Lane, type Resumption, staysOf } from "./history.ts";

const reply = (zxid: number, invokedMs: number): Call => ({
  ...{ is: "reply", number: zxid, session: 1, xid: zxid, op: "getData", path: "/n", zxid, err: 0, changed: [] },
  ...{ request: Buffer.alloc(0), reply: Buffer.alloc(0), invokedMs, returnedMs: invokedMs + 1 },
});

const resumption = (server: string, isMove = true): Resumption => ({
  ...{ is: "resumption", session: 1, server, raw: Buffer.from(server), isMove, goneMs: 0, atMs: 0 },
});

const lane = (arrivals: Lane["arrivals"], over?: Lane["over"]): Lane => ({
  ...{ session: 1, server: "a", raw: Buffer.from("a"), sessionId: 1, passwd: null, timeOut: 1, arrivals },
  ...(over === undefined ? {} : { over }),
});

const expired = { why: "expired", goneMs: 30, atMs: 40 } as const;

test("each connection has what came on it, and all but the last have ended", () => {
  const [one, two] = [reply(1, 0), reply(2, 10)];
  const arrivals = [one, resumption("b"), resumption("c"), two];
  const told = (stays: ReturnType<typeof staysOf>) =>
    stays.map(({ raw, arrivals, isEnded }) => [raw.toString(), arrivals, isEnded]);
  expect(told(staysOf(lane(arrivals)))).toEqual([
    ["a", [one], true],
    ["b", [], true],
    ["c", [two], false],
  ]);
  expect(staysOf(lane(arrivals, expired)).at(-1)?.isEnded).toBe(true);
});

test("what a lost answer or an ended session leaves certain was answered before it could happen", () => {
  const lanes = [lane([reply(1, 0), reply(2, 10), reply(3, 20)])];
  expect(certainOf(lanes, [])).toBe(Number.POSITIVE_INFINITY);
  expect(certainOf(lanes, [25, 15])).toBe(2);
  expect(certainOf([...lanes, lane([reply(1, 5)], expired)], [15])).toBe(1);
  expect(certainOf([...lanes, lane([], expired)], [])).toBe(Number.POSITIVE_INFINITY);
});

test("moves, losses and ends are counted", () => {
  const lanes = [lane([resumption("b"), resumption("a", false), resumption("b")], expired), lane([])];
  expect(changesOf({ lanes })).toEqual({ moves: 2, losses: 2, ends: 1 });
});
