/** The list of known divergences: read, checked, matched, and held to its promises. Written down in scenarios/known-divergences.yml. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Finding, KnownMatcher } from "../crosscheck.ts";
import type { Difference } from "./difference.ts";

/** A tolerated divergence. */
export interface KnownDivergence {
  /** Unique, like `D-007`. */
  readonly id: string;
  /** Where it shows: a glob (`*` inside a name, `**` across slashes) over `CASE/OPERATION`: `container/**`, `**` + `/setData`. */
  readonly match: string;
  /** The field path of the difference, as a glob over its dots: `stat.pzxid`, `results.*.stat.*`, `err`. */
  readonly field: string;
  /** Only the divergence with this fingerprint. */
  readonly fingerprint?: string;
  /** Why it is tolerated. */
  readonly why: string;
  /** Where that is discussed: a URL. */
  readonly issue: string;
  readonly owner?: string;
  /** Last day on which it is tolerated, `YYYY-MM-DD`. */
  readonly expires: string;
}

/** A list that cannot be used: absent, no YAML, or with an entry that says too little. The message names file and entry. */
export class BadKnownList extends Error {
  override readonly name = "BadKnownList";
}

const fields = ["id", "match", "field", "fingerprint", "why", "issue", "owner", "expires"] as const;
const optional: ReadonlySet<string> = new Set(["fingerprint", "owner"]);

/** What is wrong with an entry, or undefined. */
function flawOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    return "expected fields such as id and match";
  const given = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((name) => !(fields as readonly string[]).includes(name));
  if (unknown !== undefined) return `unknown field "${unknown}"; there are ${fields.join(", ")}`;
  for (const name of fields) {
    const value = given[name];
    if (value === undefined && optional.has(name)) continue;
    if (typeof value !== "string" || value.trim() === "")
      return `"${name}" must be text (quote it if YAML reads something else)`;
  }
  if (!/^https?:\/\/\S+$/.test(String(given.issue))) return `"issue" must be a URL`;
  const expires = String(given.expires);
  const day = new Date(`${expires}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(expires) || Number.isNaN(day.getTime())) return `"expires" must be a day, YYYY-MM-DD`;
  return undefined;
}

/** Checks parsed YAML. `file` is how messages call it. Errors: `BadKnownList`. */
export function checkKnown(value: unknown, file: string): KnownDivergence[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new BadKnownList(`${file}: expected a list of entries`);
  const ids = new Set<string>();
  return value.map((entry: unknown, index) => {
    const name = typeof entry === "object" && entry !== null && "id" in entry ? String(entry.id) : "";
    const where = `${file}: entry ${index + 1}${name === "" ? "" : ` (${name})`}`;
    const flaw = flawOf(entry);
    if (flaw !== undefined) throw new BadKnownList(`${where}: ${flaw}`);
    if (ids.has(name)) throw new BadKnownList(`${where}: the id is taken`);
    ids.add(name);
    return entry as KnownDivergence;
  });
}

/** Reads the list. Errors: `BadKnownList`. */
export function loadKnown(file: string): KnownDivergence[] {
  try {
    return checkKnown(parse(readFileSync(file, "utf8")), file);
  } catch (cause) {
    if (cause instanceof BadKnownList) throw cause;
    throw new BadKnownList(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** A glob as a regular expression: `**` crosses `separator`, `*` does not. */
function globOf(pattern: string, separator: string): RegExp {
  const inside = separator === "/" ? "[^/]*" : "[^.]*";
  const source = pattern
    .split(/(\*\*\/?|\*)/)
    .map((part) =>
      part === "**/"
        ? "(?:.*/)?"
        : part === "**"
          ? ".*"
          : part === "*"
            ? inside
            : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`);
}

const fieldOf = (difference: Difference): string => difference.at;

/** Makes the matcher that a cross-check asks. An entry covers a finding when case and operation match and *every* difference is in its field: a
 *  second, new difference in the same reply is not known. */
export function knownMatcher(list: readonly KnownDivergence[]): KnownMatcher {
  const globs = list.map((entry) => ({
    entry,
    where: globOf(entry.match, "/"),
    field: globOf(entry.field, "."),
  }));
  return (finding: Finding) =>
    globs.find(
      ({ entry, where, field }) =>
        (entry.fingerprint === undefined || entry.fingerprint === finding.fingerprint) &&
        where.test(`${finding.case}/${finding.operation}`) &&
        finding.differences.length > 0 &&
        finding.differences.every((difference) => field.test(fieldOf(difference))),
    )?.entry.id;
}

/** What a gate holds against a list. `stale`: not seen in a run that looked. `expired`: tolerated until a day before `today` (`YYYY-MM-DD`). */
export interface KnownFaults {
  readonly stale: readonly KnownDivergence[];
  readonly expired: readonly KnownDivergence[];
}

/** Compares a list with the ids that were seen. */
export const knownFaults = (
  list: readonly KnownDivergence[],
  seen: ReadonlySet<string>,
  today: string,
): KnownFaults => ({
  stale: list.filter((entry) => !seen.has(entry.id)),
  expired: list.filter((entry) => entry.expires < today),
});
