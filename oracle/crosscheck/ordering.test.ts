import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Convoy } from "./convoy.ts";
import { type Mode, Ordering, type Ticket } from "./ordering.ts";

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

/** A write that may go in convoy, and the convoy it went in. */
const write = (owner: object, names: string[], name: string, started: string[]) => {
  const convoys: (Convoy | undefined)[] = [];
  const needs = new Map<string, Mode>(names.map((one) => [one, "write"]));
  const start = (convoy: Convoy | undefined) => {
    started.push(name);
    convoys.push(convoy);
  };
  return { owner, needs, mayConvoy: true, convoys, start };
};

describe("writes in convoy", () => {
  test("those that waited for the same one start together, the next one waits for all of them", () => {
    const order = new Ordering();
    const started: string[] = [];
    const [first, second, third, fourth] = ["1", "2", "3", "4"].map((name) => write({}, ["a"], name, started));
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
    for (const one of [first, second, third]) order.enter(one);
    expect(started).toEqual(["1"]);
    expect(first.convoys).toEqual([undefined]);
    order.leave(first);
    expect(started).toEqual(["1", "2", "3"]);
    expect(second.convoys[0]).toBeInstanceOf(Convoy);
    expect(third.convoys).toEqual(second.convoys);
    order.enter(fourth);
    order.leave(second);
    expect(started).toEqual(["1", "2", "3"]);
    order.leave(third);
    expect(started).toEqual(["1", "2", "3", "4"]);
    expect(fourth.convoys).toEqual([undefined]);
  });

  test("a read in line keeps later writes behind it, where they go together", () => {
    const order = new Ordering();
    const started: string[] = [];
    const first = write(x, ["a"], "first", started);
    const before = write(y, ["a"], "before", started);
    const reading = ticket(z, { a: "read" }, "read", started);
    const [after, last] = [write({}, ["a"], "after", started), write({}, ["a"], "last", started)];
    for (const one of [first, before, reading, after, last]) order.enter(one);
    order.leave(first);
    expect(started).toEqual(["first", "before"]);
    order.leave(before);
    expect(started).toEqual(["first", "before", "read"]);
    order.leave(reading);
    expect(started).toEqual(["first", "before", "read", "after", "last"]);
    expect(after.convoys[0]).toBeInstanceOf(Convoy);
    expect(last.convoys).toEqual(after.convoys);
  });

  test("a session's next convoy waits for the one before it, also for one that has not started", () => {
    const order = new Ordering();
    const started: string[] = [];
    const other = ticket(y, { a: "write" }, "other", started);
    const convoy = [write(x, ["a"], "1", started), write(x, ["a"], "2", started)];
    const read = ticket(x, { a: "read" }, "read", started);
    const next = [write(x, ["a"], "3", started), write(x, ["a"], "4", started)];
    for (const one of [other, ...convoy, read, ...next]) order.enter(one);
    order.leave(other);
    expect(started).toEqual(["other", "1", "2", "read"]);
    for (const one of convoy) order.leave(one);
    expect(started).toEqual(["other", "1", "2", "read", "3", "4"]);
  });

  test("one that is given up does not hold up the others", () => {
    const order = new Ordering();
    const started: string[] = [];
    const all = ["1", "2", "3", "4"].map((name) => write({}, ["a"], name, started));
    for (const one of all) order.enter(one);
    if (all[1] !== undefined) order.leave(all[1]);
    if (all[0] !== undefined) order.leave(all[0]);
    expect(started).toEqual(["1", "3", "4"]);
  });
});

const needing = (...modes: Mode[]) =>
  fc.record({
    owner: fc.nat(3),
    needs: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom(...modes), { minKeys: 1 }),
    mayConvoy: fc.boolean(),
  });
/** Convoys need several conflicting writes in a row. */
const request = fc.oneof(needing("read", "add", "write"), needing("write"));

test("whatever comes and whichever is answered first, everything starts, in order, and nothing that conflicts is under way outside a convoy", () => {
  const owners = [{}, {}, {}, {}];
  const conflicts = (a: Record<string, Mode>, b: Record<string, Mode>) =>
    Object.entries(a).some(([name, mode]) => {
      const other = b[name];
      return other !== undefined && !(mode === other && mode !== "write");
    });
  let convoysSeen = 0;
  fc.assert(
    fc.property(fc.array(request, { maxLength: 25 }), fc.infiniteStream(fc.nat(100)), (requests, chance) => {
      const order = new Ordering();
      const underWay: { index: number; ticket: Ticket; convoy: Convoy | undefined }[] = [];
      const begun: number[] = [];
      const pick = (): number => chance.next().value ?? 0;
      const answerOne = (): void => {
        const [answered] = underWay.splice(pick() % underWay.length, 1);
        if (answered !== undefined) order.leave(answered.ticket);
      };
      for (const [index, { owner, needs, mayConvoy }] of requests.entries()) {
        const one: Ticket = {
          owner: owners[owner] ?? {},
          needs: new Map(Object.entries(needs)),
          mayConvoy: mayConvoy && Object.values(needs).every((mode) => mode === "write"),
          start: (convoy) => {
            if (convoy !== undefined) convoysSeen++;
            for (const other of underWay) {
              const otherOwner = requests[other.index]?.owner;
              const isTogether = convoy !== undefined && other.convoy === convoy;
              if (otherOwner !== owner && !isTogether)
                expect(conflicts(needs, requests[other.index]?.needs ?? {})).toBe(false);
              if (otherOwner === owner) expect(other.index).toBeLessThan(index);
              // What the candidate may still be without would send this one late.
              if (otherOwner === owner && convoy !== undefined && other.convoy !== undefined)
                expect(other.convoy).toBe(convoy);
            }
            underWay.push({ index, ticket: one, convoy });
            begun.push(index);
          },
        };
        order.enter(one);
        if (pick() % 3 === 0 && underWay.length > 0) answerOne();
      }
      while (underWay.length > 0) answerOne();
      expect([...begun].sort((a, b) => a - b)).toEqual(requests.map((_, index) => index));
    }),
    { numRuns: 4_000 },
  );
  expect(convoysSeen).toBeGreaterThan(0);
});
