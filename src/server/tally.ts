/** What became of requests since the start, by opcode: for the metrics page, so nothing here is ever reset. Costs a few additions per request. */

/** Upper bounds of the latency buckets, milliseconds; one more takes what is slower. Latencies are measured in whole milliseconds. */
export const latencyBoundsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const;

/** One opcode's share. */
export interface OpcodeTally {
  /** Replies by result code. */
  readonly results: Map<number, number>;
  /** Requests answered within each bound but not within the one before it; the last entry is those above all. */
  readonly buckets: number[];
  sumMs: number;
  count: number;
}

/** Replies and latencies of a whole server. */
export class Tally {
  readonly #byOpcode = new Map<number, OpcodeTally>();

  get byOpcode(): ReadonlyMap<number, OpcodeTally> {
    return this.#byOpcode;
  }

  /** So many replies with this result code have left, each of them `ms` after its request came. */
  answered(
    opcode: number,
    { code, ms, times }: { readonly code: number; readonly ms: number; readonly times: number },
  ): void {
    const tally = this.#of(opcode);
    tally.results.set(code, (tally.results.get(code) ?? 0) + times);
    let bucket = 0;
    while (ms > (latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
    tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + times;
    tally.sumMs += ms * times;
    tally.count += times;
  }

  #of(opcode: number): OpcodeTally {
    const known = this.#byOpcode.get(opcode);
    if (known !== undefined) return known;
    // A client can invent opcodes without end; ZooKeeper knows fewer than a hundred.
    if (this.#byOpcode.size >= opcodesMax && opcode !== otherOpcode) return this.#of(otherOpcode);
    const buckets = new Array<number>(latencyBoundsMs.length + 1).fill(0);
    const fresh: OpcodeTally = { results: new Map(), buckets, sumMs: 0, count: 0 };
    this.#byOpcode.set(opcode, fresh);
    return fresh;
  }
}

const opcodesMax = 100;
/** Where further opcodes are counted. */
const otherOpcode = 0;
