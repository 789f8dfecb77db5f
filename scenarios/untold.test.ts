import { expect, test } from "vitest";
import type { RequestStep } from "./encode.ts";
import { Memory } from "./references.ts";
import { Untold } from "./untold.ts";

const memory = new Memory("/x");
const pathOf = memory.path.bind(memory);
const quoting = (path: string): RequestStep => ({ by: "a", op: "setData", path, version: { last: 0 } });

test.each<[string, boolean, RequestStep]>([
  ["the same znode is read", true, { by: "a", op: "getData", path: "/n" }],
  ["the same znode is written in a multi", true, { by: "a", op: "multi", ops: [{ op: "setData", path: "/n" }] }],
  ["its children alone are read", false, { by: "a", op: "getChildren", path: "/n" }],
  ["a multi only checks it", false, { by: "a", op: "multi", ops: [{ op: "check", path: "/n" }] }],
  ["another session reads it", false, { by: "b", op: "getData", path: "/n" }],
  ["another znode is read", false, { by: "a", op: "getData", path: "/m" }],
  ["the server chooses a name that may be it", true, { by: "a", op: "create", path: "/", flags: "sequential" }],
  ["the server chooses a name that cannot be it", false, { by: "a", op: "create", path: "/m-", flags: "sequential" }],
])("while %s, the version of a znode is yet to be told: %s", (_name, expected, step) => {
  const untold = new Untold();
  const answered = untold.ask(step, pathOf);
  expect(untold.concerns(quoting("/n"), pathOf)).toBe(expected);
  expect(untold.concerns({ by: "a", op: "setData", path: "/n", version: 3 }, pathOf)).toBe(false);
  answered();
  expect(untold.concerns(quoting("/n"), pathOf)).toBe(false);
});
