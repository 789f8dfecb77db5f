/** A history as the journal keeps it for the report's picture: columns of small numbers, since there may be a hundred thousand calls. */
import type { HistoryLine } from "../../oracle/journal.ts";
import { type Call, callsOf, type History, type Lane } from "./history.ts";
import { sessionName } from "./replay.ts";
import type { Violation } from "./rules.ts";

/** How many calls a picture holds at most, and violations of one rule. */
const pictureMax = { calls: 100_000, violationsOfRule: 20 };

/** Positions of names in the order of their first use. */
class Names {
  readonly #at = new Map<string, number>();

  at(name: string): number {
    const known = this.#at.get(name);
    if (known !== undefined) return known;
    this.#at.set(name, this.#at.size);
    return this.#at.size - 1;
  }

  get list(): string[] {
    return [...this.#at.keys()];
  }
}

/** Differences of neighbours, the first one to 0. */
const steps = (numbers: readonly number[]): number[] => numbers.map((one, index) => one - (numbers[index - 1] ?? 0));

/** The first violations of each rule. */
function firstOfEach(broken: readonly Violation[]): Violation[] {
  const counts = new Map<string, number>();
  return broken.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= pictureMax.violationsOfRule;
  });
}

/** Where a client was, each server once. */
const serversOf = ({ server, arrivals }: Lane): string[] => [
  ...new Set([server, ...arrivals.flatMap((one) => (one.is === "resumption" ? one.server : []))]),
];

/** The journal's line. `diverging` is the call that the oracle answers otherwise. */
export function pictureOf(
  history: History,
  about: { readonly name: string; readonly broken: readonly Violation[]; readonly diverging: Call | undefined },
): HistoryLine {
  const all = callsOf(history);
  const calls = all.slice(0, pictureMax.calls);
  const position = new Map(calls.map((call, index) => [call, index]));
  const laneOf = new Map(history.lanes.map(({ session }, index) => [session, index]));
  const operations = new Names();
  const paths = new Names();
  const firstMs = calls[0]?.invokedMs ?? 0;
  const us = (ms: number): number => Math.round(ms * 1_000);
  const startUs = calls.map(({ invokedMs }) => us(invokedMs - firstMs));
  return {
    event: "history",
    case: about.name,
    lanes: history.lanes.map((lane) => ({ session: sessionName(lane.session), server: serversOf(lane).join(", ") })),
    calls: {
      lane: calls.map(({ session }) => laneOf.get(session) ?? 0),
      start: steps(startUs),
      took: calls.map(({ invokedMs, returnedMs }) => us(returnedMs - invokedMs)),
      op: calls.map(({ op }) => operations.at(op)),
      path: calls.map(({ path }) => paths.at(path)),
      zxid: steps(calls.map(({ zxid }) => zxid)),
      err: calls.map(({ err }) => err),
      wrote: calls.map(({ changed }) => (changed.length > 0 ? 1 : 0)),
    },
    operations: operations.list,
    paths: paths.list,
    violations: firstOfEach(about.broken).flatMap(({ rule, call, witness, said }) => {
      const at = position.get(call);
      const of = witness.is === "reply" ? (position.get(witness) ?? null) : null;
      return at === undefined ? [] : [{ rule, call: at, witness: of, ...said }];
    }),
    violated: about.broken.length,
    faults: history.lanes.flatMap(({ over }, lane) =>
      over === undefined
        ? []
        : [
            {
              lane,
              start: us(over.goneMs - firstMs),
              what: over.why === "lost" ? "connection lost" : "session expired",
            },
          ],
    ),
    diverging: (about.diverging && position.get(about.diverging)) ?? null,
    cut: all.length - calls.length,
  };
}
