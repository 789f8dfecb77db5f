/** Why a candidate died when several requests were under way: if somebody has started it again, each suspect case is run once more, alone. */
import type { Scenario } from "../../scenarios/format.ts";
import { headline } from "../../scenarios/generate/counterexample.ts";
import type { UnderWay } from "../compare/difference.ts";
import type { DivergenceLine, JournalLine } from "../journal.ts";
import type { Progress } from "./progress.ts";
import type { Stage } from "./stage.ts";

/** A case that was under way when the candidate died. */
export interface Suspect {
  readonly scenario: Scenario;
  /** Shrinks and journals what a part of it showed alone. */
  readonly explain: (part: Scenario, divergence: DivergenceLine) => Promise<unknown>;
}

/** A death that can be had again. */
interface Culprit {
  /** Its operation and variant. */
  readonly kind: string;
  readonly divergence: DivergenceLine;
  readonly explain: () => Promise<unknown>;
}

/** What the candidate has answered so far, by operation and variant: what it has answered often is a poor suspect. */
export class Habits {
  readonly #answered = new Map<string, number>();

  note(line: JournalLine): void {
    if (line.event !== "step" || line.err.candidate === "closed" || line.err.candidate === "none") return;
    const key = keyOf(line.op, line.shape?.startsWith("flags=") ? line.shape : undefined);
    this.#answered.set(key, (this.#answered.get(key) ?? 0) + 1);
  }

  /** The rarest first. */
  suspects(underWay: readonly UnderWay[]): UnderWay[] {
    const times = ({ op, variant }: UnderWay) => this.#answered.get(keyOf(op, variant)) ?? 0;
    return underWay.toSorted((a, b) => times(a) - times(b));
  }
}

const keyOf = (op: string, variant = "") => `${op} ${variant}`;

/** How long all inquests of a run may take together, explanations aside, ms. */
const inquestMs = 30_000;

/** Whether a divergence is a death. */
export const isDeath = ({ differences }: DivergenceLine): boolean =>
  differences.some((difference) => difference.is === "closed" && difference.died);

/** Looks into the deaths that nothing has told of yet, and tells of all of them. */
export async function inquest(
  stage: Stage,
  how: {
    readonly suspect: (caseName: string) => Suspect | undefined;
    readonly stop: AbortSignal;
    readonly progress: Progress;
  },
): Promise<void> {
  const until = Date.now() + inquestMs;
  const killers = new Set<string>();
  const isOver = () => how.stop.aborted || stage.gone.aborted || Date.now() > until;
  const unsolved: (readonly UnderWay[])[] = [];
  for (const underWay of stage.deaths.untold()) {
    const isSolved = underWay.some((one) => killers.has(keyOf(one.op, one.variant)));
    if (!isSolved) how.progress.say(`the candidate died; ${requestsIn(underWay)} under way`);
    const found = isSolved || isOver() ? undefined : await culprit(underWay, stage, { ...how, isOver });
    if (found === undefined) unsolved.push(underWay);
    else {
      killers.add(found.kind);
      how.progress.say(`found: ${headline(found.divergence)}`);
      await found.explain();
    }
    // Deaths of these tries are no others.
    stage.deaths.untold();
  }
  for (const underWay of unsolved) {
    const usual = underWay.find((one) => killers.has(keyOf(one.op, one.variant)));
    stage.tellDeath(usual === undefined ? underWay : [usual]);
  }
}

const requestsIn = ({ length }: readonly UnderWay[]): string =>
  length === 0 ? "no request was" : length === 1 ? "one request was" : `${length} requests were`;

/** The first request that kills the candidate by itself or, failing that, the first whole case. */
async function culprit(
  underWay: readonly UnderWay[],
  stage: Stage,
  { suspect, isOver }: { readonly suspect: (name: string) => Suspect | undefined; readonly isOver: () => boolean },
): Promise<Culprit | undefined> {
  const suspects = stage.habits.suspects(underWay);
  const parts = suspects.flatMap((one) => {
    const found = suspect(one.case);
    return found === undefined ? [] : [{ ...found, one }];
  });
  const tries = [
    ...parts.flatMap(({ one, scenario, explain }) =>
      stepsLike(one, scenario).map((step, i) => ({
        name: `${one.case}, ${one.op} ${i + 1} alone`,
        kind: keyOf(one.op, one.variant),
        part: { ...scenario, sessions: [step.by], steps: [step] },
        explain,
      })),
    ),
    ...parts.map(({ one, scenario, explain }) => ({ name: `${one.case}, alone`, kind: "", part: scenario, explain })),
  ];
  for (const { name, kind, part, explain } of new Map(tries.map((one) => [one.name, one])).values()) {
    if (isOver()) return undefined;
    const { divergence } = (await stage.arena.run(part, name)).record;
    if (divergence !== undefined && isDeath(divergence))
      return { kind, divergence, explain: () => explain(part, divergence) };
  }
  return undefined;
}

/** Different requests of one kind that are tried for each suspect. */
const triesPerSuspect = 3;

/** The steps of a case that may be the request: those of its session and kind. */
function stepsLike({ session, op, variant }: UnderWay, { steps }: Scenario): Scenario["steps"] {
  const isLike = (step: Scenario["steps"][number]): boolean =>
    step.by === session &&
    step.op === op &&
    (variant?.startsWith("flags=") !== true || variant === `flags=${"flags" in step ? step.flags : "persistent"}`);
  return steps.filter(isLike).slice(0, triesPerSuspect);
}
