/** Spoilt frames and handshakes over TCP against `bin/zetcd` on a real etcd: every connection is answered or closed, the process lives and logs no
 *  bug, other clients are served all along, and in the end the memory is back. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { digestIdentity } from "../src/etcd/acl.ts";
import type { Client } from "../src/protocol/client.ts";
import { decodeConnectResponse } from "../src/protocol/connect.ts";
import { errorCodes } from "../src/protocol/error-codes.ts";
import { FrameSplitter } from "../src/protocol/frames.ts";
import { opcodes, opName, xids } from "../src/protocol/opcodes.ts";
import { framesWanted, fuzzSeed, helloWith, prefixed, Spoiler } from "../src/protocol/spoilt-frames.fixture.ts";
import { connectTo, creation } from "./etcd.fixture.ts";

const frames = framesWanted(20_000);
/** Connections at a time, and frames that each sends. */
const lanes = 32;
const talkFrames = 40;
/** How long a connection may take to answer, or to close once we have. */
const patienceMs = 20_000;
/** What a run may leave behind after collecting: sessions about to expire, caches, compiled code. */
const grownBytesMax = 32 * 2 ** 20;
const grownRssBytesMax = 256 * 2 ** 20;

const root = "super:fuzz";
/** Collects and says what is left, on SIGUSR2. */
const preload = `data:text/javascript,${encodeURIComponent(`
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on("SIGUSR2", () => {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  console.error("retained", JSON.stringify({ bytes: heapUsed + external, rss }));
});
`)}`;

let etcd: EtcdServer;
let proxy: ChildProcess;
let port: number;
let output = "";
let hasExited = false;

beforeAll(async () => {
  [etcd, port] = await Promise.all([startEtcd(), freePort()]);
  proxy = spawn(
    fileURLToPath(new URL("../bin/zetcd", import.meta.url)),
    [
      ...["--zkaddr", `127.0.0.1:${port}`, "--endpoints", etcd.endpoints.join(","), "--log-level", "warn"],
      ...["--tick-time", "500", "--extended-types", "--super-digest", digestIdentity(Buffer.from(root))],
    ],
    { env: { ...process.env, NODE_OPTIONS: `--import=${preload}` } },
  );
  proxy.once("exit", () => {
    hasExited = true;
  });
  for (const stream of [proxy.stdout, proxy.stderr]) stream?.on("data", (chunk) => (output += chunk));
  while (!output.includes("listening on") && !hasExited) await sleep(20);
});
afterAll(async () => {
  proxy.kill("SIGKILL");
  await etcd.stop();
});

/** What the proxy holds on to. */
async function retained(): Promise<{ bytes: number; rss: number }> {
  const before = output.length;
  proxy.kill("SIGUSR2");
  for (;;) {
    const said = /retained (.*)\n/.exec(output.slice(before))?.[1];
    if (said !== undefined) return JSON.parse(said) as { bytes: number; rss: number };
    if (hasExited) throw new Error(`zetcd is gone: ${output}`);
    await sleep(10);
  }
}

/** The session granted last, for handshakes that resume. */
let latest = { sessionId: 0 as number | bigint, passwd: new Uint8Array(16) };
/** `taken` is what the server has dealt with: frames it answered, and one for each connection it closed. */
const counts = { taken: 0, answered: 0, closed: 0, whole: 0, broken: 0, granted: 0, slowestMs: 0 };

/** One connection: collects the frames that come, until it closes. */
class Talk {
  readonly socket: Socket;
  readonly frames: Buffer[] = [];
  readonly closed: Promise<unknown>;
  isClosed = false;
  #onFrame: (() => void) | undefined;

  constructor() {
    this.socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const splitter = new FrameSplitter(2 ** 28);
    this.socket.on("data", (chunk) => {
      splitter.push(chunk, (frame) => this.frames.push(Buffer.from(frame)) > 0);
      this.#onFrame?.();
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise<void>((resolve) => {
      const end = (): void => {
        this.isClosed = true;
        this.#onFrame?.();
        resolve();
      };
      this.socket.once("end", end).once("close", end);
    });
  }

  /** Waits for a frame that is wanted, or for the end. Answers whether it came. */
  async until(isWanted: (frame: Buffer) => boolean): Promise<boolean> {
    const startMs = performance.now();
    for (;;) {
      if (this.frames.some(isWanted)) return true;
      if (this.isClosed) return false;
      if (performance.now() - startMs > patienceMs) throw new Error(`no answer and no end within ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#onFrame = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

const codeOf = (frame: Buffer): number => frame.readInt32BE(4);

/** Answered past everything pending. */
const isHasty = (frame: Buffer): boolean => codeOf(frame) === opcodes.auth.code || codeOf(frame) === opcodes.sasl.code;

/** What ends a connection as a rule. */
const isFatal = (frame: Buffer): boolean =>
  isHasty(frame) ||
  opName(codeOf(frame)) === undefined ||
  codeOf(frame) === opcodes.check.code ||
  codeOf(frame) === opcodes.closeSession.code;

/** A spoilt request with a header; seldom one that ends the connection, because nothing behind it is looked at. */
function request(spoiler: Spoiler): Buffer {
  for (;;) {
    const frame = spoiler.frame(spoiler.onceIn(60) ? 4 : 8);
    if (frame.length >= 8 && (!isFatal(frame) || spoiler.onceIn(20))) return frame;
  }
}

/** Spoilt requests in whole frames: each is answered in its turn, up to the end of the connection, if that comes. */
async function speakInFrames(spoiler: Spoiler): Promise<void> {
  const talk = new Talk();
  const resumed = spoiler.onceIn(4) ? latest : {};
  talk.socket.write(prefixed([helloWith(resumed)]));
  const isGreeted = await talk.until(() => true);
  counts.granted++;
  if (isGreeted) {
    const { sessionId, passwd } = decodeConnectResponse(talk.frames[0] ?? Buffer.alloc(0));
    if (sessionId !== 0) latest = { sessionId, passwd: new Uint8Array(passwd ?? []) };
  }
  const sentinel = talkFrames + 1;
  const sent = Array.from({ length: talkFrames }, (_, index) => {
    const frame = request(spoiler);
    frame.writeInt32BE(index + 1, 0);
    return frame;
  });
  const last = Buffer.from("0000000000000003000000012f00", "hex");
  last.writeInt32BE(sentinel, 0);
  talk.socket.write(prefixed([...sent, last]));
  const isDone = await talk.until((frame) => talk.frames[0] !== frame && frame.readInt32BE(0) === sentinel);
  const replies = talk.frames
    .slice(1)
    .map((frame) => frame.readInt32BE(0))
    .filter((xid) => xid !== xids.notification && xid !== sentinel);
  counts.answered += replies.length;
  counts.taken += replies.length + (isDone ? 0 : 1);
  counts[isDone ? "whole" : "closed"]++;
  const isPing = (frame: Buffer): boolean => codeOf(frame) === opcodes.ping.code;
  const hasty = new Set(sent.filter(isHasty).map((frame) => frame.readInt32BE(0)));
  const inTurn = sent
    .filter((frame) => !isHasty(frame))
    .map((frame) => (isPing(frame) ? xids.ping : frame.readInt32BE(0)));
  const heard = replies.filter((xid) => !hasty.has(xid));
  // What ended the connection may have been answered past everything pending.
  const unknown = isDone ? [] : heard.filter((xid, index) => xid !== inTurn[index]);
  expect(unknown.length).toBeLessThanOrEqual(1);
  const turns = heard.length - unknown.length;
  expect(heard.slice(0, turns)).toEqual(inTurn.slice(0, isDone ? inTurn.length : turns));
  if (isDone) expect(replies.filter((xid) => hasty.has(xid))).toEqual([...hasty]);
  talk.socket.resetAndDestroy();
}

/** A stream spoilt anywhere, the handshake and the lengths too, in pieces: once we have finished, so has the server. */
async function speakBrokenly(spoiler: Spoiler): Promise<void> {
  const talk = new Talk();
  const hello = helloWith(spoiler.onceIn(3) ? latest : {});
  const greeting = spoiler.onceIn(2) ? spoiler.spoilt(hello, { changes: 1 }) : hello;
  const requests = Array.from({ length: spoiler.below(talkFrames) }, () => spoiler.frame());
  const wire = spoiler.spoilt(prefixed([greeting, ...requests]), { from: spoiler.onceIn(4) ? 0 : 49 });
  counts.broken++;
  for (const piece of spoiler.onceIn(8) ? spoiler.pieces(wire) : [wire]) talk.socket.write(piece);
  if (!spoiler.onceIn(4)) await Promise.race([talk.closed, sleep(spoiler.below(30))]);
  talk.socket.end();
  await Promise.race([talk.closed, sleep(patienceMs, undefined, { ref: false })]);
  if (!talk.isClosed) throw new Error(`still open ${patienceMs} ms after our end: ${wire.toString("hex")}`);
  counts.answered += talk.frames.length;
  counts.taken += talk.frames.length + 1;
  talk.socket.resetAndDestroy();
}

/** Another client, which must not notice. It may do everything, because the noise changes lists; what it asks is slow at most. */
async function bystander(isOver: () => boolean): Promise<void> {
  const client = await connectTo(port, { timeoutMs: 30_000 });
  await client.call("auth", { type: 0, scheme: "digest", auth: Buffer.from(root) });
  await client.call("create", creation("/bystander"));
  for (let round = 0; !isOver(); round++) {
    const startMs = performance.now();
    const written = await client.call("setData", { path: "/bystander", data: Buffer.from([round & 255]), version: -1 });
    const seen = await client.call("getData", { path: "/bystander", watch: false });
    expect([written.header.err, seen.body?.data?.[0]]).toEqual([errorCodes.OK, round & 255]);
    counts.slowestMs = Math.max(counts.slowestMs, performance.now() - startMs);
    if (round % 50 === 0) await clear(client, "/");
    await sleep(50);
  }
  await clear(client, "/");
  await client.call("closeSession", {});
}

/** Deletes what the noise has created. */
async function clear(client: Client, path: string): Promise<void> {
  const { body } = await client.call("getChildren", { path, watch: false });
  for (const name of body?.children ?? []) {
    const child = `${path === "/" ? "" : path}/${name}`;
    if (child === "/bystander" || child === "/zookeeper") continue;
    const { header } = await client.call("delete", { path: child, version: -1 });
    if (header.err !== errorCodes.NOTEMPTY) continue;
    await clear(client, child);
    await client.call("delete", { path: child, version: -1 });
  }
}

/** Makes noise until `count` frames have been sent. */
async function noise(count: number, seed: number): Promise<void> {
  const until = counts.taken + count;
  let isOver = false;
  const witness = bystander(() => isOver);
  const lane = async (_: unknown, index: number): Promise<void> => {
    const spoiler = new Spoiler(seed + index);
    while (counts.taken < until) await (spoiler.onceIn(4) ? speakBrokenly(spoiler) : speakInFrames(spoiler));
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } catch (cause) {
    throw new Error(`ZETCD_FUZZ_SEED=${fuzzSeed}`, { cause });
  } finally {
    isOver = true;
    await witness;
  }
  // Sessions left behind, and what they hold, go within a few ticks.
  await sleep(7_000);
}

test(`${frames} spoilt frames do no harm`, { timeout: 3_600_000 }, async () => {
  await noise(Math.min(frames / 2, 50_000), fuzzSeed);
  const before = await retained();
  await noise(frames, fuzzSeed + lanes);
  const after = await retained();
  console.log(JSON.stringify({ seed: fuzzSeed, ...counts, before, after }));
  expect(hasExited).toBe(false);
  expect(output.split("\n").filter((line) => /bug|given up|not told|loading|error/i.test(line))).toEqual([]);
  expect(after.bytes - before.bytes).toBeLessThan(grownBytesMax);
  expect(after.rss - before.rss).toBeLessThan(grownRssBytesMax);
  expect(counts.whole).toBeGreaterThan(frames / talkFrames / 4);
  expect(counts.slowestMs).toBeLessThan(patienceMs / 2);
});
