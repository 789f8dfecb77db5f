/** `cp` and `mirror` from sessions to summary. */
import { type CopyEnds, type CopyTally, copyTree, emptyTally } from "./copy.ts";
import type { CopyJob } from "./copy-verbs.ts";
import { type CopyDifference, verifyCopy } from "./copy-verify.ts";
import type { Settings } from "./job.ts";
import type { Answer } from "./print.ts";
import { type ProgressOutput, showProgress } from "./progress.ts";
import { openSession } from "./session.ts";

/** Copies, looks again unless told not to, and sums up. Throws `ServerRefused`, `NotPossible` and `Unreachable`. */
export async function copy(job: CopyJob, settings: Settings, output: ProgressOutput): Promise<Answer> {
  const from = await openSession({ ...settings, endpoints: job.from ?? settings.endpoints });
  try {
    const to = await openSession({
      ...settings,
      endpoints: job.to ?? settings.endpoints,
      credentials: job.toCredentials ?? settings.credentials,
    });
    try {
      const ends = { from, to };
      const tally = emptyTally();
      const since = performance.now();
      await shown(() => progressLine(tally, performance.now() - since), output, copyTree(job, ends, tally));
      return summary(job, tally, job.verifies ? await verified(job, ends, output) : undefined);
    } finally {
      await to.end({ keep: false });
    }
  } finally {
    await from.end({ keep: false });
  }
}

function verified(job: CopyJob, ends: CopyEnds, output: ProgressOutput): Promise<CopyDifference[]> {
  let compared = 0;
  const count = (): void => {
    compared += 1;
  };
  return shown(() => `compared ${compared} znodes`, output, verifyCopy(job, ends, count));
}

/** Shows progress for as long as the work takes. */
async function shown<T>(tell: () => string, output: ProgressOutput, work: Promise<T>): Promise<T> {
  const stop = showProgress(tell, output);
  try {
    return await work;
  } finally {
    stop();
  }
}

const done = ({ created, updated, unchanged }: CopyTally): number => created + updated + unchanged;

/** Like `copied 12000 znodes, 3.4 MB, 4100 a second`. */
export function progressLine(tally: CopyTally, tookMs: number): string {
  const speed = Math.round(done(tally) / Math.max(tookMs / 1_000, 0.001));
  return `copied ${done(tally)} znodes, ${(tally.bytes / 1e6).toFixed(1)} MB, ${speed} a second`;
}

/** The answer: `differing` is undefined where nobody looked. */
export function summary(job: CopyJob, tally: CopyTally, differing: readonly CopyDifference[] | undefined): Answer {
  const { created, updated, unchanged, deleted, ephemerals, failed } = tally;
  const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted`;
  const verdict = failed.length > 0 ? "failed" : (differing?.length ?? 0) > 0 ? "differ" : undefined;
  return {
    text: [
      `${job.source} -> ${job.target}: ${counts}${differing?.length === 0 && verdict === undefined ? ", verified" : ""}`,
      ...ephemerals.map((path) => `skipped ${path}: ephemeral`),
      ...failed.map(({ path, why }) => `failed ${path}: ${why}`),
      ...(differing ?? []).map(({ path, in: what }) => `differs ${path}: ${what}`),
    ],
    json: {
      ...{ source: job.source, target: job.target, created, updated, unchanged, deleted },
      ...{ ephemerals, failed, verified: differing === undefined ? null : differing.length === 0 },
      differing: differing ?? [],
    },
    ...(verdict === undefined
      ? {}
      : {
          refused:
            verdict === "failed"
              ? `${failed.length} znodes could not be copied or deleted, and what is below them was left out`
              : `${new Set(differing?.map(({ path }) => path)).size} paths differ from the source, which may have changed meanwhile`,
        }),
  };
}
