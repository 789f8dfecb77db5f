import { expect, test } from "vitest";
import { batches } from "./delete-all.ts";

test("batches end at so many paths or bytes, and are never empty", () => {
  const paths = ["/a", "/b", "/c", "/long-path", "/d"];
  expect([...batches(paths, 2, 100)]).toEqual([["/a", "/b"], ["/c", "/long-path"], ["/d"]]);
  expect([...batches(paths, 9, 4)]).toEqual([["/a", "/b"], ["/c"], ["/long-path"], ["/d"]]);
  expect([...batches([], 2, 100)]).toEqual([]);
});
