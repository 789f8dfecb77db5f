/** `xchk report` and `xchk gate`: what finished runs say, without any server. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { consoleText, terminalOf } from "../../reports/console.ts";
import { gate } from "../../reports/gate.ts";
import { writeReports } from "../../reports/write.ts";
import { loadKnown } from "../compare/known.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { type RawFlags, textOf, wholeNumber } from "./flags.ts";
import { defaultKnownFile } from "./stage.ts";

function expectJournals(dirs: readonly string[]): void {
  for (const dir of dirs)
    if (!existsSync(join(dir, "journal.jsonl"))) throw new BadArgument("DIR", dir, "has no journal.jsonl");
}

const knownOf = (raw: RawFlags) => loadKnown(textOf(raw, "known") ?? defaultKnownFile);

/** Writes the reports of finished or broken runs again; answers the worst of their exit codes. Throws `BadArgument` and `BadKnownList`. */
export async function reportCommand(dirs: readonly string[], raw: RawFlags): Promise<number> {
  expectJournals(dirs);
  const codes: number[] = [];
  for (const dir of dirs) {
    const { view, exitCode, files } = await writeReports(dir, { known: knownOf(raw) });
    console.log(consoleText(view, terminalOf(process.stdout, process.env), files.html));
    codes.push(exitCode);
  }
  return codes.includes(1) ? 1 : Math.max(...codes);
}

/** Judges runs together as CI does; answers the exit code. Throws `BadArgument` and `BadKnownList`. */
export async function gateCommand(dirs: readonly string[], raw: RawFlags): Promise<number> {
  expectJournals(dirs);
  const minOperations = wholeNumber(raw, "min-operations", 0);
  const percent = wholeNumber(raw, "coverage-floor", 0);
  const baseline = textOf(raw, "baseline");
  const { exitCode, reasons, checkedReplies } = await gate(dirs, {
    known: knownOf(raw),
    today: new Date().toISOString().slice(0, 10),
    ...(minOperations === undefined ? {} : { minOperations }),
    ...(percent === undefined ? {} : { coverageFloor: percent / 100 }),
    ...(baseline === undefined ? {} : { baseline: fingerprintsOf(baseline) }),
  });
  for (const { text } of reasons) console.log(text);
  console.log(exitCode === 0 ? `The gate is open: ${checkedReplies} replies agree.` : "The gate is shut.");
  return exitCode;
}

/** The divergences of an earlier run's summary.json. */
function fingerprintsOf(file: string): string[] {
  try {
    const summary = JSON.parse(readFileSync(file, "utf8")) as { divergences: { fingerprint: string }[] };
    return summary.divergences.map(({ fingerprint }) => fingerprint);
  } catch (cause) {
    throw new BadArgument("--baseline", file, `is no summary.json (${cause instanceof Error ? cause.message : cause})`);
  }
}
