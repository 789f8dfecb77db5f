import { describe, expect, test } from "vitest";
import { Reader } from "../jute/buffers.ts";
import { decode, encode, read } from "../jute/codec.ts";
import { FrameSplitter } from "../protocol/frames.ts";
import { MultiRequest, MultiResponse, multiOp } from "../protocol/multi.ts";
import { CreateRequest, GetDataRequest, RequestHeader, SetDataRequest } from "../protocol/records.ts";
import { requestSource } from "./requests.ts";

const load = {
  ...({ op: "create", keys: [], prefix: "/k-", keyBytes: 8, valueBytes: 3, flags: 0, total: 1000 } as const),
  ...{ readPercent: 100, batch: 1 },
};

/** The frames of requests 0, 1, … as a server sees them: header and body bytes. */
function frames(source: ReturnType<typeof requestSource>, indexes: readonly number[]) {
  const bytes = Buffer.alloc(source.frameBytesMax * indexes.length);
  let length = 0;
  for (const [place, index] of indexes.entries()) length += source.put(bytes, length, { index, xid: place + 1 });
  const found: { header: unknown; body: Buffer }[] = [];
  new FrameSplitter().push(bytes.subarray(0, length), (frame) => {
    const reader = new Reader(frame);
    found.push({ header: read(RequestHeader, reader), body: frame.subarray(reader.offset) });
    return true;
  });
  return found;
}

test("creates count in their paths and stay of one length", () => {
  const found = frames(requestSource(load), [0, 1, 42, 999]);
  expect(found.map(({ header }) => header)).toEqual([1, 2, 3, 4].map((xid) => ({ xid, type: 1 })));
  const bodies = found.map(({ body }) => decode(CreateRequest, body));
  expect(bodies.map(({ path }) => path)).toEqual(["/k-00000", "/k-00001", "/k-00042", "/k-00999"]);
  expect(bodies[0]).toMatchObject({ data: Buffer.from("xxx"), acl: [{ perms: 31 }], flags: 0 });
});

test("paths grow when the numbers need it", () => {
  const source = requestSource({ ...load, keyBytes: 4, total: 100_001 });
  expect(decode(CreateRequest, frames(source, [100_000])[0]?.body ?? Buffer.alloc(0)).path).toBe("/k-100000");
});

test("sequential creates leave the numbers to the server", () => {
  const found = frames(requestSource({ ...load, flags: 3 }), [0, 7]);
  expect(found.map(({ body }) => decode(CreateRequest, body))).toMatchObject([
    { path: "/k-", flags: 3 },
    { path: "/k-", flags: 3 },
  ]);
});

test("gets and sets take their keys in turn", () => {
  const keys = ["/a", "/b"];
  const gets = frames(requestSource({ ...load, op: "get", keys }), [0, 1, 2]);
  expect(gets.map(({ body }) => decode(GetDataRequest, body).path)).toEqual(["/a", "/b", "/a"]);
  expect(gets.map(({ header }) => header)).toEqual([1, 2, 3].map((xid) => ({ xid, type: 4 })));
  const [set] = frames(requestSource({ ...load, op: "set", keys, valueBytes: 0 }), [0]);
  expect(set?.header).toEqual({ xid: 1, type: 5 });
  expect(decode(SetDataRequest, set?.body ?? Buffer.alloc(0))).toEqual({
    path: "/a",
    data: Buffer.alloc(0),
    version: -1,
  });
});

test("keys of different lengths are a mistake", () => {
  expect(() => requestSource({ ...load, op: "get", keys: ["/a", "/bb"] })).toThrow(TypeError);
});

test("mixed requests are sets now and then, and both kinds take their keys in turn", () => {
  const source = requestSource({ ...load, op: "mixed", keys: ["/a", "/b"], readPercent: 75 });
  const found = frames(source, [0, 1, 2, 3, 4, 5, 6, 7]);
  expect(found.map(({ header }) => (header as { type: number }).type)).toEqual([4, 4, 4, 5, 4, 4, 4, 5]);
  expect([0, 1, 2, 3, 7].map(source.isWrite)).toEqual([false, false, false, true, true]);
  const gets = found.filter((_each, i) => i % 4 !== 3);
  expect(gets.map(({ body }) => decode(GetDataRequest, body).path)).toEqual(["/a", "/b", "/a", "/b", "/a", "/b"]);
  expect([3, 7].map((i) => decode(SetDataRequest, found[i]?.body ?? Buffer.alloc(0)).path)).toEqual(["/a", "/b"]);
});

test.each([
  [100, 0],
  [90, 10],
  [33, 67],
  [0, 100],
])("of 100 mixed requests, %i are gets", (readPercent, writes) => {
  const source = requestSource({ ...load, op: "mixed", keys: ["/a"], readPercent });
  expect(Array.from({ length: 100 }, (_, i) => source.isWrite(i)).filter(Boolean)).toHaveLength(writes);
});

describe("a multi", () => {
  const source = requestSource({ ...load, op: "multi", batch: 3 });
  const items = (body: Buffer | undefined) => read(MultiRequest, new Reader(body ?? Buffer.alloc(0)));

  test("counts on through its creates", () => {
    const found = frames(source, [0, 999]);
    expect(found.map(({ header }) => header)).toEqual([1, 2].map((xid) => ({ xid, type: 14 })));
    const paths = (place: number) => items(found[place]?.body).map(({ body }) => (body as { path: string }).path);
    expect(paths(0)).toEqual(["/k-00000", "/k-00001", "/k-00002"]);
    expect(paths(1)).toEqual(["/k-02997", "/k-02998", "/k-02999"]);
  });

  test("knows a reply that is too short to be a good one", () => {
    const replyBytes = (items: ReturnType<typeof multiOp>[]) => 20 + encode(MultiResponse, items).length;
    const good = Array.from({ length: 3 }, () => multiOp(1, { path: "/k-00000" }));
    const bad = Array.from({ length: 3 }, () => multiOp(-1, { err: -110 }));
    expect(replyBytes(good)).toBe(source.replyBytesMin);
    expect(replyBytes(bad)).toBeLessThan(source.replyBytesMin);
  });
});
