import { describe, expect, test } from "vitest";
import { MalformedFrame, Reader, Writer } from "./buffers.ts";
import type { Int64 } from "./int64.ts";

/** What a writer makes of one call. */
function written(write: (writer: Writer) => void): string {
  const writer = new Writer(1);
  write(writer);
  return writer.bytes().toString("hex");
}

const reader = (hex: string) => new Reader(Buffer.from(hex, "hex"));

function refusal(act: () => unknown): MalformedFrame {
  try {
    act();
  } catch (cause) {
    if (cause instanceof MalformedFrame) return cause;
    throw cause;
  }
  throw new Error("nothing was thrown");
}

describe("primitives, both ways", () => {
  test.each<[number, string]>([
    [0, "00000000"],
    [1, "00000001"],
    [-1, "ffffffff"],
    [0x7fffffff, "7fffffff"],
    [-0x80000000, "80000000"],
  ])("int %i", (value, hex) => {
    expect(written((w) => w.int(value))).toBe(hex);
    expect(reader(hex).int()).toBe(value);
  });

  test.each<[Int64, string]>([
    [0, "0000000000000000"],
    [-1, "ffffffffffffffff"],
    [0x1_0000_0000, "0000000100000000"],
    [2n ** 63n - 1n, "7fffffffffffffff"],
    [-(2n ** 63n), "8000000000000000"],
  ])("long %s", (value, hex) => {
    expect(written((w) => w.long(value))).toBe(hex);
    expect(reader(hex).long()).toBe(value);
  });

  test.each<[string | null, string]>([
    [null, "ffffffff"],
    ["", "00000000"],
    ["/a", "000000022f61"],
    ["\0", "0000000100"],
    ["\u007f\u0080\u07ff\u0800\uffff", "0000000b7fc280dfbfe0a080efbfbf"],
  ])("ustring %j", (value, hex) => {
    expect(written((w) => w.ustring(value))).toBe(hex);
    expect(reader(hex).ustring()).toBe(value);
  });

  test("null and empty buffers stay apart", () => {
    expect(written((w) => w.buffer(null))).toBe("ffffffff");
    expect(written((w) => w.buffer(new Uint8Array()))).toBe("00000000");
    expect(reader("ffffffff").buffer()).toBeNull();
    expect(reader("00000000").buffer()).toEqual(Buffer.alloc(0));
    expect(reader("00000002abcd").buffer()).toEqual(Buffer.from("abcd", "hex"));
  });

  test("any nonzero byte is true", () => {
    expect([reader("00").boolean(), reader("01").boolean(), reader("ff").boolean()]).toEqual([false, true, true]);
    expect(written((w) => w.boolean(true)) + written((w) => w.boolean(false))).toBe("0100");
  });

  test("counts: -1 is a null list, other negative numbers an empty one", () => {
    expect(["ffffffff", "fffffffe", "80000000", "00000003"].map((hex) => reader(hex).count())).toEqual([null, 0, 0, 3]);
  });

  test("a supplementary character leaves as two encoded surrogates and returns as two U+FFFD", () => {
    const hex = written((w) => w.ustring("😀"));
    expect(hex).toBe("00000006eda0bdedb880");
    expect(reader(hex).ustring()).toBe("\ufffd\ufffd");
    expect(reader("00000004f09f9880").ustring()).toBe("😀");
  });
});

describe("Reader", () => {
  test.each<[string, string, (r: Reader) => unknown]>([
    ["int", "000000", (r) => r.int()],
    ["long", "00000000000000", (r) => r.long()],
    ["boolean", "", (r) => r.boolean()],
    ["buffer length", "000000", (r) => r.buffer()],
    ["buffer", "00000002aa", (r) => r.buffer()],
    ["negative buffer", "fffffffe", (r) => r.buffer()],
    ["huge buffer", "7fffffffaa", (r) => r.buffer()],
    ["ustring", "000000022f", (r) => r.ustring()],
    ["negative ustring", "80000000", (r) => r.ustring()],
    ["count", "0000", (r) => r.count()],
  ])("a broken %s names its offset, and the field where the codec adds it", (_name, hex, act) => {
    const broken = reader(hex);
    const error = refusal(() => act(broken))
      .within("mzxid")
      .within("stat");
    expect(error.field).toBe("stat.mzxid");
    expect(error.offset).toBeLessThanOrEqual(hex.length / 2);
    expect(error.message).toMatch(/ at byte \d+ \(stat\.mzxid\)$/);
  });

  test("reads inside any view of memory, and buffers are views of it", () => {
    const memory = new Uint8Array([9, 9, 0, 0, 0, 1, 7, 9]);
    const view = new Reader(memory.subarray(2, 7));
    const buffer = view.buffer();
    memory[6] = 8;
    expect(buffer).toEqual(Buffer.from([8]));
    expect(view.remaining).toBe(0);
    expect(() => view.boolean()).toThrow(MalformedFrame);
  });
});

describe("Writer", () => {
  test("keeps what it holds while it grows, and forgets it on reset", () => {
    const writer = new Writer(1);
    for (let i = 0; i < 100; i++) writer.int(i);
    expect(writer.length).toBe(400);
    expect(writer.bytes().readInt32BE(396)).toBe(99);
    writer.ustring("é".repeat(200));
    expect(writer.length).toBe(804);
    expect(writer.reset().length).toBe(0);
    writer.raw(Buffer.from("beef", "hex"));
    expect(writer.bytes().toString("hex")).toBe("beef");
  });

  test("copies survive a reset, views do not", () => {
    const writer = new Writer(8);
    writer.int(1);
    const [copy, view] = [writer.copy(), writer.bytes()];
    writer.reset().int(2);
    expect([copy.readInt32BE(0), view.readInt32BE(0)]).toEqual([1, 2]);
  });

  test("patches a length kept free", () => {
    const writer = new Writer(4);
    writer.int(0);
    writer.ustring("x");
    writer.patchInt(0, writer.length - 4);
    expect(writer.bytes().toString("hex")).toBe("000000050000000178");
  });

  test("an int wraps to 32 bits", () => {
    expect(written((w) => w.int(0x1_0000_0001))).toBe("00000001");
    expect(written((w) => w.int(0x80000000))).toBe("80000000");
  });
});
