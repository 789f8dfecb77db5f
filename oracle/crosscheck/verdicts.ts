/** The verdicts on one connection's requests: what the answers differ in, and whether timing explains it at once, later or not at all. */
import type { Both, Difference, Side } from "../compare/difference.ts";
import { both, otherSide, sides } from "../compare/sides.ts";
import { Doubts, isRepeatable } from "./doubts.ts";
import type { Ends } from "./ends.ts";
import { isRefusedLate, missingReply } from "./hang-ups.ts";
import { compareExchange, explanation, type JudgeScene, record, seesOthersWatches, tookEffect } from "./judge.ts";
import type { Exchange } from "./lane.ts";
import { unlabelled } from "./options.ts";
import type { Request } from "./request.ts";
import { UnsureWatches } from "./unsure-watches.ts";

/** What a verdict depends on besides the answers. */
interface Judging {
  /** What is in doubt can still be asked again. */
  readonly hasClient: boolean;
  /** When both sides had answered, our clock, ms. */
  readonly answeredAt: number;
}

export class Verdicts {
  readonly #scene: JudgeScene;
  readonly #ends: Ends;
  readonly #doubts: Doubts;
  readonly #unsureWatches: UnsureWatches;

  constructor(scene: JudgeScene, ends: Ends) {
    const { shared } = scene;
    this.#scene = scene;
    this.#ends = ends;
    this.#doubts = new Doubts((path) => shared.unsteadiness(path)?.what === "node");
    this.#unsureWatches = new UnsureWatches((path, at) => shared.unsteadiness(path, at) !== undefined);
  }

  /** Whether a verdict is put off, and may be over by then, waking clock, ms. */
  endsBy(at: number): boolean {
    return this.#doubts.endsBy(at);
  }

  /** The questions that verdicts put off ask both sides now. */
  questions(now: number): Iterable<Request> {
    return this.#doubts.due(now);
  }

  /** Whether a watch there may stand on one side alone. */
  isWatchedUnsurely(path: string): boolean {
    return this.#unsureWatches.has(path);
  }

  /** Judges a request to which no side can add anything. */
  judge(exchange: Exchange, how: Judging): void {
    if (!this.#ends.hasAbsent && isRefusedLate(exchange))
      return record(exchange, this.#scene, { differences: [], verdict: "match" });
    const { candidate, oracle } = exchange.replies;
    if (candidate !== undefined && oracle !== undefined)
      return this.#compare(exchange, { candidate: candidate.frame, oracle: oracle.frame }, how);
    if (exchange.request.isOurs) return this.#settleDoubt(exchange, undefined);
    const answered = sides.find((side) => exchange.replies[side] !== undefined);
    if (this.#ends.hasAbsent) {
      if (answered === undefined) return;
      if (tookEffect(exchange, answered)) this.#scene.shared.scribe.drift(this.#scene.label);
      const gone = (side: Side) => !this.#ends.isOpen(side);
      return record(exchange, this.#scene, { differences: [], verdict: "unchecked", gone });
    }
    if (answered === undefined) return record(exchange, this.#scene, { differences: [], verdict: "match" });
    record(exchange, this.#scene, { differences: [missingReply(exchange, answered)], verdict: "diverges" });
  }

  /** Judges a request that at least one side has not answered in time. */
  judgeStalled(exchange: Exchange, waitedMs: number): void {
    if (exchange.request.isOurs) return this.#settleDoubt(exchange, undefined);
    const answered = sides.find((side) => exchange.replies[side] !== undefined);
    if (answered === undefined) return record(exchange, this.#scene, { differences: [], verdict: "unchecked" });
    const on = otherSide(answered);
    const verdict = this.#ends.isAbsent(on) ? "unchecked" : "diverges";
    record(exchange, this.#scene, { differences: [{ is: "stalled", at: "reply", on, waitedMs }], verdict });
  }

  /** A divergence that belongs to no request under way is put down to the last one, or to the silence behind it. */
  complain(
    differences: readonly Difference[],
    how: {
      readonly verdict: "diverges" | "timing";
      readonly isOfSilence: boolean;
      readonly last: Request | undefined;
    },
  ): void {
    const { shared, label } = this.#scene;
    const { verdict, isOfSilence, last } = how;
    const described = isOfSilence
      ? { op: "expire", request: { op: "expire" } }
      : last === undefined
        ? { op: "connect", request: { op: "reconnect" } }
        : shared.scribe.describe(last);
    const answers = both((side) => ({ is: this.#ends.isOpen(side) ? "none" : "closed" }) as const);
    shared.scribe.step({ label, ...described, answers, ms: { candidate: 0, oracle: 0 }, differences, verdict });
  }

  /** Ends what was put off without a verdict. */
  finish(): void {
    for (const unresolved of this.#doubts.drain()) record(unresolved.exchange, this.#scene, unresolved);
  }

  #compare(exchange: Exchange, frames: Both<Buffer>, { hasClient, answeredAt }: Judging): void {
    const { shared, label } = this.#scene;
    const { differences } = compareExchange(exchange, frames, this.#scene);
    if (exchange.request.isOurs) return this.#settleDoubt(exchange, differences);
    this.#unsureWatches.note(exchange.request, differences, answeredAt);
    if (differences.length === 0) return record(exchange, this.#scene, { differences, verdict: "match" });
    if (seesOthersWatches(exchange) && shared.isLopsided(label.case))
      return record(exchange, this.#scene, { differences, verdict: "unchecked" });
    const explained = explanation(exchange, differences, this.#scene);
    if (explained === undefined) return record(exchange, this.#scene, { differences, verdict: "diverges" });
    const { forMs, isOfChildren, isLasting } = explained;
    if (isLasting || !isRepeatable(exchange) || !hasClient) return this.#excuse(exchange, differences);
    this.#doubts.add(exchange, differences, { dueAt: shared.clock.now() + forMs, isOfChildren });
  }

  /** A matter of timing. If it let a write through on one side alone, a case, which is short, is not worth looking at any further. */
  #excuse(exchange: Exchange, differences: readonly Difference[]): void {
    const { shared, label } = this.#scene;
    record(exchange, this.#scene, { differences, verdict: "timing" });
    const isOnOneSide = tookEffect(exchange, "candidate") !== tookEffect(exchange, "oracle");
    if (isOnOneSide && label.case !== unlabelled) shared.scribe.drift(label);
  }

  /** A question of ours was answered; `differences` is undefined where it was not, or not by both. */
  #settleDoubt(asked: Exchange, differences: readonly Difference[] | undefined): void {
    const resolved = this.#doubts.answered(asked, differences);
    if (resolved !== undefined) record(resolved.exchange, this.#scene, resolved);
  }
}
