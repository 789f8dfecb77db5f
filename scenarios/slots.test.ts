import { expect, test } from "vitest";
import { connectionsOf, Slots } from "./slots.ts";

/** Takes slots, and notes when it has them. */
function taker(slots: Slots) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = async (name: string, connections: number) => {
    const end = await slots.take(connections);
    begun.push(name);
    ends.set(name, end);
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
  return { begun, take, settle, end: (name: string) => ends.get(name)?.() };
}

test("cases begin as long as there is room, and then in the order in which they came", async () => {
  const { begun, take, settle, end } = taker(new Slots(5));
  for (const [name, connections] of [["a", 2] as const, ["b", 3] as const, ["c", 4] as const, ["d", 1] as const])
    void take(name, connections);
  await settle();
  expect(begun).toEqual(["a", "b"]);
  end("a");
  await settle();
  expect(begun).toEqual(["a", "b"]);
  end("b");
  await settle();
  expect(begun).toEqual(["a", "b", "c", "d"]);
});

test("one that needs more than there is has everything to itself", async () => {
  const { begun, take, settle, end } = taker(new Slots(5));
  void take("a", 1);
  void take("large", 99);
  void take("b", 1);
  await settle();
  expect(begun).toEqual(["a"]);
  end("a");
  await settle();
  expect(begun).toEqual(["a", "large"]);
  end("large");
  await settle();
  expect(begun).toEqual(["a", "large", "b"]);
});

test("without a limit nobody waits", async () => {
  const { begun, take, settle } = taker(new Slots(Number.POSITIVE_INFINITY));
  for (const name of ["a", "b", "c"]) void take(name, 1_000);
  await settle();
  expect(begun).toEqual(["a", "b", "c"]);
});

test("a session that connects again counts twice", () => {
  const steps = [
    { by: "a", op: "drop" },
    { by: "a", op: "reconnect" },
    { by: "b", op: "ping" },
  ] as const;
  expect(connectionsOf({ sessions: ["a", "b"], steps })).toBe(3);
});
