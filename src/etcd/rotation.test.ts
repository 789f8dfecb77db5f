import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Rotation } from "./rotation.ts";

/** All proxies see the same batches. */
function told(names: readonly string[], authors: readonly string[]): Map<string, Rotation> {
  const rotations = new Map(names.map((name) => [name, new Rotation(name)]));
  for (const author of authors)
    for (const [name, rotation] of rotations)
      if (name === author) rotation.own();
      else rotation.other(author);
  return rotations;
}

const names = ["a", "b", "c"];

test("who writes alone, or besides somebody who writes now and then, waits for nobody", () => {
  const authors = ["a", "a", "a", "b", "a", "a", "a", "a", "b", "a", "a"];
  expect(told(names, authors).get("a")?.next).toBeUndefined();
});

test("of those that write all the time, one after the other goes", () => {
  const round = ["a", "b", "c", "a", "b", "c", "a", "b", "c"];
  const waits = (authors: readonly string[]) => [...told(names, authors).values()].map(({ next }) => next);
  expect(waits([...round])).toEqual([undefined, "a", "a"]);
  expect(waits([...round, "a"])).toEqual(["b", undefined, "b"]);
  expect(waits([...round, "a", "b"])).toEqual(["c", "c", undefined]);
});

test("whatever was committed, somebody may go at once", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...names), { maxLength: 30 }), (authors) => {
      expect([...told(names, authors).values()].some(({ next }) => next === undefined)).toBe(true);
    }),
  );
});

test("who comes late is passed over, and waited for again in the next round", async () => {
  const rotation = told(["a", "b"], ["a", "b", "a", "b", "a"]).get("a") as Rotation;
  expect(rotation.next).toBe("b");
  await rotation.giveWayTo("b");
  expect(rotation.next).toBeUndefined();
  rotation.other("b");
  rotation.own();
  expect(rotation.next).toBe("b");
});

test("who does not come is waited for again when it has written in two rounds", async () => {
  const rotation = told(["a", "b"], ["a", "b", "a", "b", "a"]).get("a") as Rotation;
  await rotation.giveWayTo("b");
  rotation.own();
  rotation.other("b");
  rotation.own();
  expect(rotation.next).toBeUndefined();
  rotation.other("b");
  rotation.own();
  expect(rotation.next).toBe("b");
});

test("who gives way goes on as soon as the other has committed", async () => {
  const rotation = told(["a", "b"], ["a", "b", "a", "b", "a"]).get("a") as Rotation;
  rotation.took(10_000);
  let hasCome = false;
  void rotation.giveWayTo("b").then(() => {
    hasCome = true;
  });
  await turn();
  expect(hasCome).toBe(false);
  rotation.other("b");
  await turn();
  expect(hasCome).toBe(true);
});

test("somebody who goes out of turn, over and over, does not make us wait for another who has stopped", async () => {
  const rotation = told(names, ["a", "b", "c", "a", "b", "c", "a"]).get("c") as Rotation;
  expect(rotation.next).toBe("b");
  const given = rotation.giveWayTo("b");
  rotation.other("a");
  await given;
  expect(rotation.next).toBeUndefined();
});
