/** Latencies boiled down. Pure. */
import type { Measured } from "./load.ts";

/** The shares of requests that the report names, in percent. */
export const percents = [10, 25, 50, 75, 90, 95, 99, 99.9] as const;

/** One slice of a run's time. */
export interface Sample {
  /** From the start of the run. */
  readonly atMs: number;
  readonly requests: number;
  readonly fastestMs: number;
  readonly averageMs: number;
  readonly slowestMs: number;
  readonly perSecond: number;
}

/** The reads or the writes of a mixed run. */
export interface Part {
  readonly succeeded: number;
  /** Milliseconds by percent, nearest rank. */
  readonly percentilesMs: Readonly<Record<string, number>>;
}

/** A run in figures. */
export interface Summary {
  readonly succeeded: number;
  readonly elapsedMs: number;
  readonly perSecond: number;
  readonly fastestMs: number;
  readonly averageMs: number;
  readonly stddevMs: number;
  readonly slowestMs: number;
  /** Milliseconds by percent, nearest rank. */
  readonly percentilesMs: Readonly<Record<string, number>>;
  readonly histogram: readonly { readonly upToMs: number; readonly count: number }[];
  readonly errors: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  /** Of a mixed run, its gets and its sets apart. */
  readonly reads?: Part;
  readonly writes?: Part;
}

/** Number of bars, and one more for the fastest. */
const bars = 10;

/** Boils a run down; `slices` is how many samples to take over its time. */
export function summarize(measured: Measured, slices: number): Summary {
  const { elapsedMs, errors } = measured;
  const sorted = Float64Array.from(measured.latenciesMs).sort();
  const count = sorted.length;
  const sum = sorted.reduce((total, latency) => total + latency, 0);
  const averageMs = count === 0 ? 0 : sum / count;
  const squares = sorted.reduce((total, latency) => total + (latency - averageMs) ** 2, 0);
  return {
    succeeded: count,
    elapsedMs,
    perSecond: elapsedMs === 0 ? 0 : (count / elapsedMs) * 1000,
    fastestMs: sorted[0] ?? 0,
    averageMs,
    stddevMs: count === 0 ? 0 : Math.sqrt(squares / count),
    slowestMs: sorted[count - 1] ?? 0,
    percentilesMs: percentiles(sorted),
    histogram: histogram(sorted),
    errors: Object.fromEntries(errors),
    samples: sampled(measured, slices),
    ...(measured.isWrite === undefined ? {} : { reads: part(measured, 0), writes: part(measured, 1) }),
  };
}

/** The gets (0) or the sets (1) of a mixed run. */
function part({ latenciesMs, isWrite }: Measured, kind: 0 | 1): Part {
  const sorted = latenciesMs.filter((_latency, i) => isWrite?.[i] === kind).sort();
  return { succeeded: sorted.length, percentilesMs: percentiles(sorted) };
}

const percentiles = (sorted: Float64Array) =>
  Object.fromEntries(percents.map((percent) => [percent, percentile(sorted, percent)]));

/** The value below or at which `percent` of the sorted values lie; 0 of none. */
export function percentile(sorted: Float64Array, percent: number): number {
  // Rounded first: 99.9 percent of 1000 must be the 999th, not the 1000th.
  const rank = Math.ceil(Number(((percent / 100) * sorted.length).toFixed(6)));
  return sorted[Math.max(rank, 1) - 1] ?? 0;
}

function histogram(sorted: Float64Array): { upToMs: number; count: number }[] {
  const [fastest = 0] = sorted;
  const slowest = sorted[sorted.length - 1] ?? 0;
  const rows: { upToMs: number; count: number }[] = [];
  let at = 0;
  for (let bar = 0; bar <= bars && sorted.length > 0; bar++) {
    const upToMs = bar === bars ? slowest : fastest + ((slowest - fastest) / bars) * bar;
    const from = at;
    while (at < sorted.length && (sorted[at] ?? 0) <= upToMs) at++;
    rows.push({ upToMs, count: at - from });
  }
  return rows;
}

function sampled({ latenciesMs, completedMs, elapsedMs }: Measured, slices: number): Sample[] {
  const sliceMs = elapsedMs / Math.max(slices, 1);
  const samples: Sample[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const isLast = slice === slices - 1;
    const inside = latenciesMs.filter((_latency, i) => {
      const at = completedMs[i] ?? 0;
      return at >= slice * sliceMs && (isLast || at < (slice + 1) * sliceMs);
    });
    const requests = inside.length;
    samples.push({
      atMs: slice * sliceMs,
      requests,
      fastestMs:
        requests === 0 ? 0 : inside.reduce((least, latency) => Math.min(least, latency), Number.POSITIVE_INFINITY),
      averageMs: requests === 0 ? 0 : inside.reduce((sum, latency) => sum + latency, 0) / requests,
      slowestMs: inside.reduce((most, latency) => Math.max(most, latency), 0),
      perSecond: sliceMs === 0 ? 0 : (requests / sliceMs) * 1000,
    });
  }
  return samples;
}
