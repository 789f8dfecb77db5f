/** `--calibrate`: an oracle whose twin disagrees with it is not to be trusted there, and nothing of it is held against the candidate. */
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { mutants } from "../oracle/mutants.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Backend } from "../src/backend.ts";
import { decodeConnectRequest } from "../src/protocol/connect.ts";
import { FrameWriter } from "../src/protocol/frame-writer.ts";
import { FrameSplitter } from "../src/protocol/frames.ts";
import { runBin, runXchk } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-calibrate-"));
let pair: Pair;
let twin: ZooKeeperServer;

beforeAll(async () => {
  [pair, twin] = await Promise.all([startPair(), startZooKeeper()]);
});
afterAll(async () => {
  await Promise.all([pair.stop(), twin.stop()]);
  rmSync(home, { recursive: true, force: true });
});

/** A port on which the twin answers through a lie. Four-letter words are passed on as they are. */
async function lyingTwin(name: string): Promise<{ address: string; close(): Promise<void> }> {
  const mutant = mutants.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`no mutant ${name}`);
  const backend: Backend = mutant.wrap(bridge(twin));
  const server = createServer({ noDelay: true }, (socket) => {
    const writer = new FrameWriter(socket);
    const splitter = new FrameSplitter(16 * 1024 * 1024);
    let session: { submit(frame: Buffer): void; close(why: "client"): void } | undefined;
    let isFirst = true;
    const downstream = { send: (frame: Uint8Array) => writer.send(frame), end: () => socket.end(), queuedBytes: 0 };
    const greet = async (raw: Buffer) => {
      const opened = await backend.open(
        { request: decodeConnectRequest(raw), raw, peer: { address: "127.0.0.1", port: 1 } },
        downstream,
      );
      if (opened.is === "closed") return void socket.destroy();
      writer.send(opened.raw);
      if (opened.is === "granted") session = opened.session;
    };
    socket.on("data", (chunk: Buffer) => {
      if (isFirst && chunk.toString() === "srvr")
        return void socket.end(`Zookeeper version: ${twin.version}-1, built\n`);
      splitter.push(chunk, (frame) => {
        if (isFirst) void greet(frame);
        else session?.submit(frame);
        isFirst = false;
        return true;
      });
    });
    socket.on("error", () => undefined); // its close says the same
    socket.on("close", () => session?.close("client"));
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const close = async () => {
    server.close();
    await backend.close();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Runs `bin/xchk` on the pair. */
const run = (...words: readonly string[]) => runXchk(home, [...words, ...pair.flags]);

const fuzz = ["fuzz", "--ops", "1500", "--seed", "11", "--shrink-time", "0"];

test("a twin like the oracle changes nothing, and the report says that it was asked", async () => {
  const { code, out, summary } = await run(...fuzz, "--calibrate");
  expect(code, out).toBe(0);
  expect(summary).toMatchObject({ verdict: "conforms", unstable: [], calibration: { causes: 0 } });
  expect(summary.calibration?.compared).toBeGreaterThan(1_000);
});

test("what the twin disagrees about is oracle-unstable, on the candidate too", async () => {
  const proxy = await lyingTwin("stat-version-ahead");
  const { code, out, summary } = await run(...fuzz, "--oracle-twin", proxy.address, "--mutant", "stat-version-ahead");
  await proxy.close();
  expect(
    summary.divergences.map(({ field }) => field),
    out,
  ).toEqual([]);
  expect(code, out).toBe(2);
  expect(summary.verdict).toBe("undecided");
  expect(summary.unstable.length).toBeGreaterThan(0);
  expect(summary.calibration?.causes).toBeGreaterThan(0);
  expect(summary.reasons.join(" ")).toContain("disagrees with itself");
});

test("a candidate that lies is found all the same, beside an unstable oracle", async () => {
  const proxy = await lyingTwin("stat-version-ahead");
  const { code, out, summary } = await run(...fuzz, "--oracle-twin", proxy.address, "--mutant", "error-set-version");
  await proxy.close();
  expect(code, out).toBe(1);
  expect(summary.divergences.length).toBeGreaterThan(0);
  expect(summary.unstable.length).toBeGreaterThan(0);
});

test("scenarios are calibrated too", async () => {
  const proxy = await lyingTwin("stat-version-ahead");
  const words = ["run", "data/**", "--oracle-twin", proxy.address];
  const { code, out, summary } = await run(...words);
  const lied = await run(...words, "--mutant", "stat-version-ahead");
  await proxy.close();
  expect(code, out).toBe(2);
  expect(summary.unstable.length).toBeGreaterThan(0);
  expect(lied.summary.divergences, lied.out).toEqual([]);
});

test("the oracle is no twin of itself", async () => {
  const flags = [...pair.flags, "--oracle-twin", pair.oracle, "--report-dir", join(home, "self")];
  expect((await runBin("xchk", [...fuzz, ...flags])).code).toBe(254);
});
