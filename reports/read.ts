/** Journal files as a view: read line by line, so that a run of any length fits into memory. */
import { dirname, join } from "node:path";
import type { JournalLine } from "../oracle/journal.ts";
import { readJournal } from "../oracle/journal-file.ts";
import { type KnownCheck, type View, ViewBuilder } from "./view.ts";

/** Where the journal lies in a report directory. */
export const journalIn = (reportDir: string): string => join(reportDir, "journal.jsonl");

/** Reads a journal. A torn last line is what a killed run leaves and is skipped; other unreadable lines are counted and keep the run from being
 *  green. `isKnown` puts a list in the place of the journal's own word on what is known. Errors: those of the file system. */
export const readView = (file: string, isKnown?: KnownCheck): Promise<View> => readMergedView([file], isKnown);

/** Reads the journals of one run's shards as if one run had written them: numbers go on counting, and the names of cases and counterexamples say
 *  which shard they are of. Errors: those of the file system. */
export async function readMergedView(files: readonly string[], isKnown?: KnownCheck): Promise<View> {
  const isOne = files.length === 1;
  const check =
    isOne || isKnown === undefined ? isKnown : (line: Parameters<KnownCheck>[0]) => isKnown(unlabelled(line));
  const builder = new ViewBuilder(check);
  let offset = 0;
  for (const [at, file] of files.entries()) {
    let last = 0;
    const relabelled = (line: JournalLine): JournalLine => {
      if ("n" in line) last = Math.max(last, Number(line.n));
      return isOne ? line : labelled(line, { shard: at + 1, offset, dir: dirname(file) });
    };
    await feed(builder, file, relabelled);
    offset += last;
  }
  return builder.view();
}

async function feed(builder: ViewBuilder, file: string, relabelled: (line: JournalLine) => JournalLine): Promise<void> {
  const journal = readJournal(file);
  for (;;) {
    const next = await journal.next();
    if (next.done) {
      for (let i = 0; i < next.value.damaged; i++) builder.damaged();
      return;
    }
    try {
      builder.add(relabelled(next.value));
    } catch (cause) {
      // A line with the right name and the wrong fields. Anything else is ours and must not pass as the journal's fault.
      if (!(cause instanceof TypeError)) throw cause;
      builder.damaged();
    }
  }
}

/** The line of one shard among others. */
function labelled(
  line: JournalLine,
  { shard, offset, dir }: { readonly shard: number; readonly offset: number; readonly dir: string },
): JournalLine {
  switch (line.event) {
    case "step":
    case "notification":
    case "divergence":
      return { ...line, n: line.n + offset, case: `${shard}/${line.case}` };
    case "side":
      return { ...line, n: line.n + offset };
    case "counterexample":
      return { ...line, file: join(dir, line.file) };
    default:
      return line;
  }
}

/** The line as its own shard wrote its case, which is what a known list speaks of. */
const unlabelled = <L extends { readonly case: string }>(line: L): L => ({
  ...line,
  case: line.case.slice(line.case.indexOf("/") + 1),
});
