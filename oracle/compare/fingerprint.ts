/** One name for one cause, so that a thousand occurrences are one row: `create2 stat.pzxid value zxid`. */
import type { Difference } from "./difference.ts";

/** What explains most comes first: a wrong error code makes every missing field an echo. */
const weight: Readonly<Record<Difference["is"], number>> = {
  closed: 0,
  stalled: 1,
  value: 2,
  absent: 3,
  members: 4,
  order: 5,
  layout: 6,
};

/** The difference that the fingerprint is named after: an error code first, then by kind, then as found. */
export function foremost(differences: readonly Difference[]): Difference | undefined {
  const rank = (difference: Difference) => (/(^|\.)err$/.test(difference.at) ? -1 : weight[difference.is]);
  return [...differences].sort((a, b) => rank(a) - rank(b))[0];
}

/** Shape: `operation field is detail`, words joined by spaces; list positions are `*`. `shape` narrows an operation to a variant
 *  (`flags=sequential`). The detail of an error or event type is the pair of names, of one-sided things the side, of other values the kind. */
export function fingerprintOf(operation: string, differences: readonly Difference[], shape?: string): string {
  const first = foremost(differences);
  const variant = shape === undefined || shape === "" ? operation : `${operation}(${shape})`;
  if (first === undefined) return variant;
  const at = first.at.replace(/\.\d+(?=\.|$)/g, ".*");
  return [variant, at, first.is, detailOf(first)].filter((part) => part !== "").join(" ");
}

function detailOf(difference: Difference): string {
  switch (difference.is) {
    case "value":
      return difference.kind === "errorCode" || difference.kind === "eventType" || difference.kind === "opcode"
        ? `${difference.candidate}≠${difference.oracle}`
        : difference.kind;
    case "absent":
    case "stalled":
      return difference.on;
    case "closed":
      return difference.died ? `${difference.on} died` : difference.on;
    case "members": {
      const { candidate, oracle } = difference.only;
      return candidate.length === 0 ? "missing" : oracle.length === 0 ? "extra" : "other";
    }
    case "order":
    case "layout":
      return "";
  }
}
