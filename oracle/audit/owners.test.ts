import { expect, test } from "vitest";
import { Owners } from "./owners.ts";

test("sessions pair one to one", () => {
  const owners = new Owners();
  expect(owners.fit({ candidate: 1, oracle: 7n }, true)).toBe(true);
  expect(owners.fit({ candidate: 1, oracle: 7n }, true)).toBe(true);
  expect(owners.fit({ candidate: 2, oracle: 7n }, true)).toBe(false);
  expect(owners.fit({ candidate: 1, oracle: 8n }, true)).toBe(false);
  expect(owners.size).toBe(1);
});

test("an ephemeral is none on the other side", () => {
  const owners = new Owners();
  expect(owners.fit({ candidate: 0, oracle: 7 }, true)).toBe(false);
  expect(owners.fit({ candidate: 7, oracle: 0 }, true)).toBe(false);
  expect(owners.fit({ candidate: 0, oracle: 0 }, true)).toBe(true);
  expect(owners.size).toBe(0);
});

test("nothing is learnt from a znode that differs otherwise", () => {
  const owners = new Owners();
  expect(owners.fit({ candidate: 1, oracle: 7 }, false)).toBe(true);
  expect(owners.fit({ candidate: 1, oracle: 8 }, true)).toBe(true);
});
