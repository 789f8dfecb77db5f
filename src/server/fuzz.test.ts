/** Bytes no client should send. Whatever arrives, in whatever pieces: no exception gets out, the session hears of the end once, nothing but whole
 *  frames reaches the backend, and the other connection never notices. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { realFrames } from "../protocol/spoilt-frames.fixture.ts";
import { requestFrame } from "./fake-backend.fixture.ts";
import { FakeServer, framed, hello } from "./wire.fixture.ts";

/** One way to spoil a byte stream; positions are taken modulo its length, so that each shrinks freely. */
const mutation = fc.oneof(
  fc.record({ is: fc.constant("set" as const), at: fc.nat(400), byte: fc.nat(255) }),
  fc.record({ is: fc.constant("cut" as const), at: fc.nat(400), length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    is: fc.constant("insert" as const),
    at: fc.nat(400),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  }),
  fc.record({ is: fc.constant("length" as const), at: fc.nat(400), value: fc.integer() }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function spoil(bytes: Buffer, change: Mutation): Buffer {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length;
  if (change.is === "insert") return Buffer.concat([bytes.subarray(0, at), change.bytes, bytes.subarray(at)]);
  if (change.is === "cut") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.length)]);
  const spoilt = Buffer.from(bytes);
  if (change.is === "set") spoilt[at] = change.byte;
  else if (at + 4 <= spoilt.length) spoilt.writeInt32BE(change.value, at);
  return spoilt;
}

const conversation = fc.record({
  greets: fc.boolean(),
  frames: fc.array(fc.nat(realFrames.length - 1), { maxLength: 6 }),
  changes: fc.array(mutation, { maxLength: 4 }),
  pieces: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
});

test("nothing a client sends does harm", async () => {
  const server = new FakeServer({}, { limits: { lingerMs: 1 } });
  const bystander = await server.attachSession();
  let xid = 0;
  await fc.assert(
    fc.asyncProperty(conversation, async ({ greets, frames, changes, pieces }) => {
      const before = server.backend.sessions.length;
      const wire = framed(...(greets ? [hello()] : []), ...frames.map((index) => realFrames[index] ?? hello()));
      let bytes = changes.reduce(spoil, wire);
      const client = server.attach();
      for (const length of pieces) {
        client.stream.write(bytes.subarray(0, length));
        bytes = bytes.subarray(length);
      }
      await client.say(bytes);
      await client.hangUp();
      for (const session of server.backend.sessions.slice(before)) {
        expect(session.closedFor.length).toBe(1);
        expect(session.frames.every((frame) => frame.length >= 8)).toBe(true);
      }
      const answers = bystander.chunkCount;
      await bystander.say(framed(requestFrame(++xid)));
      expect(bystander.chunkCount).toBe(answers + 1);
      expect([server.connections.size, server.context.stats.outstanding]).toEqual([1, 0]);
    }),
    { numRuns: 3_000 },
  );
  expect(server.log.lines).toEqual([]);
  expect(server.backend.sessions.length).toBeGreaterThan(500);
  expect(server.context.stats.malformed).toBeGreaterThan(500);
}, 120_000);
