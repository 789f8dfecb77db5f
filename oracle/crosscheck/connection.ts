/** One client connection over two servers: requests to both in the order that the footprints ask for, the client's answers from one of them,
 *  and both sides' answers to the judge. */
import type { BackendSession, CloseReason, Downstream } from "../../src/backend.ts";
import { Reader } from "../../src/jute/buffers.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { Difference, Side } from "../compare/difference.ts";
import { otherSide, sides } from "../compare/sides.ts";
import type { Convoy } from "./convoy.ts";
import { Dispatch } from "./dispatch.ts";
import { ourRequest } from "./doubts.ts";
import { Ends } from "./ends.ts";
import { armWatches, everything, footprint, slowToShow } from "./footprint.ts";
import { judgeDeath, judgeRemains, mayHaveChanged, tellsOfLife, undelivered } from "./hang-ups.ts";
import { type JudgeScene, record } from "./judge.ts";
import type { Exchange } from "./lane.ts";
import { pairingOf } from "./notifications.ts";
import type { Label } from "./options.ts";
import type { Ticket } from "./ordering.ts";
import type { Pairing } from "./pairing.ts";
import { isOutOfLine, isPlainWrite, parseRequest, type Request } from "./request.ts";
import { rememberEphemerals, type SessionRecord } from "./sessions.ts";
import type { Shared } from "./shared.ts";
import { Verdicts } from "./verdicts.ts";

/** How long a write without an answer holds up those that could see its effects, ms. */
const afterlifeMs = 1_000;

/** Who hangs up so long after it was asked anything has not done so over a request, ms. */
const silentMs = 1_000;

let connectionsMade = 0;

export class CrossConnection implements BackendSession {
  readonly id = ++connectionsMade;
  readonly label: Label;
  readonly #shared: Shared;
  readonly #downstream: Downstream;
  readonly #ends: Ends;
  readonly #dispatch: Dispatch;
  readonly #pairing: Pairing;
  /** Requests that are in line or without a verdict, oldest first. */
  readonly #open = new Map<Exchange, Ticket>();
  readonly #verdicts: Verdicts;
  /** Syncs under way: behind them the candidate itself holds writes back. */
  #syncs = 0;
  readonly #scene: JudgeScene;
  /** Whose frames the client gets. */
  #server: Side;
  #positions = 0;
  /** The client has asked to close the session. */
  #isClosing = false;
  /** Waking clock, ms. */
  #clientGoneAt: number | undefined;
  #isOver = false;
  #last: Exchange | undefined;
  granted: BackendSession["granted"];

  constructor(
    shared: Shared,
    downstream: Downstream,
    how: { record: SessionRecord; label: Label; hidesPeer: boolean },
  ) {
    this.label = how.label;
    this.#shared = shared;
    this.#downstream = downstream;
    this.#server = shared.truth;
    this.#ends = new Ends(shared);
    this.#dispatch = new Dispatch({ shared, ends: this.#ends, record: how.record });
    this.#scene = { shared, record: how.record, label: how.label, hidesPeer: how.hidesPeer };
    this.#verdicts = new Verdicts(this.#scene, this.#ends);
    this.granted = { protocolVersion: 0, timeOut: 0, sessionId: 0, passwd: null };
    this.#pairing = pairingOf(this, shared);
  }

  /** Where one side sends its frames. May be used before `begin`. */
  downstreamOf(side: Side): Downstream {
    const client = this.#downstream;
    return {
      send: (frame) => this.#received(side, Buffer.from(frame)),
      end: () => this.#ended(side),
      get queuedBytes() {
        return client.queuedBytes;
      },
    };
  }

  /** The handshakes are done. A side without a session is absent from now on; the client is served by the truth if it granted. */
  begin(sessions: Partial<Record<Side, BackendSession>>, server: Side): void {
    if (this.#isOver) return;
    this.#server = server;
    this.#ends.begin(sessions);
    const serving = sessions[server];
    if (serving !== undefined) this.granted = serving.granted;
    this.#scene.record.connections++;
    this.#scene.record.isOneSided = this.#ends.hasAbsent;
    this.#shared.join(this);
    if (sides.some(this.#ends.hasEnded)) this.#shared.progress();
  }

  submit(frame: Buffer): void {
    if (this.#clientGoneAt === undefined && !this.#isOver) this.#enter(parseRequest(frame));
  }

  /** What was asked is still sent and awaited, so that both sides have done the same when their connections close: a server executes what it has
   *  received, whether or not the client stays to see it. */
  close(why: CloseReason): void {
    if (this.#clientGoneAt !== undefined || this.#isOver) return;
    this.#clientGoneAt = this.#shared.clock.now();
    this.#shared.clientLeftAt.set(this.label.case, this.#clientGoneAt);
    if (why === "shutdown") this.#hangUp();
    else this.#advance();
  }

  /** Whether it belongs to a session and some request of it is without an answer. */
  owesAnswers(record: SessionRecord): boolean {
    return this.#scene.record === record && !this.#isOver && this.#open.size > 0;
  }

  /** Something is still to come, or to be given up by then, waking clock, ms. */
  isBusy(by: number): boolean {
    if (this.#isOver) return false;
    return (
      this.#open.size > 0 ||
      this.#pairing.endsBy(by) ||
      this.#verdicts.endsBy(by) ||
      this.#ends.isHalfEnded ||
      this.#clientGoneAt !== undefined
    );
  }

  /** One side has hung up or never granted a session, and the other serves the client alone. */
  get isLopsided(): boolean {
    return !this.#isOver && !this.#ends.areOpen;
  }

  /** Whether a watch there may stand on one side alone. */
  isWatchedUnsurely(path: string): boolean {
    return this.#verdicts.isWatchedUnsurely(path);
  }

  /** Asks both sides a ping that the client will not see answered. */
  fence(): void {
    if (this.#clientGoneAt !== undefined || this.#isOver || !this.#ends.areOpen) return;
    this.#enter(ourRequest(opcodes.ping.code, Buffer.alloc(0)));
  }

  /** Looks at the deadlines, by the waking clock. */
  sweep(now: number): void {
    const { settleMs, replyWaitMs } = this.#shared.options;
    // A side that hung up sends no more events, and whether that is its fault is not decided yet.
    if (this.#ends.areOpen) this.#pairing.sweep(now);
    for (const [exchange] of this.#open) this.#sweepExchange(exchange, now, replyWaitMs);
    if (this.#clientGoneAt === undefined) for (const question of this.#verdicts.questions(now)) this.#enter(question);
    // A side that takes a resume hangs up on the session's old connection: whether it was right to is told by the handshake.
    if (this.#scene.record.resumes === 0) for (const side of this.#ends.endedAlone(now)) this.#endedAlone(side);
    if (this.#clientGoneAt !== undefined && this.#clientGoneAt + settleMs <= now) this.#hangUp();
  }

  #enter(request: Request): void {
    const { shared, record: session } = this.#scene;
    const isInLine = !isOutOfLine(request);
    const exchange: Exchange = {
      request,
      position: isInLine ? this.#positions++ : undefined,
      isTooLate: this.#isClosing && isInLine,
      sentAt: 0,
      awaitedFrom: 0,
      startedMs: {},
      convoy: undefined,
      floor: { candidate: 0, oracle: 0 },
      replies: {},
      isSkippedBy: { candidate: false, oracle: false },
      isJudged: false,
    };
    rememberEphemerals(session, request.operations ?? []);
    if (request.op === "closeSession") {
      this.#isClosing = true;
      shared.clientLeftAt.set(this.label.case, shared.clock.now());
      // Its own watches hear of its ephemerals before it is answered.
      shared.ended.add(session, shared.clock.now());
    }
    armWatches(request, { owner: this, watches: shared.watches, position: exchange.position ?? this.#positions });
    const needs = shared.options.serial
      ? everything
      : footprint(request, { owner: this, watches: shared.watches, ephemeralCreates: session.ephemeralCreates });
    const ticket: Ticket = {
      owner: this,
      needs,
      slow: slowToShow(request, needs),
      isAhead: !isInLine,
      mayConvoy: needs !== everything && isPlainWrite(request) && this.#keepsOrder(),
      start: (convoy) => this.#send(exchange, convoy),
    };
    if (request.op === "sync") this.#syncs++;
    this.#open.set(exchange, ticket);
    shared.ordering.enter(ticket);
    shared.progress();
  }

  /** Whether the candidate would carry out a write of this connection as soon as a convoy lets it go. */
  #keepsOrder(): boolean {
    return (
      this.#shared.options.candidateKeepsOrder === true && this.#syncs === 0 && !this.#isClosing && this.#ends.areOpen
    );
  }

  #send(exchange: Exchange, convoy: Convoy | undefined): void {
    if (!this.#dispatch.send(exchange, convoy, this.#server)) this.#settle(exchange);
  }

  #received(side: Side, frame: Buffer): void {
    if (!this.#ends.isOpen(side)) return;
    const lane = this.#ends.lane(side);
    const taken = lane.take(frame);
    const isOurs = taken.is === "reply" && taken.exchange.request.isOurs;
    if (side === this.#server && !isOurs && this.#clientGoneAt === undefined) this.#downstream.send(frame);
    const now = this.#shared.clock.now();
    if (taken.is === "event") this.#takeEvent(side, frame, lane.replies, now);
    else if (taken.is === "stray") this.#takeStray(side, frame, taken.isRepeated);
    else {
      if (frame.length >= 16) this.#shared.witness.sawHeader(side, new Reader(frame, 4).long());
      const tookMs = performance.now() - (taken.exchange.startedMs[side] ?? 0);
      taken.exchange.replies[side] = { frame, at: now, tookMs };
      if (tellsOfLife(taken.exchange, frame)) this.#shared.book.answered(this.#scene.record, side, Date.now() - tookMs);
      for (const skipped of taken.skipped) skipped.isSkippedBy[side] = true;
      if (side === "oracle") {
        for (const skipped of taken.skipped) this.#dispatch.tellConvoy(skipped, undefined);
        this.#dispatch.tellConvoy(taken.exchange, frame.length >= 16 ? new Reader(frame, 4).long() : undefined);
      }
      this.#pairing.replied(Math.min(lane.replies, this.#ends.lane(otherSide(side)).replies), now);
      for (const skipped of taken.skipped) this.#settle(skipped);
      this.#settle(taken.exchange);
    }
    this.#advance();
  }

  #takeEvent(side: Side, frame: Buffer, replies: number, now: number): void {
    // Also when the client has gone: its other half may have come before.
    if (this.#ends.isAbsent(otherSide(side))) return;
    this.#pairing.arrived(side, frame, replies, now);
  }

  #takeStray(side: Side, frame: Buffer, isRepeated: boolean): void {
    const on = otherSide(side);
    if (this.#clientGoneAt !== undefined || !this.#ends.isOpen(on)) return;
    const at = isRepeated ? "reply.duplicate" : "reply.extra";
    const difference: Difference = { is: "absent", at, on, other: `${frame.length} bytes` };
    const last = this.#last?.request;
    this.#verdicts.complain([difference], { verdict: "diverges", isOfSilence: false, last });
  }

  /** Judges a request once no side can add anything. */
  #settle(exchange: Exchange): void {
    const isDone = (side: Side) =>
      exchange.replies[side] !== undefined || exchange.isSkippedBy[side] || this.#ends.isAbsent(side);
    if (exchange.isJudged || !sides.every(isDone)) return;
    // What this request held up is sent by its retirement, and happens behind it.
    const answeredAt = Date.now();
    this.#retire(exchange);
    const { request, replies, isTooLate } = exchange;
    const isAnswered = replies.candidate !== undefined && replies.oracle !== undefined;
    if (request.op === "closeSession" && isAnswered && !isTooLate) this.#pairing.ended(this.#shared.clock.now());
    this.#verdicts.judge(exchange, { hasClient: this.#clientGoneAt === undefined, answeredAt });
  }

  #retire(exchange: Exchange): void {
    exchange.isJudged = true;
    if (!exchange.request.isOurs) this.#last = exchange;
    this.#dispatch.tellConvoy(exchange, undefined);
    if (exchange.request.op === "sync") this.#syncs--;
    const ticket = this.#open.get(exchange);
    this.#open.delete(exchange);
    if (ticket === undefined) return;
    const { ordering, options } = this.#shared;
    if (!this.#mayStillHappen(exchange)) return ordering.leave(ticket);
    setTimeout(() => ordering.leave(ticket), Math.min(options.settleMs, afterlifeMs)).unref();
  }

  /** A side that has hung up may still be carrying out what it had received; whoever meets it waits a while. */
  #mayStillHappen(exchange: Exchange): boolean {
    const { replies, isSkippedBy, sentAt, isTooLate } = exchange;
    const owes = (side: Side): boolean =>
      replies[side] === undefined && !isSkippedBy[side] && !this.#ends.isAbsent(side);
    return sentAt > 0 && !isTooLate && mayHaveChanged(exchange) && sides.some(owes);
  }

  #sweepExchange(exchange: Exchange, now: number, waitMs: number): void {
    if (exchange.sentAt === 0 || exchange.isJudged || sides.some(this.#ends.hasEnded)) return;
    const answered = sides.find((side) => exchange.replies[side] !== undefined);
    if (answered !== undefined && this.#dispatch.holds(exchange)) return;
    const since = Math.max(exchange.awaitedFrom, exchange.replies[answered ?? "oracle"]?.at ?? 0);
    if (since + waitMs > now) return;
    this.#retire(exchange);
    this.#verdicts.judgeStalled(exchange, now - since);
  }

  #ended(side: Side): void {
    if (!this.#ends.isOpen(side)) return;
    this.#ends.end(side, this.label);
    if (side === "oracle") for (const exchange of this.#open.keys()) this.#dispatch.tellConvoy(exchange, undefined);
    if (!this.#ends.isOpen(otherSide(side))) this.#bothEndedSoon();
    this.#shared.progress();
  }

  /** Whether a side that owes an answer has died is known a little later. */
  #bothEndedSoon(): void {
    const isInDoubt = [...this.#open.keys()].some(({ replies }) => !replies.oracle !== !replies.candidate);
    if (!isInDoubt || this.#ends.hasAbsent) return this.#bothEnded();
    void this.#ends.understood().then(() => this.#isOver || this.#bothEnded());
  }

  /** Both sides hung up, or the only one left did. */
  #bothEnded(): void {
    const remains = [...this.#open.keys()];
    for (const exchange of remains) this.#retire(exchange);
    const hasClient = this.#clientGoneAt === undefined;
    const hasDied = sides.some((side) => this.#ends.hasDied(side));
    judgeRemains(remains, this.#scene, { isWhole: !this.#ends.hasAbsent, hasClient, hasDied });
    if (hasClient) this.#downstream.end();
    this.#finish();
  }

  /** One side hung up and the other did not follow within the window. */
  #endedAlone(side: Side): void {
    const { options, scribe } = this.#shared;
    const isGone = !options[side].status().serving;
    if (isGone) scribe.side(side, "lost", `${options[side].name} cannot be reached`);
    const isDead = isGone || this.#ends.hasDied(side);
    if (isDead && side === this.#server) this.#handOver(side);
    this.#ends.giveUp(side);
    this.#scene.record.isOneSided = true;
    if (isDead) this.#shared.driftApart(this.label);
    this.#blame(side, isDead);
    if (side === this.#server) return this.#hangUp();
    this.#pairing.abandon();
    for (const exchange of [...this.#open.keys()]) if (exchange.sentAt > 0) this.#settle(exchange);
  }

  /** An oracle that dies is an operator's business, said by the side line; a candidate that dies over a request is a finding. */
  #blame(side: Side, isDead: boolean): void {
    const { scribe, book } = this.#shared;
    const first = this.#ends.lane(side).waiting.find(({ isJudged }) => !isJudged);
    if (this.#clientGoneAt !== undefined || (isDead && (side === "oracle" || first === undefined))) return;
    const differences: Difference[] = [{ is: "closed", at: "connection", on: side, died: isDead }];
    const { record: session } = this.#scene;
    const now = Date.now();
    // Its session may still expire on the other side, until that has had the time for it and the window.
    const isOverdue = book.isOverdue(session, otherSide(side), now);
    const isKeptAlive = book.isKeptAlive(session, side, this.#ends.endedAt(side));
    const verdict = !isOverdue && !isKeptAlive && book.isFading(session, now) ? "timing" : "diverges";
    if (first === undefined || first.request.isOurs) {
      const isOfSilence = session.heardAt[side] + silentMs < this.#ends.endedAt(side);
      const last = this.#last?.request;
      return isDead ? undefined : this.#verdicts.complain(differences, { verdict, isOfSilence, last });
    }
    this.#retire(first);
    if (isDead) judgeDeath(first, this.#scene, this.#ends.endedAt(side));
    else record(first, this.#scene, { differences, verdict, gone: (one) => one === side });
    if (mayHaveChanged(first)) scribe.drift(this.label);
  }

  /** From now on the client is served by the side that is left, beginning with what the other had not sent yet. */
  #handOver(from: Side): void {
    const to = otherSide(from);
    this.#server = to;
    for (const frame of undelivered(this.#open.keys(), this.#pairing.left(to), from)) this.#downstream.send(frame);
  }

  /** When the client has gone and nothing is under way, the sides may know. */
  #advance(): void {
    if (this.#clientGoneAt !== undefined && this.#open.size === 0) this.#hangUp();
    this.#shared.progress();
  }

  #hangUp(): void {
    if (this.#isOver) return;
    if (this.#clientGoneAt === undefined) this.#downstream.end();
    for (const exchange of [...this.#open.keys()]) this.#retire(exchange);
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#verdicts.finish();
    this.#pairing.abandon();
    this.#shared.watches.drop(this);
    this.#shared.leave(this);
    this.#scene.record.connections--;
    this.#ends.close();
    this.#shared.progress();
  }
}
