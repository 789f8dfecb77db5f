/** From a sequence that diverged to a counterexample: shrunk, run again, saved and journaled. */
import type { CounterexampleLine, DivergenceLine } from "../../oracle/journal.ts";
import type { CaseResult } from "../arena.ts";
import { isSlow, type Scenario, type Step } from "../format.ts";
import { lastWords } from "../last-words.ts";
import { asScenario, counterexampleLine, headline, saveScenario, storyOf } from "./counterexample.ts";
import { type Diverged, guessesAt, withTime } from "./guesses.ts";
import { hazardOf } from "./hazards.ts";
import type { FuzzLimits, FuzzMeans } from "./property.ts";
import { type Plan, scenarioOf, timeoutOf } from "./sequence.ts";
import { type Origin, showsEachTime, shrink } from "./shrink.ts";

/** What explaining a divergence needs. */
export interface Explaining
  extends Pick<FuzzMeans, "lab" | "journal" | "reportDir" | "replayFile" | "stop">,
    Pick<FuzzLimits, "shrinkMs"> {
  readonly plan: Plan;
  readonly index: number;
  readonly replay: string;
  readonly origin?: Origin;
  /** How many of the steps had been sent when it was noticed, if that is known. */
  readonly executed?: number;
}

/** How many times as long what waits for servers in every trial may be shrunk. */
const waitingFactor = 2;

/** Replays that say how often the shrunk form shows the divergence. */
const verifications = 3;
let lastTrial = 0;

/** Whether a sequence shows a divergence. */
type Shows = (wanted: DivergenceLine, steps: readonly Step[]) => Promise<boolean>;

/** When a server removes a znode by itself is a matter of chance, and so is what shows it first: a sequence that does not show the same again is given
 *  time at its end, and what shows itself then stands for it. Undefined where it does, or where nothing goes by itself. */
async function givenTime(
  steps: readonly Step[],
  wanted: DivergenceLine,
  { trial, showsAgain }: { trial: (steps: readonly Step[]) => Promise<CaseResult>; showsAgain: Shows },
): Promise<{ readonly steps: readonly Step[]; readonly wanted: DivergenceLine } | undefined> {
  const timed = withTime(steps);
  if (timed === undefined) return undefined;
  if (await showsAgain(wanted, steps)) return undefined;
  const { divergence, fingerprints } = (await trial(timed)).record;
  if (divergence === undefined) return undefined;
  return { steps: timed, wanted: fingerprints.has(wanted.fingerprint) ? wanted : divergence };
}

/** Shrinks a diverging scenario, verifies and saves it, and journals the counterexample. Undefined when an interruption leaves no time to see
 *  it again. */
export async function explain(
  scenario: Scenario,
  divergence: DivergenceLine,
  how: Explaining,
): Promise<CounterexampleLine | undefined> {
  const { lab, journal } = how;
  const giveUp = lastWords(how.stop);
  let { pace = "serial" } = scenario;
  const trial = (steps: readonly Step[]) => {
    lastTrial++;
    const part = { ...scenarioOf(steps, how.plan, how.index), pace };
    return lab.run(part, `trial-${lastTrial}`, { giveUp });
  };
  const shows = async (wanted: DivergenceLine, steps: readonly Step[]) =>
    !how.stop.aborted && (await trial(steps)).record.fingerprints.has(wanted.fingerprint);
  const showsAgain = (wanted: DivergenceLine, steps: readonly Step[]) => showsEachTime(() => shows(wanted, steps));
  const isAllowed = (step: Step) => how.plan.allowHazards || hazardOf(step) === undefined;
  // A wait for what servers do by themselves makes every trial take seconds: mostly it has nothing to do with the divergence.
  const calm = scenario.steps.filter((step) => !isSlow(step));
  const mayBeSlow = calm.length < scenario.steps.length;
  const needsSlow = mayBeSlow && !(await showsAgain(divergence, calm));
  const sent = needsSlow ? scenario.steps : calm;
  const executed = how.executed ?? sent.length;
  const other =
    mayBeSlow || how.stop.aborted
      ? undefined
      : await givenTime(sent.slice(0, executed), divergence, { trial, showsAgain });
  const { steps, wanted } = other ?? { steps: sent, wanted: divergence };
  if (other !== undefined && other.wanted !== divergence)
    journal({ event: "note", text: `${headline(divergence)}: shows itself as ${headline(wanted)}, given time` });
  // What shows itself one request at a time needs none that only takes up time. Asking is cheap where no trial waits for servers.
  if (pace !== "serial" && !steps.some(isSlow)) {
    const asFound = pace;
    pace = "serial";
    if (!(await shows(wanted, steps))) pace = asFound;
  }
  const whereWaiting = { budgetMs: how.shrinkMs * waitingFactor, inFlight: 32 };
  const limits = { budgetMs: how.shrinkMs, inFlight: 4, isAllowed, whereWaiting };
  const small = await shrink(steps, (some) => shows(wanted, some), limits, {
    ...(how.origin === undefined || mayBeSlow || other !== undefined ? {} : { origin: how.origin }),
    guesses: guessesAt(steps, (wanted.request ?? {}) as Diverged, other === undefined ? executed : steps.length),
  });
  const tries: CaseResult[] = [];
  for (let i = 0; i < verifications; i++) {
    const result = await trial(small.steps);
    if (result.outcome.is !== "given-up") tries.push(result);
  }
  if (tries.length === 0) return undefined;
  const shown = tries.filter((one) => one.record.fingerprints.has(wanted.fingerprint));
  const best = shown.at(-1) ?? tries.at(-1);
  if (shown.length === 0)
    journal({ event: "note", text: `${headline(divergence)}: does not show itself again on its own` });
  const about = { divergence: wanted, source: `found by xchk fuzz: ${how.replay}` };
  const saved = asScenario(small.steps, { ...about, pace, timeoutMs: timeoutOf(small.steps, how.plan.profile) });
  const file = saveScenario(how.reportDir, divergence.fingerprint, saved);
  const line = counterexampleLine(small.steps, {
    fingerprint: divergence.fingerprint,
    story: storyOf(small.steps, best?.seen ?? [], best?.root ?? ""),
    replay: how.replayFile(file),
    file,
    reproduced: shown.length,
    attempts: tries.length,
    shrinkMs: small.ms,
  });
  journal(line);
  return line;
}
