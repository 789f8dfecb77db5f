/** A convoy: writes of several connections that could notice each other, sent to the oracle at once. The zxids of its answers tell the order in which
 *  it took them, and the candidate, which takes requests as they are submitted, is given them in that order. So both have done the same, and
 *  conflicting writes of many clients cost two round trips together instead of one each. */
import type { Int64 } from "../../src/jute/int64.ts";

interface Member {
  readonly zxid: Int64 | undefined;
  release(): void;
}

/** The writes of one convoy. Every one of them has to report, answered or not: the last one lets all of them go. */
export class Convoy {
  readonly #size: number;
  readonly #reported: Member[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** The oracle has answered a write under this zxid, or never will: then nobody knows its place, and it goes last. `release` sends it to the
   *  candidate. Once per write. */
  report(zxid: Int64 | undefined, release: () => void): void {
    this.#reported.push({ zxid, release });
    if (this.#reported.length < this.#size) return;
    for (const member of this.#reported.sort(byZxid)) member.release();
  }
}

function byZxid({ zxid: a }: Member, { zxid: b }: Member): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a < b ? -1 : a > b ? 1 : 0;
}
