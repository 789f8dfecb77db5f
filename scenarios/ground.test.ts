import { expect, test } from "vitest";
import { groundOf } from "./ground.ts";
import { Memory } from "./references.ts";

test("a case stands on its root, and on a place for quotas where a step names one", () => {
  expect(groundOf("/x1/r", [{ by: "a", op: "create", path: "/a" }])).toEqual(["/x1", "/x1/r"]);
  const counting = { by: "a", op: "multi", ops: [{ op: "delete", path: { quota: "/a" } }] } as const;
  expect(groundOf("/given/x1/r", [counting])).toEqual([
    ...["/given/x1", "/given/x1/r"],
    ...["/zookeeper/quota/given", "/zookeeper/quota/given/x1", "/zookeeper/quota/given/x1/r"],
  ]);
  expect(new Memory("/given/x1/r").path({ quota: "/a/zookeeper_limits" })).toBe(
    "/zookeeper/quota/given/x1/r/a/zookeeper_limits",
  );
});
