/** The behaviour table in reports: made when the run is over, so that an operation that kills a server costs the run nothing. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { writeReports } from "../../reports/write.ts";
import { loadKnown } from "../compare/known.ts";
import type { JournalLine } from "../journal.ts";
import { behaviourOf, isWhole, type Probed } from "../table/table.ts";
import type { Stage, StageFlags } from "./stage.ts";
import { defaultKnownFile, liar } from "./stage.ts";
import { probedOf } from "./table.ts";

/** A report's table may cost this much of a run, ms; on a slow server its end is missing. */
const behaviourMaxMs = 5_000;

/** Probes both sides and journals what was seen. */
export async function journalBehaviour({ duel, journal }: Stage, flags: StageFlags): Promise<void> {
  const { candidate, oracle, chroot } = duel;
  const sides = [probedOf(candidate, chroot, liar(flags.mutant)), probedOf(oracle, chroot)];
  for (const line of await behaviourLines(sides)) journal(line);
}

/** Adds the table to a finished run's journal, and writes its reports again. Errors: those of the file system. */
export async function addBehaviour(reportDir: string, sides: readonly Probed[]): Promise<void> {
  const lines = await behaviourLines(sides);
  await appendFile(join(reportDir, "journal.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await writeReports(reportDir, { known: loadKnown(defaultKnownFile) });
}

async function behaviourLines(sides: readonly Probed[]): Promise<JournalLine[]> {
  const table = await behaviourOf(sides, behaviourMaxMs);
  const text = "Not every operation of the behaviour table could be tried.";
  return [...(isWhole(table) ? [] : [{ event: "note", text } as const]), { event: "behaviour", table }];
}
