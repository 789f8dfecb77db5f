import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { BadFrameLength, FrameSplitter, juteMaxBuffer } from "./frames.ts";

/** The bytes of frames on the wire. */
const wire = (bodies: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    bodies.map((body) => {
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(body.length);
      return Buffer.concat([prefix, body]);
    }),
  );

/** Feeds the stream cut at the given places; answers copies of the frames. */
function split(stream: Buffer, cuts: readonly number[], splitter = new FrameSplitter()): string[] {
  const frames: string[] = [];
  const places = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  for (let i = 1; i < places.length; i++)
    splitter.push(stream.subarray(places[i - 1], places[i]), (frame) => {
      frames.push(frame.toString("hex"));
      return true;
    });
  return frames;
}

const prefixOf = (length: number): Buffer => {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  return prefix;
};

describe("FrameSplitter", () => {
  const bodies = [Buffer.from("one"), Buffer.alloc(0), Buffer.from("three"), Buffer.alloc(300, 7)];
  const expected = bodies.map((body) => body.toString("hex"));

  test("one chunk", () => {
    expect(split(wire(bodies), [])).toEqual(expected);
  });

  test("a chunk per byte", () => {
    const stream = wire(bodies);
    const splitter = new FrameSplitter();
    expect(split(stream, [...stream.keys()], splitter)).toEqual(expected);
    expect(splitter.pendingBytes).toBe(0);
  });

  test("any chunking decodes alike", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 30 }),
        (frames, cuts) => {
          const stream = wire(frames);
          const hex = frames.map((frame) => Buffer.from(frame).toString("hex"));
          expect(
            split(
              stream,
              cuts.map((cut) => Math.min(cut, stream.length)),
            ),
          ).toEqual(hex);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("holds back an unfinished frame and nothing else", () => {
    const splitter = new FrameSplitter();
    expect(split(Buffer.concat([wire(bodies), prefixOf(9), Buffer.from("abc")]), [], splitter)).toEqual(expected);
    expect(splitter.pendingBytes).toBe(7);
    expect(split(Buffer.from("defghi"), [], splitter)).toEqual([Buffer.from("abcdefghi").toString("hex")]);
    expect(splitter.pendingBytes).toBe(0);
  });

  test("accepts the largest frame and refuses the next length before its body comes", () => {
    const body = Buffer.alloc(juteMaxBuffer, 1);
    expect(split(wire([body]), [5, 70_000])).toEqual([body.toString("hex")]);
    expect(() => split(prefixOf(juteMaxBuffer + 1), [])).toThrow(BadFrameLength);
    expect(() => split(prefixOf(11), [], new FrameSplitter(10))).toThrow(BadFrameLength);
    expect(split(wire([Buffer.alloc(10)]), [], new FrameSplitter(10))).toHaveLength(1);
  });

  test.each([-1, -0x80000000, 0x7fffffff])(
    "a length of %i is refused, also when its bytes come one by one",
    (length) => {
      expect(() => split(prefixOf(length), [])).toThrow(BadFrameLength);
      expect(() => split(prefixOf(length), [1, 2, 3])).toThrow(BadFrameLength);
      expect(() => split(prefixOf(length), [])).toThrow(String(length));
    },
  );

  test("frames before a bad length are delivered", () => {
    const frames: number[] = [];
    const splitter = new FrameSplitter();
    const push = () =>
      splitter.push(Buffer.concat([wire(bodies), prefixOf(-5)]), (frame) => {
        frames.push(frame.length);
        return true;
      });
    expect(push).toThrow(BadFrameLength);
    expect(frames).toEqual([3, 0, 5, 300]);
  });

  test("stops when told to and drops the rest of the chunk", () => {
    const seen: string[] = [];
    const splitter = new FrameSplitter();
    splitter.push(wire(bodies), (frame) => {
      seen.push(frame.toString());
      return seen.length < 2;
    });
    expect(seen).toEqual(["one", ""]);
    expect(splitter.pendingBytes).toBe(0);
    expect(split(wire([Buffer.from("new")]), [], splitter)).toEqual([Buffer.from("new").toString("hex")]);
  });

  test("a frame that dribbles in costs at most twice what came", () => {
    const splitter = new FrameSplitter();
    const stream = wire([Buffer.alloc(20_000, 3)]);
    const allocated = vi.spyOn(Buffer, "allocUnsafeSlow");
    for (let at = 0; at < stream.length - 1; at++) {
      splitter.push(stream.subarray(at, at + 1), () => true);
      if (at % 500 === 0) expect(splitter.roomBytes).toBeLessThanOrEqual(Math.max(2 * (at + 1), 256));
    }
    expect(allocated.mock.calls.length).toBeLessThan(12);
    allocated.mockRestore();
    const frames: Buffer[] = [];
    splitter.push(stream.subarray(-1), (frame) => frames.push(frame) > 0);
    expect(frames.map((frame) => [frame.length, frame.buffer.byteLength])).toEqual([[20_000, 20_004]]);
    expect(splitter.roomBytes).toBe(0);
  });

  test("what is left of a chunk does not keep the chunk alive", () => {
    const splitter = new FrameSplitter();
    const chunk = Buffer.concat([wire([Buffer.alloc(60_000)]), prefixOf(100), Buffer.from("abc")]);
    const rest = Buffer.alloc(97, 7);
    const lengths: number[] = [];
    const keep = (frame: Buffer) => lengths.push(frame.buffer.byteLength) > 0;
    splitter.push(chunk, () => true);
    expect(splitter.roomBytes).toBe(104);
    splitter.push(rest, keep);
    expect(lengths).toEqual([104]);
  });

  test("frames behind one that is finished by a chunk are views of that chunk", () => {
    const splitter = new FrameSplitter();
    splitter.push(prefixOf(2), () => true);
    const chunk = Buffer.concat([Buffer.from("ab"), wire([Buffer.from("cd")])]);
    const frames: Buffer[] = [];
    splitter.push(chunk, (frame) => frames.push(frame) > 0);
    expect(frames.map(String)).toEqual(["ab", "cd"]);
    expect(frames[1]?.buffer).toBe(chunk.buffer);
  });

  test("a promised length takes no memory", () => {
    const splitter = new FrameSplitter(0x7fffffff);
    split(prefixOf(0x7fffffff), [], splitter);
    expect([splitter.pendingBytes, splitter.roomBytes]).toEqual([4, 256]);
  });
});
