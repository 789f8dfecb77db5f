/** One scenario as a client takes it: its sessions, its steps in order and pipelined, its root and what it leaves behind.
 *  A step waits for a reply only if it needs what the reply tells; ordering requests that touch the same znodes is the cross-check's work. */
import { setTimeout as sleep } from "node:timers/promises";
import { parentOf } from "../src/protocol/paths.ts";
import type { Door, OnReply } from "./connection.ts";
import type { CaseStates, PathOf } from "./coverage/states.ts";
import { encodeStep, type RequestStep } from "./encode.ts";
import type { Scenario, Step } from "./format.ts";
import { groundOf, rootLevels } from "./ground.ts";
import { bodyOf, learn } from "./learn.ts";
import { Memory } from "./references.ts";
import { CaseStuck, caseLimits, Seat, within } from "./seat.ts";
import { hasBehind, isFault, labelsBoundBy, labelsIn, mayHangUp, quotesZxid, replyXidOf } from "./step-traits.ts";
import { Untold } from "./untold.ts";

/** How a case is run. */
export interface RunCase {
  readonly door: Door;
  /** The case's name in the journal, unique in the run. */
  readonly name: string;
  /** Its own root znode, absolute and two levels deep: `/x1/r`. Neither level may exist. */
  readonly root: string;
  /** Asked before each step: true ends the case early, because what follows a divergence is echo. */
  readonly isOver?: () => boolean;
  /** How often both servers look for containers and TTL znodes to remove, ms, where that is known. */
  readonly reapEveryMs?: number | undefined;
  /** Told of every reply and every fault. */
  readonly states?: CaseStates | undefined;
  /** Ends the case at once, whatever it waits for: the run has no more use for it. */
  readonly giveUp?: AbortSignal | undefined;
}

/** How long a wait for both sides is when nothing is amiss, ms. */
const promptMs = 200;

/** A server's tick, by default, and a bit, ms. */
const tickMs = 2_500;

/** After how many of its timeouts a session has expired, a tick later at most: no timeout is shorter than two ticks, unless somebody has said so. */
const latestExpiry = 1.5;

/** A wait for two servers that look so often for what is due is short enough, ms. */
const waitedForMs = 2_000;

/** Whether servers that look so often for what is due are waited for. */
export const areWaitedFor = (reapEveryMs: number | undefined): reapEveryMs is number =>
  reapEveryMs !== undefined && reapEveryMs <= waitedForMs;

/** What never ends; one for each wait, because a promise keeps all who ever waited for it. */
const neverEnding = () => new Promise<never>(() => undefined);

/** How long a server on this machine may take to notice that a connection is gone, ms. */
const dropNoticedMs = 50;

/** Requests of a session after which its mark is renewed: a cross-check remembers the zxids of so many replies and a few more. */
const markEvery = 16;

/** The case while it runs. */
export class Case {
  readonly #how: RunCase;
  readonly #scenario: Scenario;
  readonly #memory: Memory;
  readonly #pathOf: PathOf = (path) => this.#memory.path(path);
  readonly #untold = new Untold();
  readonly #seats = new Map<string, Seat>();
  /** Which session's create answers each label that is still open. */
  readonly #binding = new Map<string, Seat>();
  readonly #timeoutMs: number;
  /** Sessions that will quote a zxid, and how many requests each has sent since its mark. */
  readonly #quoting = new Map<string, number>();
  /** Whether the znode stands that comes and goes for marks. */
  #hasMark = false;
  /** Whether both sides may still owe the answer that tells the first mark. */
  #isMarkOpen = false;
  /** Each level of the root as it was answered: its error code, undefined without an answer. */
  readonly #ground = new Map<string, number | undefined>();
  steps = 0;

  constructor(scenario: Scenario, how: RunCase) {
    this.#how = how;
    this.#scenario = scenario;
    this.#memory = new Memory(how.root);
    this.#timeoutMs = scenario.timeoutMs ?? caseLimits.timeoutMs;
    for (const session of scenario.sessions)
      this.#seats.set(
        session,
        new Seat({ case: how.name, session }, { door: how.door, memory: this.#memory, timeoutMs: this.#timeoutMs }),
      );
  }

  /** Opens the sessions and asks for the root. That it was made is known in the end: steps below it wait for nobody but the cross-check. */
  async begin(): Promise<void> {
    await Promise.all([...this.#seats.values()].map((seat) => seat.ready()));
    const [first] = this.#scenario.sessions;
    if (first === undefined) throw new CaseStuck("the scenario has no session");
    const { root } = this.#how;
    for (const path of groundOf(root, this.#scenario.steps))
      await this.#send({ by: first, op: "create", path: { exact: path } }, (header) => {
        this.#ground.set(path, header?.err);
        if (path === root && this.#isAlone && header !== undefined) this.#memory.mark(first, header.zxid);
      });
    if (this.#scenario.pace !== "pipelined") await this.#settle();
    for (const by of new Set(this.#scenario.steps.filter(quotesZxid).map((step) => step.by))) {
      this.#quoting.set(by, 0);
      this.#isMarkOpen = this.#isAlone;
      if (!this.#isAlone) await this.#mark(by);
    }
  }

  /** One session alone needs no silence to be told a zxid that means the same on both sides: that of its own write does. */
  get #isAlone(): boolean {
    return this.#seats.size === 1;
  }

  /** Why the case came to nothing: its root could not be made. To be asked when all is answered. */
  get rootTrouble(): string | undefined {
    for (const path of rootLevels(this.#how.root)) {
      const err = this.#ground.get(path);
      if (err !== 0) return `the root znode ${path} could not be created (${err ?? "no answer"})`;
    }
    return undefined;
  }

  /** Takes one step. Throws {@link CaseStuck}. */
  async take(step: Step): Promise<void> {
    this.steps++;
    if (isFault(step)) {
      await this.#fault(this.#seat(step.by), step);
      this.#how.states?.fault(step);
    } else await this.#request(this.#seat(step.by), step);
    if (this.#scenario.pace === "pipelined") return this.#markIfDue(step);
    await this.#seat(step.by).settle();
    this.#memory.mark(step.by);
  }

  /** A write in silence tells a zxid that means the same on both sides: all that the case has written went before it, and all that it will comes after.
   *  One znode beside the root comes and goes for it, which shows in no answer: a server that lies is to be caught by the scenario's own steps. */
  async #mark(by: string): Promise<void> {
    this.#quoting.set(by, 0);
    this.#hasMark = !this.#hasMark;
    await this.#settle();
    const path = { exact: `${parentOf(this.#how.root)}/mark` };
    const write = this.#hasMark ? ({ op: "create", path } as const) : ({ op: "delete", path, version: -1 } as const);
    await this.#send({ by, ...write }, (header) => {
      if (header?.err === 0) this.#memory.mark(by, header.zxid);
    });
    await this.#seat(by).settle();
    this.#isMarkOpen = false;
  }

  async #settle(): Promise<void> {
    for (const seat of this.#seats.values()) await seat.settle();
  }

  async #markIfDue({ by, op }: Step): Promise<void> {
    const sent = this.#quoting.get(by);
    if (sent === undefined) return;
    this.#quoting.set(by, sent + 1);
    if (sent + 1 >= markEvery || op === "reconnect") await this.#mark(by);
  }

  async #request(seat: Seat, step: RequestStep): Promise<void> {
    for (const label of labelsIn(step)) await this.#binding.get(label)?.drain();
    if (this.#untold.concerns(step, this.#pathOf)) await seat.drain();
    if (this.#isMarkOpen && quotesZxid(step)) {
      await this.#settle();
      this.#isMarkOpen = false;
    }
    const alone = mayHangUp(step);
    if (alone || hasBehind(step)) await seat.settle();
    await this.#send(step, (header) => {
      if (alone && header !== undefined && header.err !== 0 && (step.op === "auth" || header.err === -6))
        seat.leave(false);
    });
    for (const label of labelsBoundBy(step)) this.#binding.set(label, seat);
    if (alone) await seat.drain();
    if (step.op !== "closeSession") return;
    for (const behind of step.behind ?? []) this.#sendBehind({ by: step.by, ...behind });
    seat.leave(true);
  }

  /** Every session reads the root behind all writes: an event that has not come before that reply is not coming. */
  async fence(): Promise<void> {
    await this.#sendAll({ op: "exists", path: "" });
    for (const seat of this.#seats.values()) await seat.drain();
    // An event that one side alone has sent may still come on the other, but not behind two replies.
    if (!(await within(this.#how.door.settled(this.#how.name), promptMs))) await this.#sendAll({ op: "ping" });
    await this.#settle();
  }

  async #sendAll(action: { readonly op: "exists"; readonly path: string } | { readonly op: "ping" }): Promise<void> {
    for (const [by, seat] of this.#seats) if (seat.live !== undefined) await this.#send({ by, ...action });
  }

  /** Ends every session that still lives, dropped ones included, so that the case leaves no ephemeral behind. */
  async end(): Promise<void> {
    const open = [...this.#seats].filter(([, seat]) => !seat.isOver);
    for (const [by, seat] of open) await this.#close(by, seat);
    for (const [by, seat] of this.#seats) {
      await seat.gone();
      while (seat.takeUpLeftBehind()) {
        await this.#close(by, seat);
        await seat.gone();
      }
    }
    await within(this.#how.door.settled(this.#how.name), caseLimits.replyWaitMs);
  }

  /** Hangs up everywhere, whatever the state, and for good. */
  abandon(): void {
    for (const seat of this.#seats.values()) seat.abandon();
  }

  #seat(label: string): Seat {
    const seat = this.#seats.get(label);
    if (seat === undefined) throw new CaseStuck(`session "${label}" is not listed`);
    return seat;
  }

  async #close(by: string, seat: Seat): Promise<void> {
    await this.#send({ by, op: "closeSession" });
    seat.leave(true);
  }

  async #send(step: RequestStep, onReply?: OnReply): Promise<void> {
    const seat = this.#seat(step.by);
    const connection = await seat.ready();
    const { xid, frame } = encodeStep(step, this.#memory, seat.nextXid());
    const answered = this.#untold.ask(step, this.#pathOf);
    connection.send(xid, frame, (header, rest) => {
      answered();
      onReply?.(header, rest);
      if (header === undefined) return;
      const body = bodyOf(step.op, header, rest);
      // First, so that a path by label is what it was when it was sent.
      this.#how.states?.reply(step, { err: header.err, body }, this.#pathOf);
      learn(step, header, body, this.#memory);
    });
  }

  /** Behind a closeSession nothing has to be answered. */
  #sendBehind(step: RequestStep): void {
    const seat = this.#seat(step.by);
    seat.live?.sendUnanswered(encodeStep(step, this.#memory, seat.nextXid()).frame);
  }

  async #fault(seat: Seat, step: Exclude<Step, RequestStep>): Promise<void> {
    await seat.settle();
    if (step.op === "drop") {
      seat.drop();
      // Up to ZooKeeper 3.8 checkWatches also sees watches of connections that the server has not noticed to be gone, and nothing tells when it has.
      return this.#scenario.steps.some(({ op }) => op === "checkWatches") ? sleep(dropNoticedMs) : undefined;
    }
    if (step.op === "reconnect") return seat.reconnect(step);
    if (step.op === "expire") return this.#expire(seat);
    if (step.op === "reap") return this.#reap();
    const connection = await seat.ready();
    const frame = Buffer.from(step.hex, "hex");
    const xid = step.reply ? replyXidOf(frame) : undefined;
    if (xid === undefined) {
      connection.sendUnanswered(frame);
      return void (await within(connection.ended, caseLimits.hangUpWaitMs));
    }
    connection.send(xid, frame, (header) => {
      if (header?.err === -6) seat.leave(false);
    });
    await seat.drain();
  }

  async #reap(): Promise<void> {
    const { reapEveryMs } = this.#how;
    if (!areWaitedFor(reapEveryMs)) return;
    await this.#settle();
    // A container in a container goes in the second look.
    await this.#keepAlive(undefined, neverEnding(), 2 * reapEveryMs + 100);
  }

  /** Keeps the other sessions alive with pings until the server has hung up on this one, or must have let it go: who has no connection learns of it
   *  only by asking for the session again. */
  async #expire(seat: Seat): Promise<void> {
    if (seat.isDropped) {
      await this.#keepAlive(seat, neverEnding(), seat.grantedMs * latestExpiry + tickMs / 2);
      return seat.resume();
    }
    await seat.ready();
    const end = seat.live?.ended ?? Promise.resolve();
    if (!(await this.#keepAlive(seat, end, this.#timeoutMs + caseLimits.expiryWaitMs)))
      throw new CaseStuck(`session ${seat.as.session} does not expire`);
    seat.leave(true);
    // Each server expires on its own tick; the other one gets the same chance before anybody looks.
    await this.#keepAlive(seat, neverEnding(), tickMs);
    await this.#how.door.settled(this.#how.name);
  }

  /** Waits for an end, at most so long, ms, with a ping of every other session now and then; answers whether it has come. */
  async #keepAlive(silent: Seat | undefined, end: Promise<unknown>, limitMs: number): Promise<boolean> {
    const until = performance.now() + limitMs;
    for (let leftMs = limitMs; leftMs > 0; leftMs = until - performance.now()) {
      for (const [by, other] of this.#seats)
        if (other !== silent && other.live !== undefined) await this.#send({ by, op: "ping" });
      if (await within(end, Math.min(leftMs, this.#timeoutMs / 4))) return true;
    }
    return false;
  }
}
