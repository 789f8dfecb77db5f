/** What can differ between the two sides, as data. Words, colours and exit codes come later, elsewhere. */

/** The two servers of a comparison, always named in this order. */
export type Side = "candidate" | "oracle";

/** One thing for each side. */
export type Both<T> = Readonly<Record<Side, T>>;

/** How a step came out. `timing` healed inside the settle window; `known` is listed in known-divergences.yml; `oracle-unstable` differs between
 *  two runs of the oracle itself; `unchecked` was answered by one side only, because the other was gone. */
export type Verdict = "match" | "diverges" | "timing" | "known" | "oracle-unstable" | "unchecked";

/** One disagreement. `at` is a dotted field path of the reply (`err`, `stat.pzxid`, `children`, `results.2.stat.version`) or of an event (`event.type`).
 *  - `value`: both sides have the field; `kind` is its field kind; the values are printed forms. `relation` says in words what should hold
 *    ("equal", "same write", "ctime = mtime").
 *  - `absent`: one side has no such field, reply or event.
 *  - `members`: two sets differ.
 *  - `layout`: the decoded values agree, the bytes do not (length, a missing body, bytes left over).
 *  - `order`: replies or events came in another order, or an event on the other side of a reply.
 *  - `stalled`: one side gave no answer in time.
 *  - `closed`: one side closed the connection and the other did not, or a server died (`died`); `underWay` then holds what it had not answered,
 *    where that is more than the one request that the difference belongs to. */
export type Difference =
  | {
      readonly is: "value";
      readonly at: string;
      readonly kind: string;
      readonly candidate: string;
      readonly oracle: string;
      readonly relation: string;
    }
  | { readonly is: "absent"; readonly at: string; readonly on: Side; readonly other: string }
  | { readonly is: "members"; readonly at: string; readonly only: Both<readonly string[]> }
  | { readonly is: "layout"; readonly at: string; readonly candidate: string; readonly oracle: string }
  | { readonly is: "order"; readonly at: string; readonly candidate: string; readonly oracle: string }
  | { readonly is: "stalled"; readonly at: string; readonly on: Side; readonly waitedMs: number }
  | {
      readonly is: "closed";
      readonly at: string;
      readonly on: Side;
      readonly died: boolean;
      readonly underWay?: readonly UnderWay[];
    };

/** A request without an answer: what it is, and whose. `variant` makes another operation of it, like `flags=container`. */
export interface UnderWay {
  readonly case: string;
  readonly session: string;
  readonly op: string;
  readonly variant?: string;
  readonly path?: string;
}
