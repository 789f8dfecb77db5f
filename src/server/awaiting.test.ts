import { expect, test } from "vitest";
import { Awaiting } from "./awaiting.ts";

const waiting = (...xids: number[]) => {
  const queue = new Awaiting();
  for (const xid of xids) queue.add({ xid, opcode: xid === 9 ? 11 : 4, atMs: xid });
  return queue;
};

test("replies in order, and a queue that is used for long stays right", () => {
  const queue = new Awaiting();
  for (let xid = 0; xid < 5_000; xid++) {
    queue.add({ xid, opcode: 4, atMs: xid });
    if (xid >= 3) expect(queue.take(xid - 3)?.atMs).toBe(xid - 3);
  }
  expect([4_997, 4_998, 4_999, 0].map((xid) => queue.take(xid)?.xid)).toEqual([4_997, 4_998, 4_999, undefined]);
});

test("a reply that overtakes takes its own request, and one that is never answered costs nobody else's", () => {
  const queue = waiting(1, 2, 3, 4);
  expect([3, 2, 4].map((xid) => queue.take(xid)?.xid)).toEqual([3, 2, 4]);
  expect([queue.take(7), queue.take(1)?.xid]).toEqual([undefined, 1]);
});

test("a ping is answered under an xid of its own", () => {
  expect(waiting(1, 9, 2).take(-2)).toMatchObject({ xid: 9, opcode: 11 });
});
