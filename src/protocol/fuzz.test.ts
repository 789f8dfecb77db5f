/** Spoilt frames through the decoders alone, each against what it promises: a value, or `MalformedFrame`, in time and memory that fit the frame. */
import { expect, test } from "vitest";
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { decode, encode, read } from "../jute/codec.ts";
import { retainedBytes } from "../jute/heap.fixture.ts";
import type { Schema } from "../jute/kinds.ts";
import { decodeReply } from "./client.ts";
import { decodeConnectRequest, decodeConnectResponse, encodeConnectRequest } from "./connect.ts";
import { BadFrameLength, FrameSplitter, juteMaxBuffer } from "./frames.ts";
import { type OpName, opcodes, opName } from "./opcodes.ts";
import { framesWanted, fuzzSeed, helloWith, prefixed, Spoiler } from "./spoilt-frames.fixture.ts";

const frames = framesWanted(20_000);
const hellos = Math.ceil(frames / 10);
const streams = Math.ceil(frames / 100);
/** Processor time, a hundred times what any of these frames takes: a decoder that is not linear, or trusts a count, takes minutes. */
const frameMicrosecondsMax = 500_000;
/** What the run may leave in memory: compiled code and the test's own numbers. */
const grownBytesMax = 16 * 2 ** 20;

const names = Object.keys(opcodes) as OpName[];

/** What a decoder makes of bytes; undefined for a `MalformedFrame` that says where. Everything else is thrown on. */
function attempt<T>(bytes: Buffer, decoder: () => T): T | undefined {
  try {
    return decoder();
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    if (cause.offset < 0 || cause.offset > bytes.length) throw new Error(`offset ${cause.offset}`, { cause });
    return undefined;
  }
}

/** A value that came from a frame goes back into one. The second time around nothing changes any more; the first may, by broken text and counts. */
function survives(schema: Schema, value: unknown): void {
  const once = encode(schema, decode(schema, encode(schema, value as never)) as never);
  const twice = encode(schema, decode(schema, once) as never);
  if (!once.equals(twice)) throw new Error(`${schema.name}: ${once.toString("hex")} became ${twice.toString("hex")}`);
}

/** Runs `step` that often; whatever it throws is told with the seed, the round and the bytes. */
function repeat(rounds: number, step: (spoiler: Spoiler) => void): void {
  const spoiler = new Spoiler();
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    try {
      step(spoiler);
      const { user } = process.cpuUsage(start);
      if (user > frameMicrosecondsMax) throw new Error(`took ${user} µs`);
    } catch (cause) {
      throw new Error(`ZETCD_FUZZ_SEED=${fuzzSeed}, round ${round}`, { cause });
    }
  }
}

test(`${frames} spoilt requests are decoded or refused, by both ends`, { timeout: 300_000 }, () => {
  const counts = { decoded: 0, refused: 0, unknown: 0 };
  const run = (rounds: number): void =>
    repeat(rounds, (spoiler) => {
      const frame = spoiler.frame();
      if (frame.length < 8) return;
      const known = opName(frame.readInt32BE(4));
      if (known === undefined) counts.unknown++;
      const op = known ?? spoiler.pick(names);
      const { request, reply } = opcodes[op];
      const value = attempt(frame, () => read(request as Schema, new Reader(frame, 8)));
      counts[value === undefined ? "refused" : "decoded"]++;
      if (value !== undefined) survives(request, value);
      const answer = frame.length < 16 ? undefined : attempt(frame, () => decodeReply(op, frame));
      if (answer?.body != null) survives(reply, answer.body);
    });
  run(2_000);
  const before = retainedBytes();
  run(frames);
  expect(retainedBytes() - before).toBeLessThan(grownBytesMax);
  expect(Math.min(counts.decoded, counts.refused)).toBeGreaterThan(frames / 10);
  expect(counts.unknown).toBeGreaterThan(frames / 100);
});

test(`${hellos} spoilt handshakes are decoded or refused`, { timeout: 300_000 }, () => {
  const counts = { decoded: 0, refused: 0 };
  repeat(hellos, (spoiler) => {
    const bytes = spoiler.spoilt(helloWith({ sessionId: spoiler.below(2 ** 31) }));
    const hello = attempt(bytes, () => decodeConnectRequest(bytes));
    counts[hello === undefined ? "refused" : "decoded"]++;
    attempt(bytes, () => decodeConnectResponse(bytes));
    if (hello === undefined) return;
    const again = encodeConnectRequest(hello);
    if (!bytes.subarray(0, again.length - 1).equals(again.subarray(0, -1))) throw new Error(bytes.toString("hex"));
  });
  expect(Math.min(counts.decoded, counts.refused)).toBeGreaterThan(hellos / 10);
});

/** What a stream comes to by the letter of the protocol: its frames up to the first prefix out of bounds. */
function framesOf(bytes: Buffer): { frames: Buffer[]; isBroken: boolean } {
  const whole: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readInt32BE(at);
    if (length < 0 || length > juteMaxBuffer) return { frames: whole, isBroken: true };
    if (at + 4 + length > bytes.length) break;
    whole.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames: whole, isBroken: false };
}

test(`${streams} spoilt streams are cut alike, however they come in pieces`, { timeout: 300_000 }, () => {
  const counts = { broken: 0, cut: 0 };
  repeat(streams, (spoiler) => {
    const wire = prefixed(Array.from({ length: 1 + spoiler.below(8) }, () => spoiler.real()));
    const bytes = spoiler.spoilt(wire);
    const splitter = new FrameSplitter();
    const got: Buffer[] = [];
    let isBroken = false;
    for (const piece of spoiler.pieces(bytes)) {
      try {
        splitter.push(Buffer.from(piece), (frame) => got.push(Buffer.from(frame)) > 0);
      } catch (cause) {
        if (!(cause instanceof BadFrameLength)) throw cause;
        isBroken = true;
        break;
      }
      if (splitter.roomBytes > Math.max(256, 2 * splitter.pendingBytes)) throw new Error(bytes.toString("hex"));
    }
    const right = framesOf(bytes);
    if (isBroken !== right.isBroken || !prefixed(got).equals(prefixed(right.frames)))
      throw new Error(bytes.toString("hex"));
    counts[isBroken ? "broken" : "cut"]++;
  });
  expect(Math.min(counts.broken, counts.cut)).toBeGreaterThan(streams / 20);
});
