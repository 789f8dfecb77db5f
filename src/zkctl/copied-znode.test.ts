import { expect, test } from "vitest";
import { hidesDigests, isSameAcl, isSameData } from "./copied-znode.ts";

const entry = (scheme: string, id: string, perms = 31) => ({ perms, id: { scheme, id } });

test("a digest that the server hides is none to copy", () => {
  expect(hidesDigests([entry("world", "anyone"), entry("digest", "joe:x")])).toBe(true);
  expect(hidesDigests([entry("digest", "joe:aGFzaA=="), entry("x509", "CN=a:x")])).toBe(false);
});

test("lists are the same in all entries and their order", () => {
  const [a, b] = [entry("world", "anyone", 1), entry("ip", "::1")];
  expect(isSameAcl([a, b], [a, b])).toBe(true);
  expect([isSameAcl([a, b], [b, a]), isSameAcl([a], [a, b]), isSameAcl([a], [{ ...a, perms: 3 }])]).not.toContain(true);
});

test("no data is not empty data", () => {
  expect([isSameData(null, null), isSameData(Buffer.from("a"), Buffer.from("a"))]).toEqual([true, true]);
  expect([isSameData(null, Buffer.alloc(0)), isSameData(Buffer.from("a"), Buffer.from("b"))]).not.toContain(true);
});
