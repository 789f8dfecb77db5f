/** What a recording of client traffic is made of: JSON lines, a header first, then what happened in the order in which it did. The README beside this
 *  file says it in prose. Bytes are base64, 64-bit numbers decimal strings, times whole microseconds since the recording began. */
import type { CloseReason } from "../backend.ts";

/** Raised with every change that an older reader would misread. */
export const recordingFormat = 1;

/** What was replaced by stand-ins of equal length: nothing, what clients prove themselves with, or the data of znodes too. */
export const redactions = ["none", "credentials", "all"] as const;
export type Redaction = (typeof redactions)[number];

/** First line. */
export interface RecordingHeader {
  readonly event: "recording";
  readonly format: typeof recordingFormat;
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly redaction: Redaction;
}

/** When it happened, and on which connection; they are numbered from 1 in the order in which they came. */
interface OnConnection {
  readonly at: number;
  readonly on: number;
}

/** A client's handshake, whole and without its length prefix. */
export interface OpenEvent extends OnConnection {
  readonly event: "open";
  readonly frame: string;
}

/** The answer: this session. `passwd` stands in for the session's password as those of later handshakes do, so that they can be compared. */
export interface GrantedEvent extends OnConnection {
  readonly event: "granted";
  readonly session: string;
  readonly passwd: string;
}

/** The answer: no session, with a word (`refused`) or without (`closed`). */
export interface DeniedEvent extends OnConnection {
  readonly event: "denied";
  readonly how: "refused" | "closed";
}

/** A request, header included, without its length prefix. */
export interface FrameEvent extends OnConnection {
  readonly event: "frame";
  readonly frame: string;
}

/** The reply to a request that made sequential znodes: the paths of all that it created, in their order. */
export interface NamedEvent extends OnConnection {
  readonly event: "named";
  readonly xid: number;
  readonly paths: readonly string[];
}

/** The connection is gone; its session need not be. */
export interface CloseEvent extends OnConnection {
  readonly event: "close";
  readonly why: CloseReason;
}

/** Here events are missing: they came faster than the disk took them, the disk refused them, or the file was damaged since. */
export interface GapEvent {
  readonly at: number;
  readonly event: "gap";
  readonly lost: number;
  readonly why: "overflow" | "disk" | "damaged";
}

/** The recording was ended in good order. */
export interface EndEvent {
  readonly at: number;
  readonly event: "end";
}

export type RecordingEvent =
  | OpenEvent
  | GrantedEvent
  | DeniedEvent
  | FrameEvent
  | NamedEvent
  | CloseEvent
  | GapEvent
  | EndEvent;

/** What a recorder is told; it adds the time. */
export type Untimed<E> = E extends RecordingEvent ? Omit<E, "at"> : never;

/** The file is no recording, or none that this version can read. */
export class BadRecording extends Error {
  override readonly name = "BadRecording";
}

/** Reads a first line. Undefined when it is no recording's; throws {@link BadRecording} when it is one that this version cannot read. */
export function parseHeader(line: string): RecordingHeader | undefined {
  const value = objectIn(line);
  if (value?.event !== "recording") return undefined;
  const { format, tool, startedAt, redaction } = value;
  if (format !== recordingFormat)
    throw new BadRecording(
      `a recording of format ${JSON.stringify(format)}, made by ${String(tool)}; this version reads format ${recordingFormat}`,
    );
  const isWhole =
    typeof tool === "string" && typeof startedAt === "string" && redactions.includes(redaction as Redaction);
  if (!isWhole) throw new BadRecording("a recording whose header is damaged");
  return value as unknown as RecordingHeader;
}

/** A request header in base64, which no request is shorter than. */
const headerCharsMin = 12;

/** What the events must have besides `at`, by their name. */
const fieldTypes: Readonly<Record<RecordingEvent["event"], Readonly<Record<string, "number" | "string" | "object">>>> =
  {
    open: { on: "number", frame: "string" },
    granted: { on: "number", session: "string", passwd: "string" },
    denied: { on: "number", how: "string" },
    frame: { on: "number", frame: "string" },
    named: { on: "number", xid: "number", paths: "object" },
    close: { on: "number", why: "string" },
    gap: { lost: "number", why: "string" },
    end: {},
  };

/** Reads a later line; undefined when it is none of ours, as one that was cut off. */
export function parseEvent(line: string): RecordingEvent | undefined {
  const value = objectIn(line);
  const fields = Object.hasOwn(fieldTypes, String(value?.event))
    ? fieldTypes[value?.event as RecordingEvent["event"]]
    : undefined;
  if (value === undefined || fields === undefined || typeof value.at !== "number") return undefined;
  const isWhole = Object.entries(fields).every(([name, type]) => typeof value[name] === type);
  if (value.event === "frame" && isWhole && (value.frame as string).length < headerCharsMin) return undefined;
  if (value.event === "named" && !Array.isArray(value.paths)) return undefined;
  return isWhole ? (value as unknown as RecordingEvent) : undefined;
}

function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
