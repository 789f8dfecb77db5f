/** Answer times in buckets: constant memory however many are added, percentiles good to about 9 %. */

/** Buckets per doubling. Four gives a ratio of 2^(1/4) = 1.19 between edges, so a bucket's middle is at most 9 % off. */
const perDoubling = 4;
/** Bucket 0 starts at one microsecond; the last one ends at about four minutes. */
const bucketCount = 112;

/** What a report says about one side's answer times, milliseconds. `buckets` pairs an upper edge with a count, empty ones left out. */
export interface LatencyView {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly buckets: readonly (readonly [upToMs: number, count: number])[];
}

/** A number fit for print: three significant digits, the same on every machine. */
const rounded = (number: number): number => Number(number.toPrecision(3));

/** Collects answer times. Not-a-number, negative and infinite times are ignored: a side that gave no answer has none. */
export class LatencyHistogram {
  readonly #counts = new Array<number>(bucketCount).fill(0);
  #count = 0;
  #sum = 0;
  #max = 0;

  add(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) return;
    const at = ms <= 0.001 ? 0 : Math.min(bucketCount - 1, Math.ceil(Math.log2(ms * 1000) * perDoubling));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count += 1;
    this.#sum += ms;
    this.#max = Math.max(this.#max, ms);
  }

  /** The time that `share` (0 … 1) of all answers stayed below: the middle of the bucket that holds it, never above the maximum. */
  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return rounded(Math.min(this.#max, upperEdgeMs(at) / 2 ** (1 / (2 * perDoubling))));
    }
    return rounded(this.#max);
  }

  view(): LatencyView {
    const empty = this.#count === 0;
    return {
      count: this.#count,
      mean: empty ? 0 : rounded(this.#sum / this.#count),
      max: rounded(this.#max),
      p50: empty ? 0 : this.#percentile(0.5),
      p90: empty ? 0 : this.#percentile(0.9),
      p99: empty ? 0 : this.#percentile(0.99),
      p999: empty ? 0 : this.#percentile(0.999),
      buckets: this.#counts.flatMap((count, at) => (count > 0 ? [[rounded(upperEdgeMs(at)), count] as const] : [])),
    };
  }
}

/** Upper edge of a bucket, ms. */
const upperEdgeMs = (at: number): number => 2 ** (at / perDoubling) / 1000;
