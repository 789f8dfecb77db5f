import { expect, test } from "vitest";
import { parseServerList } from "./server-list.ts";

test("hosts with and without ports", () => {
  expect(parseServerList("a:1, b ,[::1]:3,[fe80::2]")).toEqual([
    { host: "a", port: 1 },
    { host: "b", port: 2181 },
    { host: "::1", port: 3 },
    { host: "fe80::2", port: 2181 },
  ]);
});

test.each(["", "a:1,", ":2181", "a:99999", "::1", "a b:1", "http://a:1"])("refuses %j", (list) => {
  expect(parseServerList(list)).toBeUndefined();
});
