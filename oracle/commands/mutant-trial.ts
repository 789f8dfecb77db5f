/** One lie tried: fuzz against it as `xchk fuzz` does, until it is found out. */
import { join } from "node:path";
import { loadProfile } from "../../scenarios/generate/profile.ts";
import { type FuzzTotals, fuzz } from "../../scenarios/generate/property.ts";
import type { JournalSink } from "../journal.ts";
import type { Mutant } from "../mutants.ts";
import { type Contender, contender, reapOftenMs } from "./servers.ts";
import { openChecks } from "./stage.ts";

/** What became of one lie. Times in seconds. */
export interface TrialResult {
  readonly name: string;
  readonly class: string;
  readonly rare: boolean;
  readonly lie: string;
  /** Of the sequences that were sent. */
  readonly seed: number;
  readonly killed: boolean;
  /** To the first divergence; the whole time when there was none. */
  readonly seconds: number;
  /** Operations sent until then, about. */
  readonly operations: number;
  /** Of the shrunk counterexample; null when there is none. */
  readonly steps: number | null;
  /** Fingerprint of what gave it away. */
  readonly by: string | null;
  /** Why it could not be tried to the end. */
  readonly trouble?: string;
}

/** What a trial needs: two servers of one kind and version that look for containers to remove every {@link reapOftenMs}, and bounds. */
export interface TrialMeans {
  readonly candidate: Contender;
  readonly oracle: Contender;
  readonly limitMs: number;
  /** Counterexamples go below this. */
  readonly reportDir: string;
  readonly stop: AbortSignal;
}

/** As `xchk fuzz` has them. */
const shrinkMs = 20_000;
const settleMs = 5_000;

/** Fewer than `xchk fuzz` has: other trials use the same servers. */
const inFlight = 8;

const nothing: JournalSink = () => undefined;

/** A side of its own at the same server: a trial closes what it uses. */
const another = ({ description: { name, version }, endpoint, isGiven, setup }: Contender): Contender =>
  contender({ name, version, isGiven, setup }, endpoint, async () => undefined);

/** Tries one lie with the sequences of one seed. */
export async function tryMutant(mutant: Mutant, seed: number, means: TrialMeans): Promise<TrialResult> {
  const [candidate, oracle] = [another(means.candidate), another(means.oracle)];
  const { arena, lab, close } = openChecks(
    { candidate: "auto", oracle: "auto", answerFrom: "oracle", settleMs, inFlight, cleanup: false },
    {
      duel: { candidate, oracle, chroot: "", reapEveryMs: reapOftenMs, stop: async () => undefined },
      known: [],
      lie: (backend) => mutant.wrap(backend),
      journal: nothing,
    },
  );
  const started = performance.now();
  const sinceStart = () => Math.round((performance.now() - started) / 100) / 10;
  let kill: { seconds: number; operations: number } | undefined;
  const note = (totals: FuzzTotals) => {
    if (totals.causes.length > 0) kill ??= { seconds: sinceStart(), operations: totals.operations };
  };
  const profile = { ...loadProfile("default"), surface: "full" as const };
  const bounds = { runs: Number.POSITIVE_INFINITY, operations: Number.POSITIVE_INFINITY, timeLimitMs: means.limitMs };
  const totals = await fuzz(
    { seed, profile, allowHazards: false },
    { ...bounds, inFlight, maxCauses: 1, shrinkMs, endOnFailure: true, isSteered: true },
    {
      ...{ arena, lab, journal: nothing, reportDir: join(means.reportDir, mutant.name), stop: means.stop },
      replayOf: (index) => `sequence ${index} of seed ${seed} against mutant ${mutant.name}`,
      replayFile: (name) => name,
      progress: note,
    },
  );
  const { seconds, operations } = kill ?? { seconds: sinceStart(), operations: totals.operations };
  await close();
  const [cause] = totals.causes;
  const { name, class: kind, rare, lie } = mutant;
  return {
    ...{ name, class: kind, rare, lie, seed, seconds, operations },
    killed: cause !== undefined,
    steps: cause?.counterexample?.operations ?? null,
    by: cause?.divergence.fingerprint ?? null,
    ...(totals.ended === "lost" ? { trouble: totals.trouble ?? "a server is gone" } : {}),
  };
}
