import { expect, test } from "vitest";
import { childOf, inTreeOrder } from "./subtree.ts";

test("a tree's order is not that of its paths as text", () => {
  const paths = ["/a-b", "/a/b", "/", "/a", "/a/b/c", "/a/b-c"];
  expect(inTreeOrder(paths)).toEqual(["/", "/a", "/a/b", "/a/b/c", "/a/b-c", "/a-b"]);
});

test("children of the root have one slash", () => {
  expect([childOf("/", "a"), childOf("/a", "b")]).toEqual(["/a", "/a/b"]);
});
