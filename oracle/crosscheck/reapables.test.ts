import { expect, test } from "vitest";
import { Reapables } from "./reapables.ts";
import type { Operation } from "./request.ts";

const container: Operation = { op: "createContainer", fields: { flags: 4 } };
const plain: Operation = { op: "create", fields: { flags: 0 } };
const ttl = (ms: number): Operation => ({ op: "createTTL", fields: { flags: 5, ttl: ms } });

/** A create's times, ms. */
const at = (sentAt: number) => ({ sentAt, now: sentAt });

test("a container may go once something was created below it, and shows at its parent", () => {
  const reapables = new Reapables();
  reapables.created(container, "/a/c", at(1_000));
  expect(reapables.at("/a/c", 1e12)).toBeUndefined();
  reapables.created(plain, "/a/c/x", at(2_000));
  expect(reapables.at("/a/c", 2_000)).toBe("node");
  expect(reapables.at("/a", 2_000)).toBe("parent");
  expect(reapables.at("/a/c/x", 2_000)).toBeUndefined();
  expect(reapables.at("/", 2_000)).toBeUndefined();
});

test("what may go within a path is the znode itself and all below it", () => {
  const reapables = new Reapables();
  reapables.created(ttl(0), "/a/b/c", at(1_000));
  for (const path of ["/", "/a", "/a/b", "/a/b/c"]) expect(reapables.isDueWithin(path, 1_000), path).toBe(true);
  for (const path of ["/a/b/c/d", "/a/b/", "/b"]) expect(reapables.isDueWithin(path, 1_000), path).toBe(false);
  expect(reapables.isDueWithin("/a", 999)).toBe(false);
});

test("a TTL znode may go when its time is over, and not sooner for a child that it had", () => {
  const reapables = new Reapables();
  reapables.created(ttl(10_000), "/t", at(1_000));
  reapables.created(plain, "/t/x", at(2_000));
  expect(reapables.at("/t", 9_000)).toBeUndefined();
  expect(reapables.at("/t", 11_000)).toBe("node");
  expect(reapables.at("/", 11_000)).toBe("parent");
  reapables.created({ op: "create", fields: { flags: 5 } }, "/u", at(1_000));
  expect(reapables.at("/u", 1_000)).toBe("node");
});

test("what was deleted, or made anew as something that stays, does not go", () => {
  const reapables = new Reapables();
  for (const path of ["/a", "/b"]) reapables.created(ttl(0), path, at(1_000));
  reapables.deleted("/a");
  reapables.created(plain, "/b", at(2_000));
  for (const path of ["/a", "/b"]) expect(reapables.at(path, 3_000)).toBeUndefined();
  expect(reapables.at("/", 3_000)).toBe("parent");
});

test("what went by itself and was made anew as something that stays could go until then", () => {
  const reapables = new Reapables();
  reapables.created(ttl(0), "/b", at(1_000));
  reapables.created(plain, "/b", { sentAt: 2_000, now: 2_100 });
  expect(reapables.at("/b", 2_100)).toBe("node");
  expect(reapables.at("/b", 2_101)).toBeUndefined();
  expect(reapables.at("/b", 2_500, 2_100)).toBe("node");
  expect(reapables.at("/b", 2_500, 2_101)).toBeUndefined();
  expect(reapables.at("/b", 1_000)).toBe("node");
  expect(reapables.at("/b", 999)).toBeUndefined();
});
