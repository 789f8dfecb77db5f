/** Divergences gathered by cause: a thousand occurrences of one fingerprint are one entry with its first occurrence and its shortest story. */

import type { Both, Difference } from "../oracle/compare/difference.ts";
import type { CounterexampleLine, DivergenceLine } from "../oracle/journal.ts";
import { bounds, shortened } from "./bounds.ts";
import { ruleFor } from "./rules.ts";
import { type Severity, severityOf, severityRank } from "./severity.ts";
import { loneStory, type StoryView, storyOf } from "./story.ts";
import { differenceWords, sidesOf, withoutRoot, znodePath } from "./wording.ts";

/** How a story came to be and how sure it is. */
export interface Shrinking {
  readonly operations: number;
  readonly sessions: number;
  readonly reproduced: number;
  readonly attempts: number;
  readonly shrinkMs: number;
  readonly file: string;
}

/** One row of the report. `field`, `candidate` and `oracle` tell the foremost difference of the first occurrence. */
export interface Cause {
  readonly fingerprint: string;
  readonly operation: string;
  readonly severity: Severity;
  readonly field: string;
  readonly candidate: string;
  readonly oracle: string;
  readonly words: string;
  readonly occurrences: number;
  readonly firstSeen: { readonly n: number; readonly case: string; readonly session: string };
  readonly lastSeen: number;
  readonly paths: readonly string[];
  readonly known?: string;
  readonly rule?: { readonly sentence: string; readonly source: string };
  readonly replay?: string;
  readonly shrinking?: Shrinking;
  readonly story: StoryView;
}

/** The groups in which divergences are told apart. */
export type CauseGroup = "diverges" | "known" | "timing" | "oracle-unstable";

/** A cause while it is being gathered. */
type Draft = { -readonly [K in keyof Cause]: Cause[K] };

/** Gathers the causes of one group. Past `bounds.causesMax` of them, further ones are counted only. */
export class Causes {
  readonly #drafts = new Map<string, Draft>();
  /** Divergences of causes that were not kept. */
  cut = 0;

  add(line: DivergenceLine): void {
    // A hand-edited or foreign journal may lack the fingerprint; what differs then stands for it.
    const fingerprint = shortened(line.fingerprint ?? `${line.operation} ${line.differences[0]?.at ?? ""}`, 120);
    const path = pathOf(line.request);
    const draft = this.#drafts.get(fingerprint);
    if (draft === undefined) {
      if (this.#drafts.size >= bounds.causesMax) this.cut += 1;
      else this.#drafts.set(fingerprint, firstOf(line, fingerprint, path));
      return;
    }
    draft.occurrences += 1;
    draft.lastSeen = line.n;
    const fits = draft.paths.length < bounds.pathsPerCauseMax;
    if (fits && path !== undefined && !draft.paths.includes(path)) draft.paths = [...draft.paths, path];
  }

  /** Puts a shrunk story in the place of the lone operation. Of several the shortest stays that was seen again. Answers whether the cause is one of these. */
  explain(line: CounterexampleLine): boolean {
    const draft = this.#drafts.get(shortened(line.fingerprint, 120));
    if (draft === undefined) return false;
    if (draft.shrinking !== undefined && !isBetter(line, draft.shrinking)) return true;
    draft.shrinking = {
      operations: line.operations,
      sessions: line.sessions,
      reproduced: line.reproduced,
      attempts: line.attempts,
      shrinkMs: Math.round(line.shrinkMs),
      file: shortened(line.file, 300),
    };
    draft.replay = shortened(line.replay, 4_000);
    draft.story = storyOf(line);
    return true;
  }

  /** Worst first, then the most frequent, then by fingerprint: the same order for the same journal. */
  view(): Cause[] {
    return [...this.#drafts.values()].sort(byWeight);
  }
}

/** Whether a reproduction tells more than another one. */
function isBetter(one: Pick<Shrinking, "operations" | "reproduced">, other: typeof one): boolean {
  const [isSeen, isOtherSeen] = [one.reproduced > 0, other.reproduced > 0];
  return isSeen === isOtherSeen ? one.operations < other.operations : isSeen;
}

/** The order of causes in every view. */
export const byWeight = (a: Cause, b: Cause): number =>
  severityRank[a.severity] - severityRank[b.severity] ||
  b.occurrences - a.occurrences ||
  (a.fingerprint < b.fingerprint ? -1 : 1);

function firstOf(line: DivergenceLine, fingerprint: string, path: string | undefined): Draft {
  const head = headline(line.differences);
  const rule = ruleFor(line.operation, foremost(line.differences)?.at ?? "");
  return {
    fingerprint,
    operation: shortened(line.operation, 60),
    severity: severityOf(line.differences),
    ...head,
    occurrences: 1,
    firstSeen: { n: line.n, case: shortened(line.case, 120), session: shortened(line.session, 60) },
    lastSeen: line.n,
    paths: path === undefined ? [] : [path],
    ...(line.known === undefined ? {} : { known: shortened(line.known, 120) }),
    ...(rule === undefined ? {} : { rule }),
    story: loneStory(line),
  };
}

/** What explains most: a result code first (it makes other fields echoes), then the order in which fingerprints are named. */
const explains: readonly Difference["is"][] = ["closed", "stalled", "value", "absent", "members", "order", "layout"];

/** The difference that a cause is told by. */
function foremost(differences: readonly Difference[]): Difference | undefined {
  const rank = (difference: Difference): number =>
    /(^|\.)err$/.test(difference.at) ? -1 : explains.indexOf(difference.is);
  return [...differences].sort((a, b) => rank(a) - rank(b))[0];
}

/** What the row of a cause says about its foremost difference. */
function headline(
  differences: readonly Difference[],
): Both<string> & { readonly field: string; readonly words: string } {
  const first = foremost(differences);
  if (first === undefined) return { field: "(unknown)", words: "the two sides disagree", candidate: "", oracle: "" };
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : "";
  const { candidate, oracle } = sidesOf(first);
  const field = shortened(first.at, 120);
  return {
    field,
    words: differenceWords(first) + more,
    candidate: withoutRoot(candidate),
    oracle: withoutRoot(oracle),
  };
}

function pathOf(request: unknown): string | undefined {
  const path = typeof request === "object" && request !== null ? (request as Record<string, unknown>).path : undefined;
  const text = znodePath(path);
  return text === undefined ? undefined : withoutRoot(shortened(text, 200));
}
