import { expect, test } from "vitest";
import { Frontier } from "./frontier.ts";

/** Walks a made-up tree with `fanout` children at each of `depth` levels; answers what was visited and the most families that were held. */
function walk(fanout: number, depth: number): { visited: number; unlistedMax: number } {
  const frontier = new Frontier();
  frontier.push({ path: "", size: fanout });
  let visited = 0;
  let unlisted = 1;
  let unlistedMax = 1;
  const names = Array.from({ length: fanout }, (_, at) => `n${at}`);
  for (let task = frontier.next(); task !== undefined; task = frontier.next()) {
    if (task.is === "list") {
      unlisted--;
      frontier.listed(task.unlisted, names);
      continue;
    }
    visited++;
    const path = `${task.family.path}/${task.family.names[task.at]}`;
    if (path.split("/").length > depth) continue;
    frontier.push({ path, size: fanout });
    unlistedMax = Math.max(unlistedMax, ++unlisted);
  }
  return { visited, unlistedMax };
}

test("every znode is visited once, depth first, and hardly anything is held", () => {
  expect(walk(10, 4)).toEqual({ visited: 10 + 100 + 1_000 + 10_000, unlistedMax: 1 });
  expect(walk(1, 500)).toEqual({ visited: 500, unlistedMax: 1 });
});

test("while a listing is under way, and beyond the bound, the next one waits", () => {
  const frontier = new Frontier();
  frontier.push({ path: "/a", size: 150_000 });
  frontier.push({ path: "/b", size: 150_000 });
  const first = frontier.next();
  expect(first).toMatchObject({ is: "list", unlisted: { path: "/b" } });
  expect(frontier.next()).toBeUndefined();
  if (first?.is === "list") frontier.listed(first.unlisted, []);
  expect(frontier.next()).toMatchObject({ is: "list", unlisted: { path: "/a" } });
});

test("a znode larger than the bound is listed all the same", () => {
  const frontier = new Frontier();
  frontier.push({ path: "/huge", size: 5_000_000 });
  expect(frontier.next()).toMatchObject({ is: "list" });
});
