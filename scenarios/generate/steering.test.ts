import { expect, test } from "vitest";
import { type Course, Steering } from "./steering.ts";

/** Numbers of three moods in turn: 0 1 2 0 1 2 … */
const course = (changes: Partial<Course> = {}): Course => ({
  ...{ moodAt: (index) => index % 3, shard: { index: 1, count: 1 } },
  ...changes,
});
const deal = (steering: Steering, count: number) => Array.from({ length: count }, () => steering.next());

test("where nobody counts, and where nothing is left to hit, numbers come in order", () => {
  expect(deal(new Steering(course()), 5)).toEqual([0, 1, 2, 3, 4]);
  expect(deal(new Steering(course({ unhit: () => [0, 0, 0] })), 5)).toEqual([0, 1, 2, 3, 4]);
});

test("every second number is of a mood with cells to hit; the others are the next ones, and none comes twice", () => {
  const dealt = deal(new Steering(course({ unhit: () => [0, 0, 9] })), 12);
  expect(dealt).toEqual([0, 2, 1, 5, 3, 8, 4, 11, 6, 14, 7, 17]);
});

test("moods take turns by the square of what they could hit, as it stands at the time", () => {
  let unhit = [0, 10, 20];
  const steering = new Steering(course({ unhit: () => unhit }));
  const wanted = (count: number) =>
    deal(steering, 2 * count)
      .filter((_, place) => place % 2 === 1)
      .map((index) => index % 3);
  const first = wanted(20);
  expect(first.filter((mood) => mood === 2)).toHaveLength(16);
  expect(first.filter((mood) => mood === 1)).toHaveLength(4);
  expect(first.slice(0, 5)).toContain(1);
  unhit = [7, 0, 0];
  expect(new Set(wanted(5).slice(1))).toEqual(new Set([0]));
});

test("shards deal out numbers of their own", () => {
  const shards = [1, 2, 3, 4].map((index) =>
    deal(new Steering(course({ shard: { index, count: 4 }, unhit: () => [1, 2, 3] })), 50),
  );
  for (const [at, dealt] of shards.entries()) for (const index of dealt) expect(index % 4).toBe(at);
  expect(new Set(shards.flat()).size).toBe(200);
});
