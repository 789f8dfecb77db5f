/** A shrunk divergence as a file to replay for ever and as a line of the journal, with the story told by both sides. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Difference } from "../../oracle/compare/difference.ts";
import type { Observation } from "../../oracle/crosscheck.ts";
import type { Answer, CounterexampleLine, DivergenceLine, StoryStep } from "../../oracle/journal.ts";
import type { Scenario, Step } from "../format.ts";
import { groundOf } from "../ground.ts";
import { sessionsIn } from "./sequence.ts";

/** A case's root in text is chance; what stands below it matters. */
const withoutRoot = (text: string): string => text.replace(/\/x[0-9a-z]+-[0-9a-z]+\/r(?=\/|$)/g, "~");

/** A difference in a few words. */
export function inWords(difference: Difference): string {
  switch (difference.is) {
    case "value":
      return `${difference.at} is ${difference.candidate}, must be ${difference.oracle} (${difference.relation})`;
    case "absent":
      return `${difference.at} is missing on the ${difference.on} (the other has ${withoutRoot(difference.other)})`;
    case "members": {
      const extra = difference.only.candidate.join(", ") || "nothing";
      return `${difference.at} has ${extra} too much and lacks ${difference.only.oracle.join(", ") || "nothing"}`;
    }
    case "layout":
      return `${difference.at} has another layout: ${difference.candidate}, must be ${difference.oracle}`;
    case "order":
      return `${difference.at} comes in another order: ${difference.candidate}, must be ${difference.oracle}`;
    case "stalled":
      return `${difference.at}: no answer from the ${difference.on} within ${difference.waitedMs} ms`;
    case "closed":
      return difference.died ? `the ${difference.on} died` : `only the ${difference.on} closed the connection`;
  }
}

/** The sentence that tells people what a divergence is. */
export const headline = (divergence: DivergenceLine): string => {
  const [first] = divergence.differences;
  return `${divergence.operation}: ${first === undefined ? "the two sides differ" : inWords(first)}`;
};

/** A shrunk sequence as a scenario file's content. */
export const asScenario = (
  steps: readonly Step[],
  about: { divergence: DivergenceLine; source: string } & Required<Pick<Scenario, "pace" | "timeoutMs">>,
): Scenario => ({
  why: headline(about.divergence),
  source: about.source,
  pace: about.pace,
  timeoutMs: about.timeoutMs,
  sessions: sessionsIn(steps),
  steps,
});

/** Writes the file; answers its name under the report directory. */
export function saveScenario(reportDir: string, fingerprint: string, scenario: Scenario): string {
  const name = join("counterexamples", `${fingerprint.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 120)}.json`);
  mkdirSync(join(reportDir, "counterexamples"), { recursive: true });
  writeFileSync(join(reportDir, name), `${JSON.stringify(scenario, null, 2)}\n`);
  return name;
}

const silence: Answer = { is: "none" };

interface OpenStep extends Omit<StoryStep, "events"> {
  readonly events: { readonly candidate: Answer[]; readonly oracle: Answer[] };
  readonly n: number;
}

const opened = (by: string, request: unknown, seen: Observation | undefined): OpenStep => ({
  by,
  request,
  answers: seen?.answers ?? { candidate: silence, oracle: silence },
  events: { candidate: [], oracle: [] },
  differences: seen?.differences ?? [],
  n: seen?.n ?? -1,
});

/** What the cross-check sees of a step. While servers are given time, sessions ping. */
const seenAs = (op: Step["op"]): string => (op === "reconnect" ? "connect" : op === "reap" ? "ping" : op);

/** Joins the steps with what the cross-check saw of them: for each step the next observation of its session and operation. What the runner
 *  sent on its own account (the znodes below `root` stand on, fences, closes) is told only where it diverged. */
export function storyOf(steps: readonly Step[], observations: readonly Observation[], root: string): StoryStep[] {
  const requests = observations.filter((seen) => seen.is === "step");
  // Scenery: the first creates make what the case stands on, and each session's first connect opened it.
  let groundLeft = groundOf(root, steps).length;
  const hasOpened = new Set<string>();
  const left = requests.filter((seen) => {
    const isOpening = seen.op === "connect" && !hasOpened.has(seen.label.session);
    if (isOpening) hasOpened.add(seen.label.session);
    const isGround = seen.op === "create" && groundLeft > 0;
    if (isGround) groundLeft--;
    return !isGround && (!isOpening || seen.differences.length > 0);
  });
  const story: OpenStep[] = [];
  for (const step of steps) {
    const wanted = seenAs(step.op);
    const index = left.findIndex((seen) => seen.label.session === step.by && seen.op === wanted);
    const { by, ...request } = step;
    story.push(opened(by, request, index < 0 ? undefined : left.splice(index, 1)[0]));
  }
  for (const seen of left)
    if (seen.differences.length > 0) story.push(opened(seen.label.session, seen.request ?? { op: seen.op }, seen));
  for (const seen of observations) if (seen.is === "notification") placeEvent(story, seen);
  return story.map(({ n: _, ...step }) => step);
}

/** Puts an event under the last step that was observed before it, with its differences. */
function placeEvent(story: OpenStep[], seen: Observation): void {
  const index = story.findLastIndex((step) => step.n >= 0 && step.n < seen.n);
  const step = story[Math.max(index, 0)];
  if (step === undefined) return;
  if (seen.answers.candidate.is !== "none") step.events.candidate.push(seen.answers.candidate);
  if (seen.answers.oracle.is !== "none") step.events.oracle.push(seen.answers.oracle);
  story[Math.max(index, 0)] = { ...step, differences: [...step.differences, ...seen.differences] };
}

/** The journal's line for a shrunk divergence. */
export const counterexampleLine = (
  steps: readonly Step[],
  rest: Omit<CounterexampleLine, "event" | "operations" | "sessions">,
): CounterexampleLine => ({
  event: "counterexample",
  operations: steps.length,
  sessions: sessionsIn(steps).length,
  ...rest,
});
