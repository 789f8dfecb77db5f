/** Deaths of a server. One that dies hangs up on all its connections at once, whatever each of them was asking: of a candidate that is one finding,
 *  and every request that it had not answered may be the reason. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend } from "../../src/backend.ts";
import type { UnderWay } from "../compare/difference.ts";

/** What a cross-check asks of whoever watches. Times are of our clock, ms, and say when the server closed a connection. */
export interface DeathWatch {
  /** It has closed one of a case, rightly or because it is no more. `underWay`: the requests that it had not answered there. Resolves when it is known
   *  which. */
  hungUp(at: number, caseName: string, underWay: readonly UnderWay[]): Promise<void>;
  /** Whether this was a death. */
  isDeath(at: number): boolean;
  /** Resolves when all that is asked here is true to what has happened so far. */
  known(): Promise<void>;
  /** Whether it was found to be gone at any time since then. */
  wasAway(since: number): boolean;
  /** What it had not answered when it died then, over all connections, and of how many cases it closed any. */
  sceneAt(at: number): { readonly underWay: readonly UnderWay[]; readonly cases: number };
  /** Whoever gets true tells of the death; all others know that it is told. */
  tell(at: number): boolean;
}

interface HangUp {
  readonly at: number;
  readonly caseName: string;
  readonly underWay: readonly UnderWay[];
  readonly isTrial: boolean;
}

/** The server was found to be gone, and back again. Our clock, ms; `from` is when it first hung up. */
interface Death {
  from: number;
  until: number;
  isTold: boolean;
}

/** How long after it closed a connection it shows whether a server has died, if nobody finds out, ms. */
const showsAfterMs = 150;

/** How often a server that hung up is looked at, and for how long, ms: whoever restarts it may be quick, and hang-ups come in a crowd. */
const lookEveryMs = 20;
const lookForMs = 600;
/** How long after it was found to be back a hang-up of before may be noticed, ms. */
const sameDeathMs = 500;
/** How long hang-ups are remembered, ms: somebody may ask after the longest settle window. */
const rememberMs = 120_000;
/** How many are forgotten in one go: taking the first out of a long list moves all others. */
const forgottenAtOnce = 1_000;

/** Watches one server for all cross-checks that ask it. */
export class Deaths implements DeathWatch {
  readonly #isServing: () => boolean;
  readonly #findOut: () => Promise<void>;
  readonly #awayAt: () => number | undefined;
  readonly #hangUps: HangUp[] = [];
  readonly #deaths: Death[] = [];
  /** Of the deaths, the one that it has not come back from. */
  #absence: Death | undefined;
  /** When it was found to be there again, our clock, ms. */
  #backAt = 0;
  #isTrialTold = false;
  #timer: NodeJS.Timeout | undefined;

  /** `isServing` says whether the server could be reached when that was tried last, `findOut` tries it, `awayAt` says when it last could not, whether or
   *  not anybody looked then. */
  constructor(
    isServing: () => boolean,
    findOut: () => Promise<void> = () => sleep(showsAfterMs),
    awayAt: () => number | undefined = () => undefined,
  ) {
    this.#isServing = isServing;
    this.#findOut = findOut;
    this.#awayAt = awayAt;
  }

  /** How often it has died. */
  get count(): number {
    return this.#deaths.length;
  }

  /** The same watch for trials on the same server: what dies of them dies of what is known already. */
  get ofTrials(): DeathWatch {
    return {
      hungUp: (at, caseName, underWay) => this.hungUp(at, caseName, underWay, true),
      isDeath: (at) => this.isDeath(at),
      known: () => this.known(),
      wasAway: (since) => this.wasAway(since),
      sceneAt: (at) => this.sceneAt(at),
      tell: (at) => this.tell(at),
    };
  }

  async hungUp(at: number, caseName: string, underWay: readonly UnderWay[], isTrial = false): Promise<void> {
    const fresh = this.#hangUps.findIndex((each) => each.at + rememberMs >= at);
    if (fresh > forgottenAtOnce) this.#hangUps.splice(0, fresh);
    this.#hangUps.push({ at, caseName, underWay, isTrial });
    this.#look();
    this.#timer ??= setInterval(() => this.#lookAgain(), lookEveryMs).unref();
    await this.known();
    if (this.#absence !== undefined) this.#absence.from = Math.min(this.#absence.from, at);
  }

  async known(): Promise<void> {
    await this.#findOut();
    this.#look();
  }

  isDeath(at: number): boolean {
    this.#look();
    return this.#deathAt(at) !== undefined;
  }

  wasAway(since: number): boolean {
    this.#look();
    return this.#absence !== undefined || Math.max(this.#backAt, this.#awayAt() ?? 0) >= since;
  }

  sceneAt(at: number): { readonly underWay: readonly UnderWay[]; readonly cases: number } {
    const death = this.#ensure(at);
    return { underWay: this.#underWay(death), cases: new Set(this.#of(death).map(({ caseName }) => caseName)).size };
  }

  tell(at: number): boolean {
    const death = this.#ensure(at);
    const isFirst = !death.isTold;
    death.isTold = true;
    return isFirst;
  }

  /** Deaths that nobody has told of, those in trials aside: these count where there is no other. From now on they are told. */
  untold(): (readonly UnderWay[])[] {
    this.#look();
    const own = this.#deaths.filter((death) => !this.#of(death).some(({ isTrial }) => isTrial));
    const isOnlyInTrials = own.length === 0 && !this.#isTrialTold;
    const untold = isOnlyInTrials ? this.#deaths.slice(0, 1) : own.filter(({ isTold }) => !isTold);
    this.#isTrialTold ||= isOnlyInTrials && untold.length > 0;
    for (const death of untold) death.isTold = true;
    return untold.map((death) => this.#underWay(death));
  }

  #underWay(death: Death): readonly UnderWay[] {
    return this.#of(death).flatMap(({ underWay }) => underWay);
  }

  #of(death: Death): readonly HangUp[] {
    return this.#hangUps.filter(({ at }) => belongs(at, death));
  }

  /** A server that took its time to go may have been found gone only after its hang-ups. */
  #ensure(at: number): Death {
    const found = this.#deathAt(at);
    if (found !== undefined) return found;
    const death = { from: at, until: at, isTold: false };
    this.#deaths.push(death);
    return death;
  }

  #deathAt(at: number): Death | undefined {
    return this.#deaths.find((death) => belongs(at, death));
  }

  #look(): void {
    const isServing = this.#isServing();
    const now = Date.now();
    if (isServing && this.#absence !== undefined) {
      this.#absence.until = now;
      this.#absence = undefined;
      this.#backAt = now;
    } else if (!isServing && this.#absence === undefined) {
      this.#absence = { from: now, until: Number.POSITIVE_INFINITY, isTold: false };
      this.#deaths.push(this.#absence);
    }
  }

  #lookAgain(): void {
    this.#look();
    if (this.#absence !== undefined || (this.#hangUps.at(-1)?.at ?? 0) + lookForMs > Date.now()) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Watches the server behind a backend. */
export const deathsOfBackend = (backend: Backend): Deaths =>
  new Deaths(
    () => backend.status().serving,
    backend.findOut,
    () => backend.status().awayAt,
  );

/** Whether a connection closed at `at` was closed by this death. */
const belongs = (at: number, { from, until }: Death): boolean => at >= from - lookForMs && at <= until + sameDeathMs;
