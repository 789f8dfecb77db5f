/** `xchk report DIR...`: writes the reports of finished or broken runs again from their journals, each in its place or all as one. */
import { consoleText, terminalOf } from "../../reports/console.ts";
import { junitOf } from "../../reports/junit.ts";
import { annotationsOf, markdownOf } from "../../reports/markdown.ts";
import { replaceFile, type WrittenReports, writeReports } from "../../reports/write.ts";
import { knownMatcher, loadKnown } from "../compare/known.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { expectJournals, type Surroundings, tellGitHub } from "./finished.ts";
import { type RawFlags, textOf } from "./flags.ts";
import { defaultKnownFile } from "./stage.ts";

/** The command as commander calls it; answers the worst exit code: 1 before 2 before 0. A list given by `--known` decides what is known, as it does
 *  in the gate; without the flag the journals' own word stands. Throws `BadArgument` and `BadKnownList`. */
export async function reportCommand(
  dirs: readonly string[],
  raw: RawFlags,
  around: Surroundings = process,
): Promise<number> {
  expectJournals(dirs);
  const given = textOf(raw, "known");
  const known = loadKnown(given ?? defaultKnownFile);
  const how = { known, ...(given === undefined ? {} : { isKnown: knownMatcher(known) }) };
  const together = textOf(raw, "report-dir");
  const junit = textOf(raw, "junit");
  if (junit !== undefined && together === undefined && dirs.length > 1)
    throw new BadArgument("--junit", junit, "is one file for one report: name one directory, or --report-dir for all");
  const codes: number[] = [];
  const tell = async (written: WrittenReports) => {
    codes.push(written.exitCode);
    around.stdout.write(consoleText(written.view, terminalOf(around.stdout, around.env), written.files.html));
    if (junit !== undefined) await replaceFile(junit, junitOf(written.view, known));
    if (raw.github === true)
      await tellGitHub(around, { annotations: annotationsOf(written.view), summary: markdownOf(written.view) });
  };
  if (together !== undefined) await tell(await writeReports(together, { ...how, from: dirs }));
  else for (const dir of dirs) await tell(await writeReports(dir, how));
  return codes.includes(1) ? 1 : Math.max(0, ...codes);
}
