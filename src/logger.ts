/** Log lines: one per event on stderr, `time level message key=value …`, readable without a tool. Never pass passwords or znode data. */
import { pino } from "pino";

/** How much is said; each level includes those before it. */
export const logLevels = ["silent", "error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line is about. Values are printed as JSON where they are not plain words; an Error by its message and those of its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the parts of the program say what happens. Expected refusals of clients belong on `debug`. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A logger that says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What pino adds to each record and we print in front, or not at all. */
const ownFields = new Set(["level", "time", "msg"]);

/** A logger on stderr, or on any sink of finished lines. */
export function createLogger(level: LogLevel, write: (line: string) => void = writeStderr): Logger {
  const destination = { write: (json: string) => write(readableLine(JSON.parse(json) as Record<string, unknown>)) };
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, cause: describeError, reason: describeError },
    },
    destination,
  );
}

function writeStderr(line: string): void {
  process.stderr.write(line);
}

/** One line for one record; line breaks inside values stay escaped, so that no peer can forge a line. */
function readableLine(record: Record<string, unknown>): string {
  const fields = Object.entries(record)
    .filter(([name]) => !ownFields.has(name))
    .map(([name, value]) => ` ${name}=${readableValue(value)}`);
  return `${record.time} ${String(record.level).padEnd(5)} ${record.msg}${fields.join("")}\n`;
}

function readableValue(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** An error as its message followed by those of its causes that add to it, at most five; anything else as text. */
export function describeError(value: unknown): string {
  const messages: string[] = [];
  let error = value;
  while (error instanceof Error && messages.length < 5) {
    const { message } = error;
    if (!messages.some((outer) => outer.includes(message))) messages.push(message);
    error = error.cause;
  }
  return messages.length > 0 ? messages.join(": ") : String(value);
}
