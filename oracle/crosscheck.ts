/** The cross-check: a backend over two backends that sends every request to both, answers the client from one of them, and journals where
 *  they disagree. It holds no global lock: requests that could see each other's effects keep one order on both sides, all others overlap. */
import type { Downstream, Hello } from "../src/backend.ts";
import { otherSide } from "./compare/sides.ts";
import { openBoth } from "./crosscheck/handshake.ts";
import { type CrossCheck, type CrossCheckOptions, type Label, unlabelled } from "./crosscheck/options.ts";
import { Shared } from "./crosscheck/shared.ts";

export type {
  Counters,
  CrossCheck,
  CrossCheckOptions,
  Finding,
  KnownMatcher,
  Label,
  Observation,
} from "./crosscheck/options.ts";

/** Composes two backends. Closing it closes both. */
export function crosscheck(options: CrossCheckOptions): CrossCheck {
  const shared = new Shared(options);
  let connectionsOpened = 0;
  const openAs = async (label: Label, hello: Hello, downstream: Downstream) => {
    shared.opening.set(label.case, (shared.opening.get(label.case) ?? 0) + 1);
    shared.progress();
    try {
      return await openBoth(shared, label, hello, downstream);
    } finally {
      const left = (shared.opening.get(label.case) ?? 1) - 1;
      if (left === 0) shared.opening.delete(label.case);
      else shared.opening.set(label.case, left);
      shared.progress();
    }
  };
  /** The side that clients get their answers from, as long as it serves. */
  const answering = () =>
    options[shared.truth].status().serving ? options[shared.truth] : options[otherSide(shared.truth)];
  const settled = (caseName?: string) => shared.settled(caseName);
  return {
    name: `crosscheck of ${options.candidate.name} against ${options.oracle.name}`,
    openAs,
    open: (hello, downstream) => {
      const session = `connection ${++connectionsOpened}`;
      return openAs({ case: options.caseOf?.(hello) ?? unlabelled, session }, hello, downstream);
    },
    settled,
    fence: (caseName) => {
      for (const connection of shared.connections)
        if ((caseName ?? connection.label.case) === connection.label.case) connection.fence();
      return settled(caseName);
    },
    status: () => answering().status(),
    list: () => answering().list(),
    close: async () => {
      for (const connection of [...shared.connections]) connection.close("shutdown");
      shared.stop();
      await Promise.all([options.candidate.close(), options.oracle.close()]);
    },
    counters: shared.scribe.counters,
  };
}
