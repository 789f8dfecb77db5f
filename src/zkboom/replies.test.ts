import fc from "fast-check";
import { expect, test } from "vitest";
import { ReplyScanner } from "./replies.ts";

function reply(xid: number, err: number, bodyBytes: number): Buffer {
  const frame = Buffer.alloc(20 + bodyBytes, 0xee);
  frame.writeInt32BE(16 + bodyBytes, 0);
  frame.writeInt32BE(xid, 4);
  frame.writeInt32BE(err, 16);
  return frame;
}

test("any chunking gives the same replies", () => {
  const replies = fc.array(fc.tuple(fc.integer(), fc.integer(), fc.nat(60)), { maxLength: 12 });
  fc.assert(
    fc.property(replies, fc.array(fc.nat(900), { maxLength: 20 }), (expected, cuts) => {
      const stream = Buffer.concat([Buffer.from([1]), ...expected.map(([xid, err, body]) => reply(xid, err, body))]);
      const seen: number[][] = [];
      const scanner = new ReplyScanner((xid, err, bytes) => seen.push([xid, err, bytes - 20]));
      const places = [1, ...cuts.map((cut) => Math.min(cut + 1, stream.length)).sort((a, b) => a - b), stream.length];
      for (let i = 1; i < places.length; i++) scanner.push(stream, places[i - 1] ?? 0, places[i] ?? 0);
      expect(seen).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test("a length that no reply has is an error", () => {
  const short = reply(1, 0, 0);
  short.writeInt32BE(15, 0);
  expect(() => new ReplyScanner(() => undefined).push(short, 0, short.length)).toThrow(RangeError);
});
