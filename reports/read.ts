/** A journal file as a view: read line by line, so that a run of any length fits into memory. */
import { createReadStream } from "node:fs";
import type { JournalLine } from "../oracle/journal.ts";
import { type KnownCheck, type View, ViewBuilder } from "./view.ts";

/** Longest line that is parsed, characters. A journal's writer bounds its lines far below. */
const lineCharsMax = 64 * 1024 * 1024;

/** Lines end at `\n` alone: a znode's name may hold U+2028, which JSON leaves as it is and some line readers cut at. */
const lineEnd = "\n";

/** Reads a journal. A torn last line is what a killed run leaves and is skipped; other unreadable lines are counted and keep the run from being
 *  green. `isKnown` puts a list in the place of the journal's own word on what is known. Errors: those of the file system. */
export async function readView(file: string, isKnown?: KnownCheck): Promise<View> {
  const builder = new ViewBuilder(isKnown);
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split(lineEnd);
    rest = lines.pop() ?? "";
    if (rest.length > lineCharsMax) throw new Error(`a line of ${file} is longer than ${lineCharsMax} characters`);
    for (const line of lines) take(builder, line);
  }
  // Without its newline the last line may be whole or torn; torn ones are not damage, just the end.
  const last = parsed(rest);
  if (last !== undefined) builder.add(last);
  return builder.view();
}

function take(builder: ViewBuilder, text: string): void {
  if (text === "" || text === "\r") return;
  const line = parsed(text);
  if (line === undefined) return builder.damaged();
  try {
    builder.add(line);
  } catch (cause) {
    // A line with the right name and the wrong fields. Anything else is ours and must not pass as the journal's fault.
    if (!(cause instanceof TypeError)) throw cause;
    builder.damaged();
  }
}

/** A line's object, if it is one that names its event. */
function parsed(text: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const named = typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
    return named ? (value as JournalLine) : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
