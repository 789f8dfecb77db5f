import { expect, test } from "vitest";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import { compareEvents } from "../compare/comparator.ts";
import type { Difference, Side } from "../compare/difference.ts";
import { Witness } from "../compare/witness.ts";
import { Pairing } from "./pairing.ts";
import { eventFrame } from "./scripted.fixture.ts";

const { created, deleted, dataChanged, childrenChanged } = eventTypes;

/** A pairing with a clock in the test's hand; `seen` is what was judged, in order. */
function bench(how: { mayShuffle?: boolean; unsteady?: string; unsure?: string; reaped?: number } = {}) {
  const seen: { is: string; path: string; differences: readonly Difference[]; isLate: boolean }[] = [];
  const witness = new Witness();
  const pairing = new Pairing({
    settleMs: 100,
    compare: (frames) => compareEvents(frames, { witness, eventZxid: "strict" }),
    mayShuffle: () => how.mayShuffle ?? false,
    isUnsteady: (path) => path === how.unsteady,
    isWatchedUnsurely: (path) => path === how.unsure,
    waitMs: ({ type }) => (type === how.reaped ? 1_000 : 100),
    judged: ({ arrivals, differences, isLate }) => {
      const is = arrivals.candidate && arrivals.oracle ? "both" : arrivals.candidate ? "candidate" : "oracle";
      seen.push({ is, path: (arrivals.candidate ?? arrivals.oracle)?.event.path ?? "", differences, isLate });
    },
  });
  const event = (side: Side, type: number, path: string, replies = 0, at = 0) =>
    pairing.arrived(side, eventFrame(type, path), replies, at);
  return {
    pairing,
    seen,
    event,
    kinds: () => seen.map(({ differences }) => differences.map(({ is, at }) => `${is} ${at}`).join("+")),
  };
}

test("the same events in the same place agree as soon as both are there", () => {
  const { event, seen, pairing } = bench();
  event("candidate", created, "/a");
  expect(seen).toEqual([]);
  event("oracle", created, "/a");
  expect(seen).toEqual([{ is: "both", path: "/a", differences: [], isLate: false }]);
  expect(pairing.waiting).toBe(0);
});

test("an event that only one side sent is a fault once later replies have come on both", () => {
  const { event, pairing, seen } = bench();
  event("oracle", created, "/a", 3);
  pairing.replied(4, 1);
  expect(seen).toEqual([]);
  pairing.replied(5, 2);
  expect(seen[0]?.differences).toEqual([{ is: "absent", at: "event", on: "candidate", other: "NodeCreated /a" }]);
});

test("behind the end of a closed session nothing comes any more, but what may come at any moment proves nothing", () => {
  const { event, pairing, seen } = bench({ unsteady: "/u" });
  event("oracle", deleted, "/a", 3);
  event("oracle", deleted, "/u", 3);
  event("oracle", created, "/behind", 4);
  pairing.replied(4, 1);
  expect(seen).toEqual([]);
  pairing.ended(2);
  expect(seen.map(({ path, differences }) => [path, differences[0]?.is])).toEqual([["/a", "absent"]]);
});

test("an event that may be a reaped znode's is given the time until the other side reaps too", () => {
  const { event, pairing, kinds } = bench({ unsteady: "/a", reaped: deleted });
  event("candidate", deleted, "/a", 3, 0);
  event("candidate", dataChanged, "/a", 3, 0);
  pairing.sweep(100);
  expect(kinds()).toEqual(["absent event"]);
  event("oracle", deleted, "/a", 9, 900);
  pairing.sweep(1_000);
  expect(kinds()).toEqual(["absent event", "order event.place"]);
  event("oracle", deleted, "/a", 9, 2_000);
  pairing.sweep(3_000);
  expect(kinds()).toEqual(["absent event", "order event.place", "absent event"]);
});

test("without a later reply it is given the settle window", () => {
  const { event, pairing, seen } = bench();
  event("candidate", created, "/a", 3, 0);
  pairing.sweep(99);
  expect(seen).toEqual([]);
  pairing.sweep(100);
  expect(seen[0]?.differences).toEqual([{ is: "absent", at: "event", on: "oracle", other: "NodeCreated /a" }]);
});

test("an event that comes after it was given up is not reported twice", () => {
  const { event, pairing, seen } = bench();
  event("candidate", created, "/a", 3, 0);
  pairing.sweep(100);
  event("oracle", created, "/a", 3, 110);
  pairing.sweep(1000);
  expect(seen.length).toBe(1);
});

test("an event on the other side of a reply is out of place", () => {
  const { event, pairing, seen } = bench();
  event("oracle", dataChanged, "/a", 3);
  event("candidate", dataChanged, "/a", 4);
  pairing.replied(4, 1);
  expect(seen[0]?.differences).toEqual([
    { is: "order", at: "event.place", candidate: "behind 4 replies", oracle: "behind 3 replies" },
  ]);
  expect(seen[0]?.isLate).toBe(false);
});

test("of a znode that goes by itself, being out of place is timing", () => {
  const { event, pairing, seen } = bench({ unsteady: "/e" });
  event("oracle", deleted, "/e", 3, 0);
  pairing.replied(9, 50);
  expect(seen).toEqual([]);
  event("candidate", deleted, "/e", 9, 60);
  pairing.replied(10, 70);
  expect(seen[0]?.isLate).toBe(true);
});

test("of a znode that goes by itself, an event that never comes is a fault after the window", () => {
  const { event, pairing, seen } = bench({ unsteady: "/e" });
  event("oracle", deleted, "/e", 3, 0);
  pairing.replied(9, 99);
  expect(seen).toEqual([]);
  pairing.replied(10, 100);
  expect(seen[0]?.differences[0]?.is).toBe("absent");
});

test("events in another order are an order fault, once", () => {
  const { event, pairing, kinds } = bench();
  event("candidate", created, "/a");
  event("candidate", created, "/b");
  event("oracle", created, "/b");
  event("oracle", created, "/a");
  pairing.replied(1, 0);
  expect(kinds()).toEqual(["", "order event"]);
});

test.each([
  [true, ["", ""]],
  [false, ["", "order event"]],
])("events in another order are a fault unless they may be shuffled: %s", (mayShuffle, expected) => {
  const { event, pairing, kinds } = bench({ mayShuffle });
  for (const path of ["/a", "/b"]) event("candidate", deleted, path);
  for (const path of ["/b", "/a"]) event("oracle", deleted, path);
  pairing.replied(1, 0);
  expect(kinds()).toEqual(expected);
});

test("a wrong type or path is a difference inside the event, not two missing ones", () => {
  const type = bench();
  type.event("candidate", dataChanged, "/a");
  type.event("oracle", deleted, "/a");
  type.pairing.replied(1, 0);
  expect(type.kinds()).toEqual(["value event.type"]);
  const path = bench();
  path.event("candidate", childrenChanged, "/");
  path.event("oracle", childrenChanged, "/p");
  path.pairing.replied(1, 0);
  expect(path.kinds()).toEqual(["value event.path"]);
});

test("an event sent twice by the candidate is called that", () => {
  const { event, pairing, kinds } = bench();
  for (const side of ["candidate", "candidate", "oracle"] as const) event(side, created, "/a");
  pairing.replied(2, 0);
  expect(kinds()).toEqual(["", "absent event.duplicate"]);
});

test("what follows a missing event still finds its counterpart", () => {
  const { event, pairing, seen } = bench();
  event("oracle", created, "/a");
  for (const side of ["candidate", "oracle"] as const) event(side, created, "/b");
  pairing.replied(1, 0);
  pairing.replied(2, 0);
  expect(seen.map(({ is, path }) => `${is} ${path}`)).toEqual(["both /b", "oracle /a"]);
});

test("two watches, each on one side alone, that tell of different things at a path are nobody's fault", () => {
  const { event, pairing, seen } = bench({ unsure: "/a" });
  event("oracle", deleted, "/a", 3);
  event("candidate", created, "/a", 3);
  pairing.replied(5, 1);
  expect(seen.map(({ is, isLate }) => [is, isLate])).toEqual([
    ["candidate", true],
    ["oracle", true],
  ]);
});
