/** A recording on its way to disk. Whoever records never waits: what the disk does not take in time is left out, and its place is marked. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type Logger } from "../logger.ts";
import { type GapEvent, type RecordingEvent, type RecordingHeader, recordingFormat, type Untimed } from "./format.ts";

/** How a tape writes. */
export interface TapeLimits {
  /** Memory for what waits for the disk; beyond it events are lost. */
  readonly waitingBytesMax: number;
  /** What waits is written when it is this much, or this old. */
  readonly chunkBytes: number;
  readonly waitingMs: number;
  /** After a refusal of the disk, until it is tried again. */
  readonly retryMs: number;
  /** How long the end of a recording may take. */
  readonly finishMs: number;
}

export const tapeLimits: TapeLimits = {
  waitingBytesMax: 32 * 1024 * 1024,
  chunkBytes: 256 * 1024,
  waitingMs: 50,
  retryMs: 1_000,
  finishMs: 5_000,
};

/** What a tape needs of a file. */
export type TapeFile = Pick<FileHandle, "write" | "close">;

/** Makes a file that its owner alone may read. One that is there stays: the new one is then called `FILE.2` and so on. What is no file, as a pipe, is
 *  written to. Rejects with the system's error when no file can be made. */
export async function createTapeFile(path: string): Promise<{ readonly file: TapeFile; readonly path: string }> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}.${number}`;
    try {
      return { file: await open(candidate, "wx", 0o600), path: candidate };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      const there = await stat(candidate);
      if (!there.isFile() && !there.isDirectory()) return { file: await open(candidate, "w"), path: candidate };
    }
  }
}

/** Appends events to a file in the order in which they are told. */
export class Tape {
  readonly #file: TapeFile;
  readonly #log: Logger;
  readonly #limits: TapeLimits;
  readonly #startedAt = performance.now();
  #waiting: string[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** Lost behind everything that waits, and ahead of it. */
  #overflowed = 0;
  #refused = 0;
  #isFinished = false;

  constructor(
    file: TapeFile,
    header: Pick<RecordingHeader, "tool" | "redaction">,
    how: { readonly log: Logger; readonly limits?: Partial<TapeLimits> },
  ) {
    this.#file = file;
    this.#log = how.log;
    this.#limits = { ...tapeLimits, ...how.limits };
    const { tool, redaction } = header;
    const startedAt = new Date().toISOString();
    const first: RecordingHeader = { event: "recording", format: recordingFormat, tool, startedAt, redaction };
    this.#push(`${JSON.stringify(first)}\n`);
  }

  /** Takes an event; never throws, never waits. Events behind `finish` are dropped. */
  write(event: Untimed<RecordingEvent>): void {
    if (this.#isFinished) return;
    if (this.#waitingBytes >= this.#limits.waitingBytesMax) {
      if (this.#overflowed++ === 0)
        this.#log.warn({}, "the disk is too slow for the recording: events are missing from here on");
      return;
    }
    if (this.#overflowed > 0) {
      this.#log.warn({ lost: this.#overflowed }, "the recording goes on");
      this.#push(this.#lineOf(gap(this.#overflowed, "overflow")));
      this.#overflowed = 0;
    }
    this.#push(this.#lineOf(event));
  }

  /** Writes what waits and the end, as far as the disk takes it within a time, and closes the file. Never rejects. */
  async finish(): Promise<void> {
    if (this.#isFinished) return;
    if (this.#overflowed > 0) this.#push(this.#lineOf(gap(this.#overflowed, "overflow")));
    this.#push(this.#lineOf({ event: "end" }));
    this.#isFinished = true;
    clearTimeout(this.#timer);
    const written = (this.#writing ?? Promise.resolve()).then(() => this.#flush());
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#limits.finishMs);
    });
    await Promise.race([written, tooLong]);
    clearTimeout(timer);
    if (this.#waitingBytes > 0 || this.#refused > 0)
      this.#log.warn({ waitingBytes: this.#waitingBytes }, "the recording could not be written to its end");
    await this.#file.close().catch((cause: unknown) => this.#log.warn({ cause }, "the recording could not be closed"));
  }

  #lineOf(event: Untimed<RecordingEvent>): string {
    return `${JSON.stringify({ at: Math.round((performance.now() - this.#startedAt) * 1_000), ...event })}\n`;
  }

  /** Lines are ASCII, so characters are bytes. */
  #push(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= this.#limits.chunkBytes) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#limits.waitingMs).unref();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isFinished) return;
    this.#writing ??= this.#flush().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes until nothing waits. A chunk that the disk refused, whole or in part, is lost, and the next one begins by saying so. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      // The line break ends what may have been cut off.
      const mark = this.#refused > 0 ? `\n${this.#lineOf(gap(this.#refused, "disk"))}` : "";
      try {
        const bytes = Buffer.from(mark + lines.join(""), "latin1");
        for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
        if (this.#refused > 0) this.#log.warn({ lost: this.#refused }, "the recording goes on");
        this.#refused = 0;
      } catch (cause) {
        if (this.#refused === 0)
          this.#log.error(
            { cause: describeError(cause) },
            "the recording cannot be written: events are missing, the server goes on",
          );
        this.#refused += lines.length;
        if (this.#isFinished) return;
        await sleep(this.#limits.retryMs, undefined, { ref: false });
      }
    }
  }
}

const gap = (lost: number, why: GapEvent["why"]): Untimed<GapEvent> => ({ event: "gap", lost, why });
