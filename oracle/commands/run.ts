/** `xchk run`: the scenarios of the corpus, or those whose names match, each against both servers. */
import { globSync } from "node:fs";
import { join, matchesGlob, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../../scenarios/format.ts";
import { headline } from "../../scenarios/generate/counterexample.ts";
import { explain } from "../../scenarios/generate/explain.ts";
import { hazardOf, wedgesMembers } from "../../scenarios/generate/hazards.ts";
import { loadProfile } from "../../scenarios/generate/profile.ts";
import { lastWords } from "../../scenarios/last-words.ts";
import { readScenario } from "../../scenarios/validate.ts";
import { Noise } from "../calibrate.ts";
import type { DivergenceLine } from "../journal.ts";
import { isMember } from "../servers/zookeeper.ts";
import { journalBehaviour } from "./behaviour.ts";
import { calibrate, twinFlag } from "./calibrate.ts";
import { type RawFlags, stageFlags, wholeNumber } from "./flags.ts";
import { inquest, type Suspect } from "./inquest.ts";
import { Progress } from "./progress.ts";
import type { Contender } from "./servers.ts";
import { onInterrupt, openSides, type Stage, setStage } from "./stage.ts";
import { isInRange } from "./versions.ts";

const corpus = fileURLToPath(new URL("../../scenarios", import.meta.url));

/** A scenario and the name it goes by: its path in the corpus without `.json`. */
export interface NamedScenario {
  readonly name: string;
  readonly scenario: Scenario;
}

/** The scenarios that match any pattern, all without one. Patterns are globs over names (`watch/**`), with or without `.json`. Throws `BadScenario`. */
export function findScenarios(patterns: readonly string[]): NamedScenario[] {
  const names = globSync("*/**/*.json", { cwd: corpus })
    .filter((file) => !file.startsWith("generate/"))
    .map((file) => relative(corpus, join(corpus, file)).replace(/\.json$/, ""))
    .sort();
  const wanted = patterns.map((pattern) => pattern.replace(/^scenarios\//, "").replace(/\.json$/, ""));
  return names
    .filter((name) => wanted.length === 0 || wanted.some((pattern) => matchesGlob(name, pattern)))
    .map((name) => ({ name, scenario: readScenario(join(corpus, `${name}.json`)) }));
}

/** Runs scenarios, several at a time; answers the exit code. */
export async function runScenarios(
  found: readonly NamedScenario[],
  raw: RawFlags,
  mode: "run" | "replay",
): Promise<number> {
  const inFlight = wholeNumber(raw, "in-flight", 1) ?? 4;
  const stop = onInterrupt();
  const giveUp = lastWords(stop);
  const noise = new Noise();
  const flags = { ...stageFlags(raw), noise };
  const twin = twinFlag(raw);
  const stage = setStage(flags, await openSides(flags), {
    mode,
    operationsFloor: 1,
    options: { scenarios: found.length, inFlight },
  });
  const due: NamedScenario[] = [];
  const { candidate, oracle } = stage.duel;
  const meetsMembers = (await Promise.all([candidate, oracle].map(isOthersMember))).includes(true);
  for (const one of found) {
    const why = whyNot(one.scenario, oracle.description.version, meetsMembers);
    if (why === undefined) due.push(one);
    else stage.journal({ event: "note", text: `${one.name} ${why}` });
  }
  const progress = new Progress();
  if (twin !== undefined) {
    const trouble = await calibrate(stage, {
      ...{ twin, flags, noise, progress },
      drive: async (arena) => {
        let operations = 0;
        for (const { name, scenario } of due) {
          if (stop.aborted) break;
          operations += (await arena.run(scenario, name, { giveUp })).outcome.steps;
          progress.show(() => `calibration: ${operations} operations`);
        }
        progress.done();
        return { operations };
      },
    });
    if (trouble !== undefined) return stage.finish({ interrupted: false, failure: trouble });
  }
  const waiting = [...due];
  const isOver = () => stop.aborted || stage.gone.aborted;
  let done = 0;
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined && !isOver(); next = waiting.shift()) {
      await runOne(next, { stage, progress, stop, giveUp });
      done++;
      progress.show(() => `${done} of ${due.length} scenarios, ${stage.arena.book.compared} replies compared`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  progress.done();
  const suspect = (name: string): Suspect | undefined => {
    const one = due.find((each) => each.name === name);
    return (
      one && {
        ...one,
        explain: (part, divergence) => explainOne({ ...one, scenario: part }, divergence, stage, stop),
      }
    );
  };
  await inquest(stage, { suspect, stop, progress });
  const leftOut = found.length - due.length;
  console.log(
    `${done} of ${due.length} scenarios run${leftOut === 0 ? "" : `, ${leftOut} left out (the report says why)`}`,
  );
  if (mode === "run" && !isOver()) await journalBehaviour(stage, flags);
  const code = await stage.finish({ interrupted: stop.aborted });
  return code === 0 && due.length === 0 ? 2 : code;
}

/** Whether it belongs to an ensemble that others use. */
const isOthersMember = async ({ isGiven, endpoint }: Contender): Promise<boolean> => isGiven && isMember(endpoint);

/** Why a scenario is left out, if it is. */
function whyNot({ steps, versions }: Scenario, version: string, meetsMembers: boolean): string | undefined {
  if (!isInRange(version, versions)) return `is not about ZooKeeper ${version}`;
  return meetsMembers && steps.some(wedgesMembers) ? "would wedge a member of an ensemble of ZooKeeper 3.8" : undefined;
}

async function runOne(
  { name, scenario }: NamedScenario,
  { stage, progress, stop, giveUp }: { stage: Stage; progress: Progress; stop: AbortSignal; giveUp: AbortSignal },
): Promise<void> {
  const { record, outcome } = await stage.arena.run(scenario, name, { giveUp });
  if (outcome.reason !== undefined && record.divergence === undefined)
    stage.journal({ event: "note", text: `${name} could not be finished: ${outcome.reason}` });
  if (record.divergence === undefined) return;
  progress.say(`${name}: ${headline(record.divergence)}`);
  await explainOne({ name, scenario }, record.divergence, stage, stop);
}

/** Shrinks what a scenario has shown. */
function explainOne(
  { name, scenario }: NamedScenario,
  divergence: DivergenceLine,
  stage: Stage,
  stop: AbortSignal,
): Promise<unknown> {
  const profile = { ...loadProfile("default"), timeoutMs: scenario.timeoutMs ?? 30_000 };
  return explain(scenario, divergence, {
    ...stage,
    stop,
    shrinkMs: 10_000,
    // What a person wrote is sent as it is; what the shrink makes of it must not be worse.
    plan: { seed: 0, profile, allowHazards: scenario.steps.some((step) => hazardOf(step) !== undefined) },
    index: 0,
    replay: `bin/xchk run ${name}`,
  });
}

/** The command as commander calls it. Nothing matched: exit code 2, and no server is started. */
export async function runCommand(patterns: readonly string[], raw: RawFlags): Promise<number> {
  const found = findScenarios(patterns);
  if (found.length > 0) return runScenarios(found, raw, "run");
  console.error(`xchk: no scenario matches ${patterns.join(" ")}; names look like watch/exists-on-a-missing-znode`);
  return 2;
}
