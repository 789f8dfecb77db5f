import { expect, test } from "vitest";
import { createFlags, eventTypes } from "../../src/protocol/opcodes.ts";
import { EndedSessions } from "./ended-sessions.ts";
import type { Operation } from "./request.ts";

const { deleted, childrenChanged, dataChanged } = eventTypes;
const event = (type: number, path: string) => ({ type, state: 3, path });
const made = (path: string, flags: number = createFlags.ephemeral): Operation => ({
  op: "create",
  fields: { path, flags },
});

/** Whether events may change places 50 ms after a session with these ephemerals was closed. */
const mayShuffle = (creates: Operation[] | undefined, one: ReturnType<typeof event>, other: typeof one) => {
  const ended = new EndedSessions(100);
  ended.add({ ephemeralCreates: creates }, 0);
  const answers = [ended.mayShuffle(one, other, 50), ended.mayShuffle(other, one, 50)];
  expect(answers[0]).toBe(answers[1]);
  expect(ended.mayShuffle(one, other, 150)).toBe(false);
  return answers[0];
};

test("the ephemerals of a closed session go in any order", () => {
  const two = [made("/p/a"), made("/p/b")];
  expect(mayShuffle(two, event(deleted, "/p/a"), event(deleted, "/p/b"))).toBe(true);
  expect(mayShuffle(two, event(deleted, "/p/a"), event(childrenChanged, "/p"))).toBe(true);
  expect(mayShuffle([made("/p/a"), made("/q/b")], event(childrenChanged, "/p"), event(childrenChanged, "/q"))).toBe(
    true,
  );
  expect(mayShuffle(undefined, event(deleted, "/x"), event(childrenChanged, "/y"))).toBe(true);
});

test("a znode goes before its parent's children change, unless another one may have gone first", () => {
  const told = [event(deleted, "/p/a-0000000001"), event(childrenChanged, "/p")] as const;
  expect(mayShuffle([made("/p/a-0000000001"), made("/p/a-0000000001"), made("/q/b")], ...told)).toBe(false);
  expect(mayShuffle([made("/p/a-", createFlags.ephemeralSequential)], ...told)).toBe(true);
});

test("what no closed session owned keeps its order", () => {
  const one = [made("/p/a")];
  expect(mayShuffle(one, event(deleted, "/p/a"), event(deleted, "/p/other"))).toBe(false);
  expect(mayShuffle(one, event(dataChanged, "/p/a"), event(deleted, "/p/a"))).toBe(false);
  expect(mayShuffle([], event(deleted, "/p/a"), event(childrenChanged, "/p"))).toBe(false);
});
