import { expect, test } from "vitest";
import { parseHostPort, printHostPort } from "./addresses.ts";

test.each([
  ["localhost:2181", { host: "localhost", port: 2181 }, "localhost:2181"],
  ["10.0.0.1:0", { host: "10.0.0.1", port: 0 }, "10.0.0.1:0"],
  ["[::1]:2181", { host: "::1", port: 2181 }, "[::1]:2181"],
  [":2181", { host: "0.0.0.0", port: 2181 }, "0.0.0.0:2181"],
])("%s", (text, address, printed) => {
  expect(parseHostPort(text)).toEqual(address);
  expect(printHostPort(address)).toBe(printed);
});

test.each([
  "",
  "localhost",
  "localhost:",
  "localhost:x",
  "localhost:65536",
  "::1:2181",
  "a b:1",
  "[zk]:1",
  "http://a:1",
])("%j is no address", (text) => expect(parseHostPort(text)).toBeUndefined());
