/** The journal on disk: one JSON object a line. */
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { EndLine, JournalLine, RunLine } from "./journal.ts";

/** When buffered lines go to disk, how much is read at once, and the longest line that is read: a writer's own lines stay far below it. */
export const journalLimits = {
  bufferedCharsMax: 256 * 1024,
  bufferedMs: 200,
  readBytes: 1024 * 1024,
  lineCharsMax: 64 * 1024 * 1024,
} as const;

/** The journal could not be written or read as one. */
export class JournalFailed extends Error {
  override readonly name = "JournalFailed";
}

/** Appends lines to a new file. Lines are gathered and written synchronously: a producer faster than the disk waits for it instead of filling the
 *  memory. An error of the disk is kept and thrown by `close`. */
export class JournalWriter {
  readonly #file: number;
  #buffered: string[] = [];
  #bufferedChars = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;
  #isClosed = false;

  /** Makes the file, and its directory; an existing journal is replaced. Errors: those of the file system. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "w");
  }

  /** Takes a line; never throws. Lines behind `close` are dropped. */
  readonly write = (line: JournalLine): void => {
    if (this.#isClosed) return;
    const text = `${JSON.stringify(line)}\n`;
    this.#buffered.push(text);
    this.#bufferedChars += text.length;
    if (this.#bufferedChars >= journalLimits.bufferedCharsMax) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), journalLimits.bufferedMs).unref();
  };

  /** Puts everything so far on disk. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#buffered.join("");
    this.#buffered = [];
    this.#bufferedChars = 0;
    if (this.#isClosed || text === "" || this.#failure !== undefined) return;
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      this.#failure = cause;
    }
  }

  /** Idempotent. Throws {@link JournalFailed} when some line did not reach the disk. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    closeSync(this.#file);
    if (this.#failure !== undefined)
      throw new JournalFailed("the journal could not be written", { cause: this.#failure });
  }
}

/** What a journal file holds beyond its lines. `end` is missing when the run died; `isTorn` says that the file stops inside a line, which is what a
 *  killed run leaves; `damaged` counts whole lines that are no journal lines. */
export interface JournalSummary {
  readonly run: RunLine | undefined;
  readonly end: EndLine | undefined;
  readonly lines: number;
  readonly damaged: number;
  readonly isTorn: boolean;
}

/** Yields a journal's lines in order and returns what they add up to. A file that was cut off is read as far as it goes. Lines end at `\n` alone: a
 *  znode's name may hold U+2028, which JSON leaves as it is and Node's own line reader cuts at. Throws {@link JournalFailed} for a line beyond
 *  `journalLimits.lineCharsMax`, and the errors of the file system. */
export async function* readJournal(path: string): AsyncGenerator<JournalLine, JournalSummary> {
  let run: RunLine | undefined;
  let end: EndLine | undefined;
  let lines = 0;
  let damaged = 0;
  let rest = "";
  const note = (line: JournalLine): JournalLine => {
    lines++;
    if (line.event === "run") run ??= line;
    if (line.event === "end") end = line;
    return line;
  };
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: journalLimits.readBytes })) {
    const texts = (rest + String(chunk)).split("\n");
    rest = texts.pop() ?? "";
    if (rest.length > journalLimits.lineCharsMax)
      throw new JournalFailed(`a line of ${path} is longer than ${journalLimits.lineCharsMax} characters`);
    for (const text of texts) {
      if (isBlank(text)) continue;
      const line = parseLine(text);
      if (line === undefined) damaged++;
      else yield note(line);
    }
  }
  // Without its newline the last line may be whole.
  const last = parseLine(rest);
  if (last !== undefined) yield note(last);
  return { run, end, lines, damaged, isTorn: last === undefined && !isBlank(rest) };
}

const isBlank = (text: string) => text === "" || text === "\r";

/** A line's object, if it is one that names its event. */
function parseLine(text: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isLine = typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
    return isLine ? (value as JournalLine) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
