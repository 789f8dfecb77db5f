import { expect, test } from "vitest";
import { Reapables } from "./reapables.ts";
import type { Operation } from "./request.ts";

const container: Operation = { op: "createContainer", fields: { flags: 4 } };
const plain: Operation = { op: "create", fields: { flags: 0 } };
const ttl = (ms: number): Operation => ({ op: "createTTL", fields: { flags: 5, ttl: ms } });

test("a container may go once something was created below it, and shows at its parent", () => {
  const reapables = new Reapables();
  reapables.created(container, "/a/c", 1_000);
  expect(reapables.at("/a/c", 1e12)).toBeUndefined();
  reapables.created(plain, "/a/c/x", 2_000);
  expect(reapables.at("/a/c", 2_000)).toBe("node");
  expect(reapables.at("/a", 2_000)).toBe("parent");
  expect(reapables.at("/a/c/x", 2_000)).toBeUndefined();
  expect(reapables.at("/", 2_000)).toBeUndefined();
});

test("what may go within a path is the znode itself and all below it", () => {
  const reapables = new Reapables();
  reapables.created(ttl(0), "/a/b/c", 1_000);
  for (const path of ["/", "/a", "/a/b", "/a/b/c"]) expect(reapables.isDueWithin(path, 1_000), path).toBe(true);
  for (const path of ["/a/b/c/d", "/a/b/", "/b"]) expect(reapables.isDueWithin(path, 1_000), path).toBe(false);
  expect(reapables.isDueWithin("/a", 999)).toBe(false);
});

test("a TTL znode may go when its time is over, and not sooner for a child that it had", () => {
  const reapables = new Reapables();
  reapables.created(ttl(10_000), "/t", 1_000);
  reapables.created(plain, "/t/x", 2_000);
  expect(reapables.at("/t", 9_000)).toBeUndefined();
  expect(reapables.at("/t", 11_000)).toBe("node");
  expect(reapables.at("/", 11_000)).toBe("parent");
  reapables.created({ op: "create", fields: { flags: 5 } }, "/u", 1_000);
  expect(reapables.at("/u", 1_000)).toBe("node");
});

test("what was deleted, or made anew as something that stays, does not go", () => {
  const reapables = new Reapables();
  for (const path of ["/a", "/b"]) reapables.created(ttl(0), path, 1_000);
  reapables.deleted("/a");
  reapables.created(plain, "/b", 2_000);
  for (const path of ["/a", "/b"]) expect(reapables.at(path, 3_000)).toBeUndefined();
  expect(reapables.at("/", 3_000)).toBe("parent");
});
