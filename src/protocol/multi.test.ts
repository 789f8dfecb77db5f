import { describe, expect, test } from "vitest";
import { MalformedFrame } from "../jute/buffers.ts";
import { decode, encode } from "../jute/codec.ts";
import { MultiRequest, MultiResponse, multiOp } from "./multi.ts";

const bytes = (...parts: string[]) => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const openAcl = "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65";
const end = "ffffffff 01 ffffffff";

describe("bytes seen between a client and ZooKeeper 3.8.0", () => {
  test("a request: create /b, check /a version 1", () => {
    const ops = [
      multiOp(1, { path: "/b", data: Buffer.alloc(0), acl, flags: 0 }),
      multiOp(13, { path: "/a", version: 1 }),
    ];
    const hex = bytes(
      `00000001 00 ffffffff 00000002 2f62 00000000 ${openAcl} 00000000`,
      `0000000d 00 ffffffff 00000002 2f61 00000001 ${end}`,
    );
    expect(encode(MultiRequest, ops)).toEqual(hex);
    expect(decode(MultiRequest, hex)).toEqual(ops);
  });

  test("its reply", () => {
    const results = [
      { header: { type: 1, done: false, err: 0 }, body: { path: "/b" } },
      { header: { type: 13, done: false, err: 0 }, body: {} },
    ];
    const hex = bytes("00000001 00 00000000 00000002 2f62", `0000000d 00 00000000 ${end}`);
    expect(decode(MultiResponse, hex)).toEqual(results);
    expect(encode(MultiResponse, results)).toEqual(hex);
  });

  test("a failed multi's reply", () => {
    const hex = bytes(
      "ffffffff 00 00000000 00000000 ffffffff 00 ffffff9b ffffff9b",
      `ffffffff 00 fffffffe fffffffe ${end}`,
    );
    const results = [0, -101, -2].map((err) => ({ header: { type: -1, done: false, err }, body: { err } }));
    expect(decode(MultiResponse, hex)).toEqual(results);
    expect(encode(MultiResponse, results)).toEqual(hex);
  });
});

test("an empty multi is its end", () => {
  expect(encode(MultiRequest, [])).toEqual(bytes(end));
  expect(decode(MultiRequest, bytes(end))).toEqual([]);
});

test("`done` alone ends it: type and error of the last header are free", () => {
  expect(decode(MultiRequest, bytes("00000001 01 00000007"))).toEqual([]);
});

test("errors in an operation's header are read and kept", () => {
  const [op] = decode(MultiRequest, bytes("00000002 00 00000009 00000001 2f ffffffff", end));
  expect(op).toEqual({ header: { type: 2, done: false, err: 9 }, body: { path: "/", version: -1 } });
});

test.each([
  ["a type that is no operation", "00000063 00 ffffffff"],
  ["an end that is not done", "ffffffff 00 ffffffff"],
  ["exists, which has a place in neither kind", "00000003 00 ffffffff 00000001 2f 00"],
  ["setACL", "00000007 00 ffffffff 00000001 2f 00000000 00000000"],
  ["closeSession", "fffffff5 00 ffffffff"],
  ["no end", "0000000d 00 ffffffff 00000001 2f 00000000"],
  ["nothing", ""],
])("%s is malformed", (_name, hex) => {
  expect(() => decode(MultiRequest, bytes(hex))).toThrow(MalformedFrame);
});
