/** What a cross-check is given and what it shows: the contract with those who drive one. */
import type { Backend, Downstream, Hello, Opened } from "../../src/backend.ts";
import type { Both, Difference, Side, Verdict } from "../compare/difference.ts";
import type { Answer, JournalSink } from "../journal.ts";
import type { DeathWatch } from "./deaths.ts";

/** What the journal calls a connection: the sequence, scenario or client it belongs to, and the session inside it. */
export interface Label {
  readonly case: string;
  readonly session: string;
}

/** A divergence on its way to the journal, as the list of known ones sees it. */
export interface Finding {
  readonly case: string;
  readonly session: string;
  readonly operation: string;
  readonly path?: string;
  readonly fingerprint: string;
  readonly differences: readonly Difference[];
}

/** Answers the id of the known-divergences entry that covers a finding. */
export type KnownMatcher = (finding: Finding) => string | undefined;

/** One compared request as it is in memory: what a counterexample's story is told from. `n` is the journal's. */
export interface Observation {
  readonly is: "step" | "notification";
  readonly n: number;
  readonly label: Label;
  /** Operation name, `connect`, or `event`. */
  readonly op: string;
  /** The request as a scenario step without `by`; `undefined` for an event. */
  readonly request: unknown;
  readonly answers: Both<Answer>;
  readonly differences: readonly Difference[];
  readonly verdict: Verdict;
}

/** The case of connections that belong to none. */
export const unlabelled = "live";

/** How a cross-check compares. Times in milliseconds. */
export interface CrossCheckOptions {
  readonly candidate: Backend;
  readonly oracle: Backend;
  /** Whose replies and events the client gets. */
  readonly answerFrom: Side;
  readonly emit: JournalSink;
  /** How long a difference that may be a matter of timing is given to heal. Covers session expiry too: take more than a tick of the slower side. */
  readonly settleMs: number;
  /** How often a server looks for containers and TTL znodes to remove: one side may do so that much earlier. Default 60 s, as
   *  ZooKeeper's. */
  readonly reapEveryMs?: number | undefined;
  /** How long one side may take longer than the other before its answer counts as `stalled`. */
  readonly replyWaitMs: number;
  /** One request at a time over all sessions. */
  readonly serial: boolean;
  /** The candidate carries out writes in the order in which they are submitted, over all sessions, as a backend of this process does: then conflicting
   *  writes need not wait for each other. Default false. */
  readonly candidateKeepsOrder?: boolean;
  /** Others use the servers meanwhile, below roots of their own, and may have done so before: of znodes that are nobody's own only that is compared which
   *  nobody changes. Default false. */
  readonly sharesServers?: boolean;
  /** Names the case of a connection that was opened without a label; default {@link unlabelled}. */
  readonly caseOf?: (hello: Hello) => string;
  /** Keep the answers of steps that diverge, with their raw frames as hex: all but those with digests when `reveal` is set, without it those in which
   *  there is no room for data. Otherwise only error and zxid are kept. */
  readonly keepAnswers: boolean;
  /** Show znode data in the journal. Default false: length and hash only. Digests and secrets are never shown. */
  readonly reveal?: boolean;
  readonly known?: KnownMatcher;
  /** Whether the oracle disagrees with its own twin in this: then it is `oracle-unstable`, and held against nobody. */
  readonly isNoise?: (fingerprint: string) => boolean;
  /** Event headers carry −1 up to ZooKeeper 3.8 and the txn's zxid from 3.9 on: `version-dependent` accepts one on each side. Default: strict. */
  readonly eventZxid?: "strict" | "version-dependent";
  /** How many writes are remembered, at least, to know zxids and times again. Default 200,000. */
  readonly writesRemembered?: number;
  /** Tolerated distance between a server's clock and ours. Default 60 s. */
  readonly skewMs?: number;
  /** Who watches the candidate's deaths, for all cross-checks that share it and their journal, and tells of those that no single request can be blamed
   *  for. Default: the cross-check does so itself. */
  readonly deaths?: DeathWatch;
  /** Who watches the oracle's, which are nobody's fault. Default: the cross-check does so itself. */
  readonly oracleDeaths?: DeathWatch;
  /** Sees every compared step and event with its answers, whatever its verdict. */
  readonly observe?: (seen: Observation) => void;
}

/** Running totals. `compared` counts requests that both sides answered. */
export interface Counters {
  readonly steps: number;
  readonly compared: number;
  readonly notifications: number;
  readonly divergences: number;
  readonly unchecked: number;
}

/** A backend that asks two and says where they disagree. */
export interface CrossCheck extends Backend {
  /** As `open`, under a name of the caller's. */
  openAs(label: Label, hello: Hello, downstream: Downstream): Promise<Opened>;
  /** Resolves when every request has its answers and every event its counterpart, or has been given up after `settleMs`/`replyWaitMs`.
   *  With a case name, concerns the connections of that case alone. */
  settled(caseName?: string): Promise<void>;
  /** Asks both sides a ping on every open connection (of a case) and waits for the answers: an event that has not come before is not coming.
   *  The client sees nothing of it. Then settles. */
  fence(caseName?: string): Promise<void>;
  readonly counters: Counters;
}
