import { expect, test } from "vitest";
import { type Mode, Ordering } from "./ordering.ts";

/** A request that notes its start. */
const ticket = (owner: object, needs: Record<string, Mode>, name: string, started: string[]) => ({
  owner,
  needs: new Map(Object.entries(needs)),
  start: () => started.push(name),
});

const [x, y, z] = [{}, {}, {}];

test("reads of one znode overlap, a write waits for all of them and then holds up the next", () => {
  const order = new Ordering();
  const started: string[] = [];
  const reads = [ticket(x, { a: "read" }, "r1", started), ticket(y, { a: "read" }, "r2", started)] as const;
  const write = ticket(z, { a: "write" }, "w", started);
  const late = ticket(x, { a: "read" }, "r3", started);
  for (const one of [...reads, write, late]) order.enter(one);
  expect(started).toEqual(["r1", "r2"]);
  order.leave(reads[0]);
  expect(started).toEqual(["r1", "r2"]);
  order.leave(reads[1]);
  expect(started).toEqual(["r1", "r2", "w"]);
  order.leave(write);
  expect(started).toEqual(["r1", "r2", "w", "r3"]);
});

test("requests of one session are sent without waiting for each other's answers", () => {
  const order = new Ordering();
  const started: string[] = [];
  for (const name of ["1", "2", "3"]) order.enter(ticket(x, { a: "write" }, name, started));
  expect(started).toEqual(["1", "2", "3"]);
});

test("a session's request is never sent before the session's earlier one", () => {
  const order = new Ordering();
  const started: string[] = [];
  const blocker = ticket(x, { a: "write" }, "x", started);
  order.enter(blocker);
  order.enter(ticket(y, { a: "read" }, "y on a", started));
  order.enter(ticket(y, { b: "read" }, "y on b", started));
  expect(started).toEqual(["x"]);
  order.leave(blocker);
  expect(started).toEqual(["x", "y on a", "y on b"]);
});

test("additions to a tree overlap, counting it waits for them", () => {
  const order = new Ordering();
  const started: string[] = [];
  const adds = [ticket(x, { tree: "add" }, "a1", started), ticket(y, { tree: "add" }, "a2", started)] as const;
  for (const one of adds) order.enter(one);
  order.enter(ticket(z, { tree: "read" }, "count", started));
  expect(started).toEqual(["a1", "a2"]);
  order.leave(adds[0]);
  order.leave(adds[1]);
  expect(started).toEqual(["a1", "a2", "count"]);
});

test("giving up a request that was never sent frees those behind it", () => {
  const order = new Ordering();
  const started: string[] = [];
  const first = ticket(x, { a: "write" }, "first", started);
  const waiting = ticket(y, { a: "write" }, "given up", started);
  order.enter(first);
  order.enter(waiting);
  order.enter(ticket(y, { b: "write" }, "behind", started));
  order.leave(waiting);
  expect(started).toEqual(["first", "behind"]);
  order.leave(first);
  expect(started).toEqual(["first", "behind"]);
  expect(order.size).toBe(1);
});

test("a long pipeline starts without deep recursion", () => {
  const order = new Ordering();
  const started: string[] = [];
  const blocker = ticket(x, { a: "write" }, "x", started);
  order.enter(blocker);
  for (let i = 0; i < 20_000; i++) order.enter(ticket(y, i === 0 ? { a: "write" } : {}, String(i), started));
  order.leave(blocker);
  expect(started.length).toBe(20_001);
});
