import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Downstream, Hello, Opened } from "../../src/backend.ts";
import { Writer } from "../../src/jute/buffers.ts";
import { encode } from "../../src/jute/codec.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { encodeConnectRequest, encodeConnectResponse } from "../../src/protocol/connect.ts";
import { type OpName, opcodes, type RequestOf } from "../../src/protocol/opcodes.ts";
import type { RecordingEvent } from "../../src/recording/format.ts";
import { play } from "./play.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const recordedPasswd = base64(Buffer.alloc(16, 1));
const open = (at: number, on: number, sessionId = 0, passwd = sessionId === 0 ? 0 : 1): RecordingEvent => {
  const hello = {
    protocolVersion: 0,
    lastZxidSeen: 999_999,
    timeOut: 4_000,
    sessionId,
    passwd: Buffer.alloc(16, passwd),
  };
  return { at, on, event: "open", frame: base64(encodeConnectRequest(hello)) };
};
const granted = (at: number, on: number, session: string): RecordingEvent => ({
  ...{ at, on, event: "granted", session, passwd: recordedPasswd },
});
const ask = <Op extends OpName>(at: number, on: number, op: Op, body: RequestOf<Op>): RecordingEvent => ({
  ...{ at, on, event: "frame", frame: base64(encodeRequest(new Writer(), 1, op, body)) },
});
const close = (at: number, on: number): RecordingEvent => ({ at, on, event: "close", why: "client" });
const sync = { path: "/" };

/** A server that grants session 1, 2, … with a password of that byte, and answers each request 5 ms later with the next zxid. */
function server(how: { readonly answers?: boolean; readonly timeOut?: number } = {}) {
  const said: string[] = [];
  const hellos: Hello["request"][] = [];
  const frames: Buffer[] = [];
  const startedMs = performance.now();
  let [sessions, zxid] = [0, 100];
  const door = async (label: { session: string }, hello: Hello, downstream: Downstream): Promise<Opened> => {
    await sleep(3);
    const id = hello.request.sessionId === 0 ? ++sessions : Number(hello.request.sessionId);
    const response = {
      ...{ protocolVersion: 0, timeOut: how.timeOut ?? 4_000, sessionId: id, passwd: Buffer.alloc(16, id + 10) },
    };
    hellos.push(hello.request);
    const note = (what: string) => said.push(`${Math.round(performance.now() - startedMs)} ${label.session}: ${what}`);
    note(`is ${id}`);
    const submit = (frame: Buffer) => {
      frames.push(frame);
      note(String(frame.readInt32BE(4)));
      const isCreate = frame.readInt32BE(4) === opcodes.create.code;
      const body = isCreate
        ? encode(opcodes.create.reply, { path: `${frame.toString("utf8", 12, 12 + frame.readInt32BE(8))}0000000000` })
        : Buffer.alloc(0);
      const reply = Buffer.concat([Buffer.alloc(16), body]);
      reply.writeInt32BE(frame.readInt32BE(0), 0);
      reply.writeInt32BE(++zxid, 8);
      if (how.answers !== false) setTimeout(() => downstream.send(reply), 5);
    };
    const session = { granted: response, submit, close: () => void note("gone") };
    return { is: "granted", session, raw: encodeConnectResponse(response) };
  };
  return { door, said, hellos, frames };
}

async function* told(events: readonly RecordingEvent[], pauseMs = 0): AsyncGenerator<RecordingEvent> {
  for (const event of events) {
    if (pauseMs > 0) await sleep(pauseMs);
    yield event;
  }
}

const playAll = (
  events: AsyncIterable<RecordingEvent>,
  { door }: ReturnType<typeof server>,
  { speed = Number.POSITIVE_INFINITY, fromBefore = new Set<number>(), stop = new AbortController().signal } = {},
) => play(events, { open: door, name: "recording", speed, fromBefore, stop, progress: () => undefined });

const withoutTimes = (said: readonly string[]) => said.map((line) => line.replace(/^\d+ /, ""));

/** Two clients; the first one's connection breaks, and it comes back. */
const story = [
  open(0, 1),
  granted(1_000, 1, "71"),
  open(2_000, 2),
  granted(3_000, 2, "72"),
  ask(100_000, 1, "sync", sync),
  ask(200_000, 2, "sync", sync),
  close(300_000, 1),
  open(400_000, 3, 71),
  granted(401_000, 3, "71"),
  ask(500_000, 3, "setWatches", { relativeZxid: 999_999, dataWatches: [], existWatches: [], childWatches: [] }),
];

describe("a recording is played", () => {
  test("in its order, at full speed without pauses", async () => {
    const fake = server();
    const started = performance.now();
    const { sent, unsent, refused, left } = await playAll(told(story), fake);
    expect({ sent, unsent, refused, left: left.length }).toEqual({ sent: 3, unsent: 0, refused: 0, left: 2 });
    expect(withoutTimes(fake.said)).toEqual([
      ...["session 1: is 1", "session 2: is 2", "session 1: 9", "session 2: 9", "session 1: gone"],
      ...["session 1: is 1", "session 1: 101"],
    ]);
    expect(performance.now() - started).toBeLessThan(400);
  });

  test("sessions and connections end when nothing is under way, of others neither", async () => {
    const two = [open(0, 1), granted(1, 1, "71"), open(2, 2), granted(3, 2, "72"), ask(4, 2, "sync", sync)];
    for (const last of [ask(5, 1, "closeSession", {}), close(5, 1)]) {
      const fake = server();
      await playAll(told([...two, last]), fake);
      const [asked, ended] = fake.said.slice(-2).map((line) => Number(line.split(" ", 1)));
      expect(Number(ended) - Number(asked), fake.said.join("\n")).toBeGreaterThanOrEqual(4);
    }
  });

  test("at its distances in time, or a fraction of them", async () => {
    const fake = server();
    await playAll(told(story), fake, { speed: 2 });
    const times = fake.said.map((line) => Number(line.split(" ", 1)));
    const due = [0, 1, 50, 100, 150, 200, 250];
    for (const [i, at] of due.entries()) {
      expect(times[i]).toBeGreaterThanOrEqual(at - 2);
      expect(times[i]).toBeLessThan(at + 300);
    }
  });

  test("with the ids, passwords and zxids of its own sessions", async () => {
    const fake = server();
    await playAll(told(story), fake);
    expect(fake.hellos).toMatchObject([
      { sessionId: 0, lastZxidSeen: 0 },
      { sessionId: 0, lastZxidSeen: 0 },
      { sessionId: 1, lastZxidSeen: 101, passwd: Buffer.alloc(16, 11) },
    ]);
    expect(fake.frames.at(-1)?.readBigInt64BE(8)).toBe(101n);
  });

  test("with a wrong password where it was wrong", async () => {
    const fake = server();
    await playAll(
      told([open(0, 1), granted(1, 1, "71"), open(2, 2, 71, 5), { at: 3, on: 2, event: "denied", how: "refused" }]),
      fake,
    );
    expect(fake.hellos[1]).toMatchObject({ sessionId: 1, passwd: Buffer.alloc(16, 5) });
  });

  test("with a new session for one from before, and as it is for one that was refused", async () => {
    const fake = server();
    const events = [open(0, 1, 55), granted(1, 1, "55"), ask(2, 1, "sync", sync), open(3, 2, 66)];
    await playAll(told([...events, { at: 4, on: 2, event: "denied", how: "refused" }]), fake, {
      fromBefore: new Set([1]),
    });
    expect(fake.hellos).toMatchObject([
      { sessionId: 0, passwd: Buffer.alloc(16) },
      { sessionId: 66, lastZxidSeen: 0 },
    ]);
    expect(fake.frames).toHaveLength(1);
  });

  test("without what has no session, which is counted", async () => {
    const fake = server();
    const events = [ask(0, 9, "sync", sync), open(1, 1), granted(2, 1, "71"), close(3, 1), ask(4, 1, "sync", sync)];
    expect(await playAll(told(events), fake)).toMatchObject({ sent: 0, unsent: 2 });
  });

  test("with the names that its servers choose", async () => {
    const fake = server();
    const create = { path: "/q/n-", data: null, acl: [], flags: 2 };
    const events: RecordingEvent[] = [
      ...[open(0, 1), granted(1, 1, "71"), ask(2, 1, "create", create)],
      { at: 3, on: 1, event: "named", xid: 1, paths: ["/q/n-0000000907"] },
      ask(4, 1, "delete", { path: "/q/n-0000000907", version: -1 }),
      ask(5, 1, "create", { ...create, path: "/q/n-0000000907/x-", flags: 0 }),
      ask(6, 1, "delete", { path: "/q/n-0000000908", version: -1 }),
    ];
    await playAll(told(events), fake);
    const paths = fake.frames.map((frame) => frame.toString("utf8", 12, 12 + frame.readInt32BE(8)));
    expect(paths).toEqual(["/q/n-", "/q/n-0000000000", "/q/n-0000000000/x-", "/q/n-0000000908"]);
  });

  test("with pings where it is late, and only there", async () => {
    const events = [open(0, 1), granted(1_000, 1, "71"), ask(2_000, 1, "sync", sync), ask(700_000, 1, "sync", sync)];
    const [late, punctual] = [server({ timeOut: 60 }), server({ timeOut: 60 })];
    await Promise.all([playAll(told(events, 300), late), playAll(told(events), punctual, { speed: 1 })]);
    expect(withoutTimes(late.said)).toContain("session 1: 11");
    expect(withoutTimes(punctual.said)).toEqual(["session 1: is 1", "session 1: 9", "session 1: 9"]);
  });

  test("until it is told to stop", async () => {
    const fake = server();
    const stop = AbortSignal.timeout(50);
    const { left } = await playAll(told([open(0, 1), granted(1, 1, "71"), ask(60_000_000, 1, "sync", sync)]), fake, {
      ...{ speed: 1, stop },
    });
    expect([left.length, fake.frames.length]).toEqual([1, 0]);
  });
});
