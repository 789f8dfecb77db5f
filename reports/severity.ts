/** How much harm a cause does to an application, judged by what its differences are. It orders the report; it never excuses anything. */
import type { Difference } from "../oracle/compare/difference.ts";

/** `critical`: an application loses data, an event or its connection. `major`: it acts on a wrong fact. `minor`: it sees a wrong number that
 *  few look at. */
export type Severity = "critical" | "major" | "minor";

/** Order for lists: the worst first. */
export const severityRank: Readonly<Record<Severity, number>> = { critical: 0, major: 1, minor: 2 };

/** Fields that clients rarely act on: clocks and the zxid in the header. */
const rarelyRead = /(^|\.)(ctime|mtime|zxid)$/;
/** Result codes: of the reply itself or of one part of a multi. */
const resultCode = /(^|\.)err$/;
/** What the client stored, and what it is told to look at. */
const content = /(^|\.)(data|path|children|acl|ephemerals|type)(\.|$)/;

/** The severity of the worst difference; a list without any is minor. */
export function severityOf(differences: readonly Difference[]): Severity {
  const each = differences.map(severityOfOne);
  return each.includes("critical") ? "critical" : each.includes("major") ? "major" : "minor";
}

function severityOfOne(difference: Difference): Severity {
  switch (difference.is) {
    case "absent":
    case "members":
    case "order":
    case "stalled":
    case "closed":
    // Strict clients drop the connection over a missing or surplus byte.
    case "layout":
      return "critical";
    case "value":
      if (resultCode.test(difference.at))
        return difference.candidate === "OK" || difference.oracle === "OK" ? "critical" : "major";
      if (content.test(difference.at)) return "critical";
      return rarelyRead.test(difference.at) ? "minor" : "major";
    default:
      return "major";
  }
}
