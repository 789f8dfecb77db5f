/** Runs one scenario: its steps until they are over or something else is, then silence made a fact, and everything tidied up. */
import { Case, type RunCase } from "./case.ts";
import type { Scenario } from "./format.ts";
import { CaseStuck } from "./seat.ts";

/** How it went, as far as the client can tell; whether the sides agreed is told by the cross-check's journal lines. `stuck`: a wait was too long.
 *  `lost`: no session could be opened, or the root znode could not be created. `given-up`: the run was over. `steps` counts the scenario's steps that
 *  were taken. */
export interface CaseOutcome {
  readonly is: "done" | "stuck" | "lost" | "given-up";
  readonly steps: number;
  readonly reason?: string;
}

/** Runs one scenario. Never rejects for what servers do. */
export async function runScenario(scenario: Scenario, how: RunCase): Promise<CaseOutcome> {
  if (how.giveUp?.aborted === true) return { is: "given-up", steps: 0 };
  const running = new Case(scenario, how);
  const { promise: givenUp, resolve } = Promise.withResolvers<CaseOutcome>();
  const giveUp = () => {
    running.abandon();
    resolve({ is: "given-up", steps: running.steps });
  };
  how.giveUp?.addEventListener("abort", giveUp);
  try {
    return await Promise.race([play(running, scenario, how), givenUp]);
  } finally {
    how.giveUp?.removeEventListener("abort", giveUp);
  }
}

async function play(running: Case, scenario: Scenario, how: RunCase): Promise<CaseOutcome> {
  try {
    await running.begin();
  } catch (cause) {
    running.abandon();
    if (!(cause instanceof CaseStuck)) throw cause;
    return { is: "lost", steps: 0, reason: cause.message };
  }
  try {
    for (const step of scenario.steps) {
      if (how.isOver?.()) break;
      await running.take(step);
    }
    await running.fence();
    await running.end();
    const lost = running.rootTrouble;
    return lost === undefined ? { is: "done", steps: running.steps } : { is: "lost", steps: 0, reason: lost };
  } catch (cause) {
    running.abandon();
    if (!(cause instanceof CaseStuck)) throw cause;
    const lost = running.rootTrouble;
    if (lost !== undefined) return { is: "lost", steps: 0, reason: `${lost}; ${cause.message}` };
    return { is: "stuck", steps: running.steps, reason: cause.message };
  }
}
