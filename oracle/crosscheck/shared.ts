/** What all connections of one cross-check have in common. */
import { BoundedMap } from "../../src/bounded-map.ts";
import type { Side } from "../compare/difference.ts";
import { sides } from "../compare/sides.ts";
import { Witness } from "../compare/witness.ts";
import type { CrossConnection } from "./connection.ts";
import { type DeathWatch, deathsOfBackend } from "./deaths.ts";
import { EndedSessions } from "./ended-sessions.ts";
import { type CrossCheckOptions, type Label, unlabelled } from "./options.ts";
import { Ordering } from "./ordering.ts";
import { Reapables } from "./reapables.ts";
import { Scribe } from "./scribe.ts";
import { SessionBook, type SessionRecord } from "./sessions.ts";
import { WakingClock } from "./waking-clock.ts";
import { WatchMap } from "./watch-map.ts";

/** What goes by itself: the znode, or a child of it. */
export interface Unsteadiness {
  readonly what: "node" | "parent";
  /** Of a znode that a server removes by itself: nothing is known to go from below it. */
  readonly isChildless: boolean;
  readonly forMs: number;
}

/** How long after the end of a session, beyond the settle window, its ephemerals' events may still be on their way, ms. */
const afterSessionEndMs = 1_000;

/** State and services of a run. */
export class Shared {
  readonly options: CrossCheckOptions;
  /** Who answers the client. */
  readonly truth: Side;
  readonly witness: Witness;
  readonly ordering = new Ordering();
  readonly watches = new WatchMap<CrossConnection>();
  readonly connections = new Set<CrossConnection>();
  /** What deadlines run on. */
  readonly clock: WakingClock;
  /** The same by case, which thousands of questions a second are about. */
  readonly #ofCase = new Map<string, Set<CrossConnection>>();
  readonly book: SessionBook;
  readonly scribe: Scribe;
  /** The candidate's deaths, which are findings. */
  readonly deaths: DeathWatch;
  /** The oracle's, which are nobody's fault. */
  readonly #oracleDeaths: DeathWatch;
  /** Containers and TTL znodes, which each server removes in its own time. */
  readonly reapables = new Reapables();
  readonly ended: EndedSessions;
  /** When a client of a case last hung up or asked to end its session, waking clock, ms: ZooKeeper does so in its own time, and forgets the connection's
   *  watches then. */
  readonly clientLeftAt = new BoundedMap<string, number>(1_000);
  /** Handshakes under way, by case. */
  readonly opening = new Map<string, number>();
  readonly #sweepEveryMs: number;
  #timer: NodeJS.Timeout | undefined;
  #waiters: { isBusy(): boolean; resolve(): void }[] = [];
  #isChecking = false;

  constructor(options: CrossCheckOptions) {
    this.options = options;
    this.truth = options.answerFrom;
    this.witness = new Witness(options.writesRemembered);
    const wasAway = (since: number) => sides.some((side) => this.deathsOf(side).wasAway(since));
    this.book = new SessionBook(options.answerFrom, options.settleMs, wasAway);
    this.ended = new EndedSessions(options.settleMs * 2 + afterSessionEndMs);
    this.scribe = new Scribe(options);
    this.#sweepEveryMs = Math.min(250, Math.max(5, options.settleMs / 8));
    this.clock = new WakingClock(this.#sweepEveryMs, (sleptMs) => this.#woke(sleptMs));
    this.deaths = options.deaths ?? deathsOfBackend(options.candidate);
    this.#oracleDeaths = options.oracleDeaths ?? deathsOfBackend(options.oracle);
  }

  /** A connection has begun. */
  join(connection: CrossConnection): void {
    this.connections.add(connection);
    const { case: name } = connection.label;
    const others = this.#ofCase.get(name);
    if (others === undefined) this.#ofCase.set(name, new Set([connection]));
    else others.add(connection);
  }

  /** A connection is over. Idempotent. */
  leave(connection: CrossConnection): void {
    this.connections.delete(connection);
    const { case: name } = connection.label;
    const others = this.#ofCase.get(name);
    others?.delete(connection);
    if (others?.size === 0) this.#ofCase.delete(name);
  }

  /** Whether any connection of a case stands on one side alone. */
  isLopsided(caseName: string): boolean {
    for (const connection of this.#ofCase.get(caseName) ?? []) if (connection.isLopsided) return true;
    return false;
  }

  /** Whether a watch that any connection of a case has set there may stand on one side alone. */
  isWatchedUnsurely(caseName: string, path: string): boolean {
    for (const connection of this.#ofCase.get(caseName) ?? []) if (connection.isWatchedUnsurely(path)) return true;
    return false;
  }

  /** A session of a case stands on one side alone, or may: its znodes and watches may, too. */
  driftApart(label: Label, what = "a session lives on one side only"): void {
    if (label.case !== unlabelled) this.scribe.drift(label, what);
  }

  /** A session may have expired on one side, which shows only when it is heard of again. */
  lapsed(record: SessionRecord, why: string): void {
    record.lapsedAt = Date.now();
    this.driftApart(record.label, why);
  }

  /** Who watches a side's deaths. */
  deathsOf(side: Side): DeathWatch {
    return side === "candidate" ? this.deaths : this.#oracleDeaths;
  }

  /** How much sooner than the other a side may remove a container or TTL znode, ms. */
  get reapEveryMs(): number {
    return this.options.reapEveryMs ?? 60_000;
  }

  /** Whether a znode may just now, or might at another time, go at different moments on the two sides, or lose a child so, and how long that may take,
   *  ms. `since`: or could at some time from then on. */
  unsteadiness(path: string, now: number = Date.now(), since = now): Unsteadiness | undefined {
    const reaped = this.reapables.at(path, now, since);
    const { settleMs } = this.options;
    if (reaped !== undefined) {
      const isChildless = !this.reapables.mayLoseChild(path, now);
      return { what: reaped, isChildless, forMs: settleMs + this.reapEveryMs };
    }
    const fading = this.book.fadingAt(path, now);
    return fading === undefined ? undefined : { what: fading, isChildless: false, forMs: settleMs };
  }

  /** The same for an event, which may tell of a znode that has come again since: its like may still be on the way on the other side. */
  unsteadinessLately(path: string): Unsteadiness | undefined {
    const now = Date.now();
    return this.unsteadiness(path, now, now - this.options.settleMs);
  }

  /** How long it may take until nothing at a path or below it goes at different moments on the two sides, ms; undefined where nothing does. */
  unsteadyWithinMs(path: string): number | undefined {
    const now = Date.now();
    const { settleMs } = this.options;
    if (this.reapables.isDueWithin(path, now)) return settleMs + this.reapEveryMs;
    return this.book.isFadingWithin(path, now) ? settleMs : undefined;
  }

  /** Something was asked or answered: deadlines must be watched, and somebody may be waiting for the end of it. */
  progress(): void {
    if (this.#timer === undefined) {
      this.clock.isWatched = true;
      this.#timer = setInterval(() => this.#sweep(), this.#sweepEveryMs);
    }
    if (this.#waiters.length === 0 || this.#isChecking) return;
    this.#isChecking = true;
    setImmediate(() => this.#release());
  }

  /** Resolves when no connection (of a case) waits for anything. */
  settled(caseName: string | undefined): Promise<void> {
    return this.#until(() => this.#isBusy(caseName));
  }

  /** Resolves when both sides have answered what a session asked on its connections so far. */
  answered(record: SessionRecord): Promise<void> {
    return this.#until(() => [...this.connections].some((connection) => connection.owesAnswers(record)));
  }

  #until(isBusy: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ isBusy, resolve });
    this.progress();
    return promise;
  }

  /** Lets go of the timer; whoever waits is released. */
  stop(): void {
    this.#rest();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  #sweep(): void {
    const now = this.clock.now();
    for (const connection of [...this.connections]) connection.sweep(now);
    this.#release();
    // Also between two requests: sessions may expire while nobody looks.
    if (this.connections.size === 0 && !this.#isBusy(undefined, Number.POSITIVE_INFINITY)) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clock.isWatched = false;
  }

  /** Who was silent for so long meanwhile may be gone from one server and not yet from the other, and will be heard of again before that shows. */
  #woke(sleptMs: number): void {
    const why = `this program stood still for ${(sleptMs / 1_000).toFixed(1)} s, and a session may have expired`;
    for (const record of this.book.fading(Date.now())) this.lapsed(record, why);
  }

  /** How long is waited for what must come or be given up, ms: as long as a reaper takes, too, but for none that takes much longer than anything else. */
  get #patienceMs(): number {
    const usualMs = this.options.settleMs * 2;
    return this.reapEveryMs > usualMs ? usualMs : usualMs + this.reapEveryMs;
  }

  #isBusy(caseName: string | undefined, by = this.clock.now() + this.#patienceMs): boolean {
    const isOpening =
      caseName === undefined
        ? [...this.opening.values()].some((count) => count > 0)
        : (this.opening.get(caseName) ?? 0) > 0;
    if (isOpening) return true;
    const connections = caseName === undefined ? this.connections : this.#ofCase.get(caseName);
    for (const connection of connections ?? []) if (connection.isBusy(by)) return true;
    return false;
  }

  #release(): void {
    this.#isChecking = false;
    this.#waiters = this.#waiters.filter(({ isBusy, resolve }) => {
      if (isBusy()) return true;
      resolve();
      return false;
    });
  }
}
