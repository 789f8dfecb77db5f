/** Version ranges of scenarios. */

const numbersOf = (version: string): readonly number[] =>
  (/\d+(\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);

function compare(one: readonly number[], other: readonly number[]): number {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const difference = (one[i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const tests: Readonly<Record<string, (difference: number) => boolean>> = {
  ">=": (difference) => difference >= 0,
  ">": (difference) => difference > 0,
  "<=": (difference) => difference <= 0,
  "<": (difference) => difference < 0,
  "=": (difference) => difference === 0,
};

/** Whether a version (`3.8.0`) meets a range: comparisons that must all hold, separated by spaces (`>=3.8.2 <3.9`). An unknown version meets
 *  every range, and so does every version an absent one. Throws a `TypeError` for a range that is none. */
export function isInRange(version: string, range: string | undefined): boolean {
  if (range === undefined || !/\d/.test(version)) return true;
  return range.split(/\s+/).every((part) => {
    const [, operator = "", wanted = ""] = /^(>=|<=|>|<|=)(\d+(?:\.\d+)*)$/.exec(part) ?? [];
    const test = tests[operator];
    if (test === undefined) throw new TypeError(`"${range}" is no range of versions; write it like ">=3.8.2 <3.9"`);
    return test(compare(numbersOf(version), numbersOf(wanted)));
  });
}
