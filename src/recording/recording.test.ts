import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { LogFields } from "../logger.ts";
import { silentLogger } from "../logger.ts";
import { encodeConnectRequest } from "../protocol/connect.ts";
import { BadRecording, parseEvent, parseHeader, type RecordingEvent } from "./format.ts";
import { readRecording, recordingHeader, survey } from "./read.ts";
import { createTapeFile, Tape, type TapeFile } from "./tape.ts";

const home = mkdtempSync(join(tmpdir(), "recording-"));
afterAll(() => rmSync(home, { recursive: true }));
let files = 0;
const newPath = () => join(home, `${++files}.jsonl`);

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const hello = (sessionId = 0) =>
  base64(
    encodeConnectRequest({
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: 4_000,
      sessionId,
      passwd: Buffer.alloc(16, 7),
    }),
  );
const request = (opcode: number) => {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(opcode, 4);
  return base64(frame);
};
const header = { tool: "zetcd 1.2.3", redaction: "credentials" } as const;

async function record(tell: (tape: Tape) => void): Promise<string> {
  const { file, path } = await createTapeFile(newPath());
  const tape = new Tape(file, header, { log: silentLogger });
  tell(tape);
  await tape.finish();
  return path;
}

async function events(path: string): Promise<RecordingEvent[]> {
  const read: RecordingEvent[] = [];
  for await (const event of readRecording(path)) read.push(event);
  return read;
}

/** One session of before the recording, one that is made and taken up again. */
const tellAll = (tape: Tape) => {
  tape.write({ on: 1, event: "open", frame: hello(5) });
  tape.write({ on: 1, event: "granted", session: "5", passwd: "old" });
  tape.write({ on: 2, event: "open", frame: hello() });
  tape.write({ on: 2, event: "granted", session: "-9007199254740993", passwd: "new" });
  tape.write({ on: 2, event: "frame", frame: request(4) });
  tape.write({ on: 2, event: "frame", frame: request(11) });
  tape.write({ on: 2, event: "close", why: "client" });
  tape.write({ on: 3, event: "open", frame: hello(6) });
  tape.write({ on: 3, event: "denied", how: "refused" });
};

describe("a recording", () => {
  test("is read as it was told, with the time", async () => {
    const path = await record(tellAll);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await recordingHeader(path)).toMatchObject({ event: "recording", format: 1, ...header });
    const read = await events(path);
    expect(read.map(({ event }) => event).join(" ")).toBe(
      "open granted open granted frame frame close open denied end",
    );
    expect(read[3]).toMatchObject({ on: 2, session: "-9007199254740993", passwd: "new" });
    expect(read.every(({ at }, i) => Number.isSafeInteger(at) && at >= (read[i - 1]?.at ?? 0))).toBe(true);
  });

  test("is surveyed: pings are no requests, and a session nobody saw made is from before", async () => {
    expect(await survey(await record(tellAll))).toMatchObject({
      ...{ connections: 3, requests: 1, lost: 0, isWhole: true, fromBefore: new Set([1]) },
    });
  });

  test("that was cut off inside a line is read up to there", async () => {
    const path = await record(tellAll);
    const whole = readFileSync(path, "latin1");
    writeFileSync(path, whole.slice(0, whole.indexOf('"event":"close"')));
    expect((await events(path)).map(({ event }) => event).join(" ")).toBe("open granted open granted frame frame");
    expect(await survey(path)).toMatchObject({ requests: 1, isWhole: false });
  });

  test("that is damaged in the middle says where", async () => {
    const path = await record(tellAll);
    writeFileSync(path, readFileSync(path, "latin1").replace(/\{[^\n]*"close"[^\n]*\}/, "{###}"));
    const gap = (await events(path)).find(({ event }) => event === "gap");
    expect(gap).toMatchObject({ lost: 1, why: "damaged" });
    expect(await survey(path)).toMatchObject({ lost: 1, isWhole: true });
  });

  test("of another version is refused by name", async () => {
    const path = await record(tellAll);
    writeFileSync(path, readFileSync(path, "latin1").replace('"format":1', '"format":2'));
    await expect(recordingHeader(path)).rejects.toThrow(
      "a recording of format 2, made by zetcd 1.2.3; this version reads format 1",
    );
  });

  test.each(["", "{}", '{"event":"run","format":1}', '{"why":"a scenario"', "zx1:abc"])("is not: %j", (line) => {
    expect(parseHeader(line)).toBeUndefined();
  });

  test("whose header or handshake is damaged is refused", async () => {
    expect(() => parseHeader('{"event":"recording","format":1}')).toThrow(BadRecording);
    const path = await record((tape) => tape.write({ on: 1, event: "open", frame: "AAAA" }));
    await expect(survey(path)).rejects.toThrow("the handshake of connection 1 is damaged");
  });

  test.each([
    '{"at":1,"event":"frame","on":1,"frame":"AAAA"}',
    '{"at":1,"event":"toString","on":1}',
    '{"event":"end"}',
    "7",
  ])("has no event like %s", (line) => expect(parseEvent(line)).toBeUndefined());

  test("never replaces another file", async () => {
    const path = newPath();
    writeFileSync(path, "precious");
    for (const expected of [`${path}.2`, `${path}.3`]) {
      const made = await createTapeFile(path);
      expect(made.path).toBe(expected);
      await made.file.close();
    }
    expect(readFileSync(path, "latin1")).toBe("precious");
  });
});

/** A disk whose writes end when they are told how. */
class Disk implements TapeFile {
  text = "";
  refuses = false;
  #held: (() => void)[] | undefined;

  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  readonly write = (async (bytes: Buffer, offset: number) => {
    if (this.#held !== undefined) await new Promise<void>((go) => this.#held?.push(go));
    // Half of it still fits.
    const taken = this.refuses
      ? bytes.subarray(offset, offset + Math.ceil((bytes.length - offset) / 2))
      : bytes.subarray(offset);
    this.text += taken.toString("latin1");
    if (this.refuses) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    return { bytesWritten: taken.length, buffer: bytes };
  }) as TapeFile["write"];

  readonly close = async (): Promise<void> => undefined;

  get events(): RecordingEvent[] {
    return this.text.split("\n").flatMap((line) => parseEvent(line) ?? []);
  }
}

describe("a tape", () => {
  const limits = { waitingBytesMax: 1_000, chunkBytes: 200, waitingMs: 1, retryMs: 1, finishMs: 200 };
  const frame = (on: number) => ({ on, event: "frame", frame: request(4) }) as const;

  function start() {
    const said: string[] = [];
    const say = (_: LogFields, message: string) => void said.push(message);
    const disk = new Disk();
    const tape = new Tape(disk, header, { log: { ...silentLogger, warn: say, error: say }, limits });
    return { said, disk, tape };
  }

  test("that the disk cannot follow leaves events out, and marks the place", async () => {
    const { said, disk, tape } = start();
    disk.hold();
    await sleep(10);
    for (let on = 1; on <= 100; on++) tape.write(frame(on));
    disk.release();
    await sleep(10);
    tape.write(frame(101));
    await tape.finish();
    const kept = disk.events.flatMap((event) => ("on" in event ? [event.on] : []));
    const gaps = disk.events.flatMap((event) => (event.event === "gap" ? [event] : []));
    expect(gaps).toMatchObject([{ why: "overflow", lost: 100 - (kept.length - 1) }]);
    expect(kept).toEqual([...kept.slice(0, -1).map((_, i) => i + 1), 101]);
    expect(disk.events.at(-1)?.event).toBe("end");
    expect(said).toEqual([expect.stringContaining("too slow"), "the recording goes on"]);
  });

  test("that the disk refuses goes on when it can, behind a mark", async () => {
    const { said, disk, tape } = start();
    disk.refuses = true;
    tape.write(frame(1));
    tape.write(frame(2));
    await sleep(20);
    disk.refuses = false;
    tape.write(frame(3));
    await sleep(20);
    tape.write(frame(4));
    await tape.finish();
    const gapAt = disk.events.findIndex(({ event }) => event === "gap");
    expect(disk.events[gapAt]).toMatchObject({ why: "disk", lost: 3 });
    expect(disk.events.slice(gapAt + 1)).toMatchObject([{ on: 3 }, { on: 4 }, { event: "end" }]);
    expect(said).toEqual([expect.stringContaining("cannot be written"), "the recording goes on"]);
  });

  test("that the disk never takes ends all the same, and takes no more", async () => {
    const { disk, tape } = start();
    disk.hold();
    tape.write(frame(1));
    await sleep(10);
    await tape.finish();
    tape.write(frame(2));
    expect(disk.events).toEqual([]);
  });
});
