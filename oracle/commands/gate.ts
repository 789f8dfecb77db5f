/** `xchk gate DIR...`: one exit code for a whole run, its shards merged. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type GateResult, gate } from "../../reports/gate.ts";
import { gateAnnotations, gateMarkdown, gateTests, gateText } from "../../reports/gate-wording.ts";
import { junitOf } from "../../reports/junit.ts";
import { annotationsOf, markdownOf } from "../../reports/markdown.ts";
import { journalIn, readMergedView, readView } from "../../reports/read.ts";
import { replaceFile, writeReports } from "../../reports/write.ts";
import { type KnownDivergence, knownMatcher, loadKnown } from "../compare/known.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { expectJournals, type Surroundings, tellGitHub, today } from "./finished.ts";
import { type RawFlags, textOf, wholeNumber } from "./flags.ts";
import { defaultKnownFile } from "./stage.ts";

/** The command as commander calls it. Prints the decision and answers the exit code: 0 open, 1 a divergence or a faulty known entry, 2 undecided.
 *  Throws `BadArgument` and `BadKnownList`. */
export async function gateCommand(
  dirs: readonly string[],
  raw: RawFlags,
  around: Surroundings = process,
): Promise<number> {
  expectJournals(dirs);
  const known = loadKnown(textOf(raw, "known") ?? defaultKnownFile);
  const minOperations = wholeNumber(raw, "min-operations", 0);
  const minCells = wholeNumber(raw, "min-cells", 0);
  const percent = wholeNumber(raw, "coverage-floor", 0);
  if (percent !== undefined && percent > 100)
    throw new BadArgument("--coverage-floor", String(percent), "is above 100 percent");
  const baseline = textOf(raw, "baseline");
  const result = await gate(dirs, {
    known,
    today: today(),
    ...(minOperations === undefined ? {} : { minOperations }),
    ...(minCells === undefined ? {} : { minCells }),
    ...(percent === undefined ? {} : { coverageFloor: percent / 100 }),
    ...(baseline === undefined ? {} : { baseline: await fingerprintsIn(baseline, known) }),
  });
  around.stdout.write(gateText(result));
  await tellOthers({ result, dirs, known }, raw, around);
  return result.exitCode;
}

/** Merged report, JUnit and GitHub, where they are asked for. */
async function tellOthers(
  {
    result,
    dirs,
    known,
  }: { readonly result: GateResult; readonly dirs: readonly string[]; readonly known: readonly KnownDivergence[] },
  raw: RawFlags,
  around: Surroundings,
): Promise<void> {
  const reportDir = textOf(raw, "report-dir");
  const junit = textOf(raw, "junit");
  const isKnown = knownMatcher(known);
  if (reportDir === undefined && junit === undefined && raw.github !== true) return;
  const written = reportDir === undefined ? undefined : await writeReports(reportDir, { known, isKnown, from: dirs });
  if (written !== undefined) around.stdout.write(`  report ${written.files.html}\n`);
  const view = written?.view ?? (await readMergedView(dirs.map(journalIn), isKnown));
  const file = junit ?? written?.files.junit;
  if (file !== undefined) await replaceFile(file, junitOf(view, known, { complaints: gateTests(result) }));
  if (raw.github === true)
    await tellGitHub(around, {
      annotations: annotationsOf(view) + gateAnnotations(result),
      summary: gateMarkdown(result) + markdownOf(view),
    });
}

/** The fingerprints of an earlier run's divergences: from the journal in its directory, to which today's list is applied, or from a summary.json.
 *  Throws `BadArgument` where there is neither. */
async function fingerprintsIn(baseline: string, known: readonly KnownDivergence[]): Promise<string[]> {
  if (!existsSync(baseline)) throw new BadArgument("--baseline", baseline, "is not there");
  const isDirectory = statSync(baseline).isDirectory();
  if (isDirectory && existsSync(journalIn(baseline)))
    return (await readView(journalIn(baseline), knownMatcher(known))).causes.diverges.map((cause) => cause.fingerprint);
  const file = isDirectory ? join(baseline, "summary.json") : baseline;
  if (!existsSync(file)) throw new BadArgument("--baseline", baseline, "has neither journal.jsonl nor summary.json");
  const summary = parsed(readFileSync(file, "utf8"));
  const list = typeof summary === "object" && summary !== null && "divergences" in summary ? summary.divergences : null;
  if (!Array.isArray(list)) throw new BadArgument("--baseline", file, "is no summary.json");
  return list.map((each: unknown) =>
    typeof each === "object" && each !== null && "fingerprint" in each ? String(each.fingerprint) : "",
  );
}

/** JSON, or nothing where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
