/** Recordings as files: what tells one from other files, what is in one, and its events in order. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { MalformedFrame } from "../jute/buffers.ts";
import { type ConnectRequest, decodeConnectRequest } from "../protocol/connect.ts";
import { opcodes } from "../protocol/opcodes.ts";
import {
  BadRecording,
  type OpenEvent,
  parseEvent,
  parseHeader,
  type RecordingEvent,
  type RecordingHeader,
} from "./format.ts";

/** No header is longer, bytes. */
const headerBytesMax = 4_096;

/** The header of a recording; undefined when the file is something else. Throws {@link BadRecording} for a recording that cannot be read by this
 *  version, and the errors of the file system. */
export async function recordingHeader(path: string): Promise<RecordingHeader | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytesMax), 0, headerBytesMax, 0);
    const [line = ""] = buffer.toString("utf8", 0, bytesRead).split("\n", 1);
    return parseHeader(line);
  } finally {
    await file.close();
  }
}

/** Yields the events behind the header. A line that cannot be read is a gap; if it is the last one, the file was cut off, and ends before it. */
export async function* readRecording(path: string): AsyncGenerator<RecordingEvent> {
  const lines = createInterface({ input: createReadStream(path, "latin1"), crlfDelay: Number.POSITIVE_INFINITY });
  let isFirst = true;
  let damaged = 0;
  let at = 0;
  for await (const line of lines) {
    if (isFirst) {
      isFirst = false;
      if (parseHeader(line) === undefined) throw new BadRecording(`${path} is no recording`);
      continue;
    }
    if (line === "") continue;
    const event = parseEvent(line);
    if (event === undefined) {
      damaged++;
      continue;
    }
    if (damaged > 0) yield { at, event: "gap", lost: damaged, why: "damaged" };
    damaged = 0;
    at = event.at;
    yield event;
  }
}

/** The handshake of a connection. Throws {@link BadRecording}. */
export function helloIn({ on, frame }: OpenEvent): ConnectRequest {
  try {
    return decodeConnectRequest(Buffer.from(frame, "base64"));
  } catch (cause) {
    if (!(cause instanceof MalformedFrame)) throw cause;
    throw new BadRecording(`the handshake of connection ${on} is damaged`, { cause });
  }
}

/** What is in a recording, before any of it is sent. */
export interface Survey {
  readonly connections: number;
  /** Pings aside. */
  readonly requests: number;
  readonly durationMs: number;
  /** Events that are known to be missing. */
  readonly lost: number;
  /** Whether it was ended in good order. */
  readonly isWhole: boolean;
  /** Connections that took up a session from before the recording. */
  readonly fromBefore: ReadonlySet<number>;
}

/** Reads a recording once from end to end. */
export async function survey(path: string): Promise<Survey> {
  const made = new Set<string>();
  const asked = new Map<number, string>();
  const fromBefore = new Set<number>();
  const seen = { connections: 0, requests: 0, lost: 0, isWhole: false };
  let [firstAt, lastAt]: [number | undefined, number] = [undefined, 0];
  for await (const event of readRecording(path)) {
    firstAt ??= event.at;
    lastAt = event.at;
    seen.isWhole = event.event === "end";
    if (event.event === "gap") seen.lost += event.lost;
    if (event.event === "frame" && Buffer.from(event.frame, "base64").readInt32BE(4) !== opcodes.ping.code)
      seen.requests++;
    if (event.event === "open") {
      seen.connections++;
      asked.set(event.on, String(helloIn(event).sessionId));
    }
    if (event.event !== "granted") continue;
    if (asked.get(event.on) === event.session && !made.has(event.session)) fromBefore.add(event.on);
    made.add(event.session);
    asked.delete(event.on);
  }
  return { ...seen, durationMs: (lastAt - (firstAt ?? 0)) / 1_000, fromBefore };
}
