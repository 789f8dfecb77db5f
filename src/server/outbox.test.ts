import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { FrameSplitter } from "../protocol/frames.ts";
import { serverLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { ConnectionStats, ServerStats } from "./stats.ts";
import { HandClock, settle } from "./wire.fixture.ts";

/** A stream that takes a write only when told to, and keeps references, not copies, until then: as the operating system does. */
class SlowStream extends Duplex {
  readonly taken: Buffer[] = [];
  readonly #waiting: { bytes: Buffer[]; taken: (error?: Error) => void }[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    this.#waiting.push({ bytes: [chunk], taken });
  }

  override _writev(chunks: { chunk: Buffer }[], taken: (error?: Error | null) => void): void {
    this.#waiting.push({ bytes: chunks.map(({ chunk }) => chunk), taken });
  }

  /** Takes what is offered; answers how many writes that were. */
  acceptAll(): number {
    const offered = this.#waiting.splice(0);
    for (const { bytes, taken } of offered) {
      this.taken.push(...bytes.map((chunk) => Buffer.from(chunk)));
      taken();
    }
    return offered.length;
  }

  /** Fails what is offered, as a reset connection does; answers the memory that was offered. */
  failAll(): Buffer[] {
    const offered = this.#waiting.splice(0);
    for (const { taken } of offered) taken(new Error("EPIPE"));
    return offered.flatMap(({ bytes }) => bytes);
  }

  get frames(): string[] {
    const frames: string[] = [];
    new FrameSplitter(1 << 28).push(Buffer.concat(this.taken), (frame) => frames.push(frame.toString("latin1")) > 0);
    return frames;
  }
}

function openOutbox() {
  const stream = new SlowStream();
  const clock = new HandClock();
  const events: string[] = [];
  const stats = new ConnectionStats(new ServerStats(0), 0);
  const limits = { ...serverLimits, highWaterBytes: 100_000, lowWaterBytes: 50_000, queuedBytesMax: 300_000 };
  const say = (event: string) => () => void events.push(event);
  const outbox = new Outbox(
    stream,
    { limits, clock, stats },
    { onDrained: say("drained"), onOverflow: say("overflow"), onEnded: say("ended") },
  );
  stream.on("error", () => undefined);
  return { stream, clock, events, outbox };
}

const text = (index: number, length = 200) => `${index}`.padEnd(length, ".");

test("all frames of a turn leave in one write, copied when sent", async () => {
  const { stream, outbox } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  const reused = Buffer.alloc(3);
  for (let i = 0; i < 100; i++) {
    reused.fill(`${i}`.padStart(3, "0"), "latin1");
    outbox.send(reused);
  }
  await settle();
  expect(stream.acceptAll()).toBe(1);
  expect(stream.frames).toEqual(["hello", ...Array.from({ length: 100 }, (_, i) => `${i}`.padStart(3, "0"))]);
});

test("memory still in the stream's hands is not written over", async () => {
  const { stream, outbox } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  const sent = ["hello"];
  for (let turn = 0; turn < 50; turn++) {
    for (let i = 0; i < 5; i++) {
      const frame = text(turn * 5 + i, 20 + turn * 7);
      sent.push(frame);
      outbox.send(Buffer.from(frame));
    }
    await settle();
    if (turn % 7 === 0) stream.acceptAll();
  }
  for (let i = 0; i < 60; i++) {
    stream.acceptAll();
    await settle();
  }
  expect(stream.frames).toEqual(sent);
  expect(outbox.queuedBytes).toBe(0);
});

test("memory of a write that failed is never used again", async () => {
  const broken = openOutbox();
  broken.outbox.begin(Buffer.from("hello"));
  await settle();
  const offered = broken.stream.failAll();
  await settle();
  const next = openOutbox();
  next.outbox.begin(Buffer.from("others"));
  await settle();
  expect(offered.map((bytes) => bytes.toString("latin1", 4))).toEqual(["hello"]);
});

test("frames larger than a slab keep their place", async () => {
  const { stream, outbox } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  const sent = [text(1), text(2, 90_000), text(3), text(4, 33_000), text(5)];
  for (const frame of sent) outbox.send(Buffer.from(frame));
  await settle();
  while (stream.acceptAll() > 0) await settle();
  expect(stream.frames).toEqual(["hello", ...sent]);
});

test("high above the mark, drained once below the lower one", async () => {
  const { stream, outbox, events } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  for (let i = 0; i < 200; i++) outbox.send(Buffer.alloc(1_000));
  expect(outbox.isHigh).toBe(true);
  expect(outbox.queuedBytes).toBe(9 + 200 * 1_004);
  stream.acceptAll();
  await settle();
  expect(outbox.queuedBytes).toBeGreaterThan(50_000);
  expect(events).toEqual([]);
  while (stream.acceptAll() > 0) await settle();
  expect([outbox.isHigh, outbox.queuedBytes, events]).toEqual([false, 0, ["drained"]]);
});

test("over the limit it ends once; a single frame may be larger than the limit", () => {
  const { outbox, events } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  outbox.send(Buffer.alloc(1_000_000));
  expect(events).toEqual([]);
  outbox.send(Buffer.alloc(1));
  outbox.send(Buffer.alloc(1));
  expect(events).toEqual(["overflow"]);
});

test("sent before the greeting means sent behind it, the end included", async () => {
  const { stream, outbox, events } = openOutbox();
  outbox.send(Buffer.from("event"));
  outbox.end();
  outbox.begin(Buffer.from("hello"));
  outbox.send(Buffer.from("too late"));
  await settle();
  stream.acceptAll();
  expect([stream.frames, events]).toEqual([["hello", "event"], ["ended"]]);
});

test("the end waits for what is queued, but not for ever", async () => {
  const { stream, outbox, clock } = openOutbox();
  outbox.begin(Buffer.from("hello"));
  outbox.send(Buffer.from("last"));
  outbox.end();
  await settle();
  expect([stream.writableFinished, stream.destroyed]).toEqual([false, false]);
  clock.advance(serverLimits.lingerMs);
  expect(stream.destroyed).toBe(true);
});
