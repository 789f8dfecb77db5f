/** One session label of a running case: its credentials, its connection, and what to do when the connection is gone.
 *  A step never fails for want of a connection: after a drop the session is resumed, after its end a new one is opened. */
import { randomInt } from "node:crypto";
import type { Int64 } from "../src/jute/int64.ts";
import { type ConnectRequest, passwordBytes } from "../src/protocol/connect.ts";
import { setWakingTimeout } from "../src/protocol/waking-timeout.ts";
import { type CaseSession, type Connected, Connection, type Door, newSession } from "./connection.ts";
import type { ReconnectStep, WrongPassword } from "./format.ts";
import type { Memory } from "./references.ts";

/** Bounds of waiting, each with its own outcome: a case that waits longer is stuck. */
export const caseLimits = {
  /** Default session timeout asked for. Long, so that a busy machine expires no session by accident. */
  timeoutMs: 30_000,
  replyWaitMs: 15_000,
  /** How long a connection may stay open that the server ought to close. */
  hangUpWaitMs: 3_000,
  /** Longer than the timeout and ZooKeeper's rounding to ticks together. */
  expiryWaitMs: 15_000,
} as const;

/** The case cannot go on: a reply or a connection does not come. The cross-check has its own verdict on that; the case ends here. */
export class CaseStuck extends Error {
  override readonly name = "CaseStuck";
}

/** Waits at most `limitMs`; answers whether `promise` was first. */
export async function within(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const { promise: tooLong, resolve } = Promise.withResolvers<boolean>();
  const giveUp = setWakingTimeout(() => resolve(false), limitMs);
  const first = await Promise.race([promise.then(() => true), tooLong]);
  giveUp();
  return first;
}

/** A session id that no server gave out, for `reconnect` as a stranger. Another one each time: ZooKeeper drops a handshake, without an answer, when
 *  the next one asks for the same session. Source: ZooKeeperServer.reopenSession (3.8). */
const strangerId = (): Int64 => randomInt(1, 2 ** 40);

/** A wrong password, made from the right one. */
function spoilt(right: Buffer, wrong: WrongPassword | undefined): Buffer {
  const half = right.length / 2;
  const wrongWhere = (isWrong: (i: number) => boolean) =>
    Buffer.from(right.map((byte, i) => (isWrong(i) ? byte ^ 1 : byte)));
  switch (wrong) {
    case undefined:
      return Buffer.alloc(passwordBytes, 0x5a);
    case "last-byte":
      return wrongWhere((i) => i === right.length - 1);
    case "first-half":
      return wrongWhere((i) => i >= half);
    case "second-half":
      return wrongWhere((i) => i < half);
    case "shorter":
      return right.subarray(0, -1);
    case "longer":
      return Buffer.concat([right, Buffer.from([1])]);
    case "zero":
      return Buffer.alloc(passwordBytes);
    case "empty":
      return Buffer.alloc(0);
    default:
      return wrong satisfies never;
  }
}

/** A session label's place in a case. */
export class Seat {
  readonly as: CaseSession;
  readonly #door: Door;
  readonly #memory: Memory;
  readonly #timeoutMs: number;
  #connection: Connection | undefined;
  #sessionId: Int64 = 0;
  #grantedMs = 0;
  #password: Uint8Array = Buffer.alloc(passwordBytes);
  /** The session that was over before this one. */
  #former: { readonly sessionId: Int64; readonly passwd: Uint8Array } | undefined;
  /** The session is known to be over: closed, expired or refused. */
  #isOver = true;
  /** A request was sent behind which the server hangs up. */
  #isLeaving = false;
  #lastXid = 0;
  /** Sessions that a `reconnect` as a new one has left alive. */
  readonly #leftBehind: { readonly id: Int64; readonly password: Uint8Array }[] = [];
  /** The session is one of these: if it cannot be resumed, nobody tries again. */
  #isTakenUp = false;
  /** Nothing is opened any more. */
  #isAbandoned = false;

  constructor(as: CaseSession, how: { door: Door; memory: Memory; timeoutMs: number }) {
    this.as = as;
    this.#door = how.door;
    this.#memory = how.memory;
    this.#timeoutMs = how.timeoutMs;
  }

  /** The connection if one stands and can still be used. */
  get live(): Connection | undefined {
    return this.#isLeaving || this.#connection?.hasEnded ? undefined : this.#connection;
  }

  /** Whether the session lives on without a connection. */
  get isDropped(): boolean {
    return !this.#isOver && this.#connection === undefined;
  }

  /** The session timeout as it was granted last, ms. */
  get grantedMs(): number {
    return this.#grantedMs;
  }

  /** Whether there is nothing left to close or to resume. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next ordinary request's xid: 1, 2, 3 … */
  nextXid(): number {
    this.#lastXid++;
    return this.#lastXid;
  }

  /** The connection to send on, opened anew if need be. Throws {@link CaseStuck}. */
  async ready(): Promise<Connection> {
    if (this.live !== undefined) return this.live;
    if (this.#connection !== undefined) {
      await this.gone();
      await this.settle();
    }
    if (!this.#isOver) {
      await this.resume();
      if (this.live !== undefined) return this.live;
    }
    await this.#open(newSession(this.#timeoutMs));
    if (this.live !== undefined) return this.live;
    throw new CaseStuck(`session ${this.as.session} cannot be opened`);
  }

  /** Waits until every request of this session is answered. Throws {@link CaseStuck}. */
  async drain(): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined && !(await within(connection.idle(), caseLimits.replyWaitMs)))
      throw new CaseStuck(`session ${this.as.session} waits for a reply`);
  }

  /** Waits until both sides have answered everything, not only the one that answers us: what is cut off before that nobody can compare.
   *  Throws {@link CaseStuck}. */
  async settle(): Promise<void> {
    await this.drain();
    if (!(await within(this.#door.settled(this.as.case), caseLimits.replyWaitMs)))
      throw new CaseStuck("the two sides do not settle");
  }

  /** Says that the server is going to hang up; `isOver` when the session ends with it. */
  leave(isOver: boolean): void {
    this.#isLeaving = true;
    this.#isOver ||= isOver;
  }

  /** Waits for the server to hang up where it ought to, and hangs up ourselves if it does not. */
  async gone(): Promise<void> {
    if (this.#connection === undefined) return;
    await this.#hungUp(this.#connection);
    this.drop();
  }

  /** Waits for a server to hang up; if only one of them does, until that has been judged. Throws {@link CaseStuck}. */
  async #hungUp(connection: Connection): Promise<void> {
    if (!connection.hasEnded && !(await within(connection.ended, caseLimits.hangUpWaitMs))) await this.settle();
  }

  /** Hangs up; the session lives on. */
  drop(): void {
    this.#connection?.drop();
    this.#connection = undefined;
    this.#isLeaving = false;
  }

  /** Hangs up for good. */
  abandon(): void {
    this.#isAbandoned = true;
    this.drop();
  }

  /** Takes up a session that was left behind, for the case to close it; answers false when there is none. Call it when this one is over. */
  takeUpLeftBehind(): boolean {
    const left = this.#leftBehind.pop();
    if (left === undefined) return false;
    this.#sessionId = left.id;
    this.#password = left.password;
    this.#isOver = false;
    this.#isTakenUp = true;
    return true;
  }

  /** Asks for the same session again. Throws {@link CaseStuck}. */
  async resume(): Promise<void> {
    await this.#open(this.#resume(this.#timeoutMs));
  }

  /** The reconnect step. What the handshake gives is the cross-check's to judge; here only the connection counts. */
  async reconnect(step: ReconnectStep): Promise<void> {
    const timeOut = step.timeoutMs ?? this.#timeoutMs;
    const resumed = this.#resume(timeOut);
    const kind = step.as ?? "same";
    const request: ConnectRequest = { ...resumed, ...this.#credentialsFor(kind, step.wrong) };
    if (step.seen !== undefined) request.lastZxidSeen = this.#memory.seen(this.as.session, step.seen);
    if (step.readOnly === "absent") delete request.readOnly;
    else if (step.readOnly !== undefined) request.readOnly = step.readOnly;
    if (step.protocolVersion !== undefined) request.protocolVersion = step.protocolVersion;
    const before = this.#connection;
    const answer = await this.#open(request);
    // A resumed session's old connection is closed by the server, unless it gave no answer; one of another session would live on beside the new one.
    if (before === undefined) return;
    if ((kind === "same" || kind === "wrong-password") && answer !== "closed") await this.#hungUp(before);
    if (before !== this.#connection || before.hasEnded) before.drop();
  }

  #credentialsFor(
    kind: NonNullable<ReconnectStep["as"]>,
    wrong: WrongPassword | undefined,
  ): Partial<Pick<ConnectRequest, "sessionId" | "passwd">> {
    switch (kind) {
      case "same":
        return {};
      case "new":
        return { sessionId: 0, passwd: wrong === undefined ? Buffer.alloc(passwordBytes) : this.#spoilt(wrong) };
      case "former":
        if (this.#isOver && this.#sessionId !== 0) return {};
        return this.#former ?? { sessionId: strangerId() };
      case "stranger":
        return { sessionId: strangerId() };
      case "wrong-password":
        return { passwd: this.#spoilt(wrong) };
      default:
        return kind satisfies never;
    }
  }

  #spoilt = (wrong: WrongPassword | undefined): Buffer => spoilt(Buffer.from(this.#password), wrong);

  #resume(timeOut: number): ConnectRequest {
    return {
      ...newSession(timeOut),
      lastZxidSeen: this.#memory.seen(this.as.session, { newest: 0 }),
      sessionId: this.#sessionId,
      passwd: this.#password,
    };
  }

  /** Answers how it went. Throws {@link CaseStuck}. */
  async #open(request: ConnectRequest): Promise<Connected["is"]> {
    if (this.#isAbandoned) throw new CaseStuck(`session ${this.as.session} is given up`);
    const opened = await Connection.open(this.#door, this.as, request);
    if (this.#isAbandoned && opened.is === "granted") {
      opened.connection.drop();
      return "closed";
    }
    if (opened.is !== "granted") {
      // Refused with the right password: there is no such session any more.
      if (opened.is === "refused" && request.sessionId === this.#sessionId && request.passwd === this.#password)
        this.#isOver = true;
      return opened.is;
    }
    if (!this.#isOver && !this.#isTakenUp && opened.connection.granted.sessionId !== this.#sessionId)
      this.#leftBehind.push({ id: this.#sessionId, password: this.#password });
    if (this.#isOver && this.#sessionId !== 0) this.#former = { sessionId: this.#sessionId, passwd: this.#password };
    this.#isTakenUp = false;
    this.#connection = opened.connection;
    this.#isLeaving = false;
    this.#isOver = false;
    this.#sessionId = opened.connection.granted.sessionId;
    this.#grantedMs = opened.connection.granted.timeOut;
    this.#password = Buffer.from(opened.connection.granted.passwd ?? Buffer.alloc(passwordBytes));
    return opened.is;
  }
}
