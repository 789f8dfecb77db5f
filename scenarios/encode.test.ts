import { describe, expect, test } from "vitest";
import { Reader } from "../src/jute/buffers.ts";
import { decode, read } from "../src/jute/codec.ts";
import { opcodes } from "../src/protocol/opcodes.ts";
import { RequestHeader } from "../src/protocol/records.ts";
import { encodeStep, type RequestStep } from "./encode.ts";
import type { PathValue, VersionValue } from "./format.ts";
import { Memory } from "./references.ts";

const memory = () => {
  const m = new Memory("/x1");
  m.bind("first", "/x1/q/n-0000000003");
  m.learn("a", "/x1/n", { version: 5, aversion: 2 });
  m.saw("a", 40);
  m.saw("a", 39);
  m.mark("a");
  m.saw("a", 50);
  return m;
};

describe("references", () => {
  test.each<[PathValue, string | null]>([
    ["/a", "/x1/a"],
    ["", "/x1"],
    ["/", "/x1/"],
    [{ ref: "first" }, "/x1/q/n-0000000003"],
    [{ ref: "first", below: "/c" }, "/x1/q/n-0000000003/c"],
    [{ ref: "never" }, "/x1/unbound-never"],
    [{ exact: "a" }, "a"],
    [null, null],
  ])("the path %j is sent as %j", (value, sent) => {
    expect(memory().path(value)).toBe(sent);
  });

  test.each<[string, VersionValue | undefined, number]>([
    ["/x1/n", undefined, -1],
    ["/x1/n", 3, 3],
    ["/x1/n", { last: 0 }, 5],
    ["/x1/n", { last: -1 }, 4],
    ["/x1/unheard", { last: 0 }, 0],
    ["/x1/unheard", { last: 1 }, 1],
    ["/x1/unheard", { last: -1 }, -2],
  ])("the version of %s as %j is %j", (path, value, sent) => {
    expect(memory().version("a", path, value, "version")).toBe(sent);
  });

  test("another session has seen nothing", () => {
    expect(memory().version("b", "/x1/n", { last: 0 }, "version")).toBe(0);
    expect(memory().seen("b", { newest: 0 })).toBe(0);
  });

  test("setACL counts ACL versions, zxids count from the newest, a deleted node from nothing", () => {
    const m = memory();
    expect(m.version("a", "/x1/n", { last: 0 }, "aversion")).toBe(2);
    expect(m.seen("a", { newest: -1 })).toBe(49);
    expect(m.since("a", { newest: -1 })).toBe(39);
    expect(m.since("a", 7)).toBe(7);
    m.forget("a", "/x1/n");
    expect(m.version("a", "/x1/n", { last: 0 }, "version")).toBe(0);
  });
});

describe("a step as a frame", () => {
  const decoded = (step: RequestStep) => {
    const { frame, xid } = encodeStep(step, memory(), 9);
    const reader = new Reader(frame);
    const header = read(RequestHeader, reader);
    expect(header).toEqual({ xid, type: opcodes[step.op].code });
    return { xid, body: decode(opcodes[step.op].request, frame.subarray(reader.offset)) };
  };

  test("has the values a client would send for what is left out", () => {
    expect(decoded({ by: "a", op: "create", path: "/n" })).toEqual({
      xid: 9,
      body: {
        path: "/x1/n",
        data: Buffer.alloc(0),
        acl: [{ perms: 31, id: { scheme: "world", id: "anyone" } }],
        flags: 0,
      },
    });
    expect(decoded({ by: "a", op: "createTTL", path: "/n" }).body).toMatchObject({ flags: 5, ttl: 60_000 });
    expect(decoded({ by: "a", op: "createContainer", path: "/n" }).body).toMatchObject({ flags: 4 });
    expect(decoded({ by: "a", op: "setData", path: "/n" }).body).toMatchObject({ version: -1 });
    expect(decoded({ by: "a", op: "getData", path: "/n" }).body).toMatchObject({ watch: false });
  });

  test("keeps null, empty, text and bytes apart", () => {
    const sent = (data: string | null | { hex: string } | { repeat: string; times: number }) =>
      decoded({ by: "a", op: "setData", path: "/n", data }).body as { data: Buffer | null };
    expect(sent(null).data).toBeNull();
    expect(sent("").data).toHaveLength(0);
    expect(sent("é").data).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(sent({ hex: "00ff" }).data).toEqual(Buffer.from([0, 255]));
    expect(sent({ repeat: "ab", times: 3 }).data).toEqual(Buffer.from("ababab"));
  });

  test("spells permissions, modes and types as numbers", () => {
    const acl = [
      { perms: "rwcda", scheme: "ip", id: "::1" },
      { perms: "", scheme: null, id: null },
      { perms: 63, scheme: "x", id: "" },
    ];
    const body = decoded({ by: "a", op: "setACL", path: "/n", acl, version: { last: 0 } }).body;
    expect(body).toMatchObject({ version: 2, acl: [{ perms: 31 }, { perms: 0, id: { scheme: null } }, { perms: 63 }] });
    expect(decoded({ by: "a", op: "addWatch", path: "/n", mode: "recursive" }).body).toMatchObject({ mode: 1 });
    expect(decoded({ by: "a", op: "removeWatches", path: "/n", type: "any" }).body).toMatchObject({ type: 3 });
  });

  test("uses the xids that stock clients use", () => {
    expect(decoded({ by: "a", op: "ping" }).xid).toBe(-2);
    expect(decoded({ by: "a", op: "auth", scheme: "digest", auth: "u:p" }).xid).toBe(-4);
    expect(decoded({ by: "a", op: "setWatches", since: { newest: 0 }, data: ["/n"] })).toMatchObject({
      xid: -8,
      body: { relativeZxid: 40, dataWatches: ["/x1/n"], existWatches: [] },
    });
  });

  test("nests operations in a multi", () => {
    const { body } = decoded({
      by: "a",
      op: "multi",
      ops: [
        { op: "create2", path: "/m", flags: "ephemeral" },
        { op: "check", path: "/n", version: { last: 0 } },
        { op: "getChildren", path: "/n" },
      ],
    });
    expect(body).toMatchObject([
      { header: { type: 15, done: false }, body: { path: "/x1/m", flags: 1 } },
      { header: { type: 13 }, body: { version: 5 } },
      { header: { type: 8 }, body: { watch: false } },
    ]);
  });
});
