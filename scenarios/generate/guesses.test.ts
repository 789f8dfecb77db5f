import { expect, test } from "vitest";
import type { Step } from "../format.ts";
import { guessesAt } from "./guesses.ts";

const steps: readonly Step[] = [
  { by: "a", op: "auth", scheme: "digest", auth: "u:p" },
  { by: "a", op: "create", path: "" },
  { by: "a", op: "create", path: "/a" },
  { by: "b", op: "create", path: "/b" },
  { by: "b", op: "multi", ops: [{ op: "create", path: "/a/a" }] },
  { by: "a", op: "getData", path: "/b" },
  { by: "a", op: "create", path: "/a/a/a" },
  { by: "a", op: "getData", path: "/a" },
  { by: "b", op: "setWatches", since: 0, data: ["/a"] },
  { by: "b", op: "delete", path: "/b" },
];

test("what is near the path that diverged comes first, then sessions with it, then all up to there", () => {
  const at = (...places: number[]) => places.map((place) => steps[place]);
  expect(guessesAt(steps, { op: "getData", path: { exact: "/x1/r/a" } }, 9)).toEqual([
    at(1, 2, 4, 7),
    at(0, 1, 2, 4, 7),
    at(0, 1, 2, 3, 4, 5, 6, 7),
    at(0, 1, 2, 3, 4, 5, 6, 7, 8),
  ]);
});

test("lists of watches count, and paths that only the run knew", () => {
  const more: Step[] = [
    ...steps,
    { by: "a", op: "exists", path: { ref: "p" } },
    { by: "a", op: "setData", path: "/a" },
  ];
  const [near] = guessesAt(more, { op: "setData", path: { exact: "/x1/r/a" } }, more.length);
  expect(near).toEqual([1, 2, 4, 7, 8, 10, 11].map((place) => more[place]));
});

test("without a path there is nothing but the end to leave out", () => {
  expect(guessesAt(steps, {}, 4)).toEqual([steps.slice(0, 4), steps.slice(0, 4)]);
  expect(guessesAt(steps, { op: "getACL", path: { exact: "/nowhere" } }, steps.length)).toEqual([]);
});

test("where a session expires, that alone comes first, then with it what names the path", () => {
  const silent: Step[] = [
    { by: "a", op: "create", path: "/a", flags: "ephemeral" },
    { by: "a", op: "create", path: "/b", flags: "ephemeral" },
    { by: "b", op: "exists", path: "/b", watch: true },
    { by: "a", op: "expire" },
    { by: "b", op: "ping" },
  ];
  const [alone, withPath] = guessesAt(silent, { op: "event", path: "/x1/r/b" }, 4);
  expect(alone).toEqual([silent[3]]);
  expect(withPath).toEqual([silent[1], silent[2], silent[3]]);
});

const decay: readonly Step[] = [
  { by: "a", op: "create", path: "/a" },
  { by: "a", op: "createContainer", path: "/c" },
  { by: "a", op: "create", path: "/c/x" },
  { by: "b", op: "exists", path: "/d" },
  { by: "b", op: "addWatch", path: "", mode: "recursive" },
  { by: "a", op: "delete", path: "/c/x" },
  { by: "a", op: "reap" },
  { by: "b", op: "exists", path: "/a" },
];

test("where servers are given time, that comes with what lies above and below the path, or with what goes by itself", () => {
  const at = (...places: number[]) => places.map((place) => decay[place]);
  expect(guessesAt(decay, { op: "event", path: "/x1/r/c" }, 8).slice(0, 3)).toEqual([
    at(6),
    at(1, 6),
    at(1, 2, 4, 5, 6),
  ]);
  expect(guessesAt(decay, { op: "event", path: "/x1/r/d" }, 8)[3]).toEqual(at(1, 2, 3, 4, 5, 6));
  const withRef = decay.toSpliced(6, 0, { by: "a", op: "delete", path: { ref: "p" } });
  expect(guessesAt(withRef, { op: "exists", path: { exact: "/x1/r/a" } }, 9)).toContainEqual(
    [0, 4, 6, 7, 8].map((place) => withRef[place]),
  );
});

test("where a znode may have gone by itself, time is tried before the step that was answered differently, and at the end", () => {
  const calm = decay.filter(({ op }) => op !== "reap");
  const time: Step = { by: "a", op: "reap" };
  const guesses = guessesAt(calm, { op: "exists", path: { exact: "/x1/r/c" } }, 7);
  expect(guesses.at(-1)).toEqual([...calm.slice(0, 6), time, calm[6]]);
  expect(guessesAt(calm, { op: "event", path: "/x1/r/c" }, 7).at(-1)).toEqual([...calm, time]);
  expect(guessesAt(steps, { op: "getData", path: { exact: "/x1/r/a" } }, 9).flat()).not.toContainEqual(time);
});
