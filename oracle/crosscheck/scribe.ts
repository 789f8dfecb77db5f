/** Turns judgements into journal lines and counts them. */

import type { FieldType } from "../../src/jute/kinds.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { GetACLResponse, SetSASLResponse, type WatcherEvent } from "../../src/protocol/records.ts";
import type { Decoded } from "../compare/decode.ts";
import { decodeEvent } from "../compare/decode.ts";
import type { Both, Difference, Side, Verdict } from "../compare/difference.ts";
import { fingerprintOf } from "../compare/fingerprint.ts";
import { eventName, type PrintOptions, printBody } from "../compare/print.ts";
import { both } from "../compare/sides.ts";
import type { Answer } from "../journal.ts";
import type { Counters, CrossCheckOptions, Label } from "./options.ts";
import type { PairedEvents } from "./pairing.ts";
import { pathOf, type Request, shapeOf, variantOf } from "./request.ts";
import { stepOf } from "./request-step.ts";

/** A judged request, or a judged handshake. */
export interface Judgement {
  readonly label: Label;
  readonly op: string;
  readonly path?: string;
  readonly shape?: string;
  readonly variant?: string;
  readonly request: unknown;
  readonly answers: Both<Answer>;
  readonly ms: Both<number>;
  readonly differences: readonly Difference[];
  readonly verdict: Verdict;
}

/** The answer of a side that sent nothing. */
export const silence: Answer = { is: "none" };

/** Kinds of fields that are blanked in print. */
const blanked: ReadonlySet<string> = new Set(["data", "identity", "secret"]);

const holdsBlanked = (type: FieldType): boolean =>
  type.is === "kind"
    ? blanked.has(type.tag)
    : type.is === "vector"
      ? holdsBlanked(type.of)
      : Object.values(type.fields).some(holdsBlanked);

/** Whether a frame may be shown byte for byte. Digests never are; without `reveal` nothing is that could hold data, or that could not be read whole. */
function mayShowFrame({ header, schema, left, malformed }: Decoded, print: PrintOptions): boolean {
  if (schema === GetACLResponse || schema === SetSASLResponse) return false;
  if (print.reveal) return true;
  const isWhole = header !== undefined && malformed === undefined && left === 0;
  return isWhole && (schema === undefined || (schema.is === "record" && !holdsBlanked(schema)));
}

/** Writes the lines of one cross-check. */
export class Scribe {
  readonly #options: CrossCheckOptions;
  readonly #print: PrintOptions;
  readonly #lost: Record<Side, boolean> = { candidate: false, oracle: false };
  /** Cases where one side was changed without the other: what differs from then on proves nothing. */
  readonly #drifted = new Set<string>();
  #n = 0;
  readonly counters: { -readonly [K in keyof Counters]: Counters[K] } = {
    steps: 0,
    compared: 0,
    notifications: 0,
    divergences: 0,
    unchecked: 0,
  };

  constructor(options: CrossCheckOptions) {
    this.#options = options;
    this.#print = { reveal: options.reveal === true };
  }

  get print(): PrintOptions {
    return this.#print;
  }

  /** The two sides have not done the same for this case; `what` says why. */
  drift(label: Label, what = "a write reached one side only"): void {
    if (this.#drifted.has(label.case)) return;
    this.#drifted.add(label.case);
    this.#options.emit({ event: "note", text: `${label.case}: ${what}; differences from here on are unchecked` });
  }

  /** Says once that a side is gone, and once that it is back. */
  side(on: Side, state: "lost" | "back", reason: string): void {
    if (this.#lost[on] === (state === "lost")) return;
    this.#lost[on] = state === "lost";
    this.#options.emit({ event: "side", n: this.#n, on, state, reason });
  }

  step(judgement: Judgement): void {
    const { label, op, path, shape, answers, ms } = judgement;
    const n = ++this.#n;
    const { verdict, known, fingerprint } = this.#settle(judgement);
    this.counters.steps++;
    if (answers.candidate.is !== "none" && answers.oracle.is !== "none") this.counters.compared++;
    if (verdict === "unchecked") this.counters.unchecked++;
    this.#options.emit({
      event: "step",
      n,
      case: label.case,
      session: label.session,
      op,
      ...(path === undefined ? {} : { path }),
      ...(shape === undefined ? {} : { shape }),
      err: both((side) => answers[side].err ?? answers[side].is),
      ms,
      verdict,
    });
    this.#divergence({ ...judgement, n, verdict, known, fingerprint });
    this.#options.observe?.({
      is: "step",
      n,
      label,
      op,
      request: judgement.request,
      answers,
      differences: judgement.differences,
      verdict,
    });
  }

  notification(label: Label, { arrivals, differences }: PairedEvents, judged: Verdict): void {
    const n = ++this.#n;
    const shown = arrivals.oracle ?? arrivals.candidate;
    const type = shown === undefined ? "event" : eventName(shown.event.type);
    const path = shown?.event.path ?? "";
    const answers = both((side) => this.#eventAnswer(arrivals[side]?.frame));
    const request = { op: "event", type, path };
    const judgement = { label, op: "event", variant: type, path, request, answers, differences, verdict: judged };
    const { verdict, known, fingerprint } = this.#settle(judgement);
    this.counters.notifications++;
    this.#options.emit({ event: "notification", n, case: label.case, session: label.session, type, path, verdict });
    this.#divergence({ ...judgement, n, verdict, known, fingerprint });
    this.#options.observe?.({
      is: "notification",
      n,
      label,
      op: "event",
      request: undefined,
      answers,
      differences,
      verdict,
    });
  }

  /** A reply as the journal shows it. */
  answer(decoded: Decoded | undefined): Answer {
    if (decoded === undefined) return silence;
    const { header, schema, body, malformed, frame } = decoded;
    const keeps = this.#options.keepAnswers;
    return {
      is: "reply",
      ...(header === undefined ? {} : { err: errorName(header.err), zxid: String(header.zxid) }),
      ...(keeps && schema !== undefined && body !== undefined ? { body: printBody(schema, body, this.#print) } : {}),
      ...(keeps && malformed !== undefined ? { body: { malformed } } : {}),
      ...(keeps && mayShowFrame(decoded, this.#print) ? { hex: Buffer.from(frame).toString("hex") } : {}),
    };
  }

  /** A reply of which only the error code will be written. */
  brief(frame: Buffer): Answer {
    return { is: "reply", ...(frame.length < 16 ? {} : { err: errorName(frame.readInt32BE(12)) }) };
  }

  /** Whether anybody looks at more of a judgement than its step line. */
  needsDetail(differences: readonly Difference[]): boolean {
    return differences.length > 0 || this.#options.observe !== undefined;
  }

  /** The fixed part of a request's judgement. Its form as a scenario step is made only when somebody looks at it. */
  describe(request: Request, isDetailed = true): Pick<Judgement, "op" | "path" | "shape" | "variant" | "request"> {
    const first = request.operations?.[0];
    const path = first === undefined ? undefined : (first.fields.path ?? first.fields.prefixPath);
    const shape = shapeOf(request);
    const variant = variantOf(request);
    return {
      op: request.op ?? "unknown",
      ...(typeof path === "string" ? { path } : {}),
      ...(shape === undefined ? {} : { shape }),
      ...(variant === undefined ? {} : { variant }),
      request: isDetailed ? stepOf(request, this.#print) : undefined,
    };
  }

  #eventAnswer(frame: Buffer | undefined): Answer {
    if (frame === undefined) return silence;
    const decoded = decodeEvent(frame);
    const event = decoded.body as WatcherEvent | undefined;
    const shown =
      event === undefined
        ? { malformed: decoded.malformed }
        : { type: eventName(event.type), state: event.state, path: event.path };
    return { ...this.answer({ ...decoded, body: undefined }), is: "event", body: shown };
  }

  /** Known divergences and drifted cases change the verdict. */
  #settle(judged: Omit<Judgement, "ms">): { verdict: Verdict; fingerprint: string; known: string | undefined } {
    const { label, op, path, variant, differences, verdict } = judged;
    if (verdict !== "diverges") return { verdict, fingerprint: "", known: undefined };
    const fingerprint = fingerprintOf(op, differences, variant);
    const finding = { ...label, operation: op, ...(path === undefined ? {} : { path }), fingerprint, differences };
    const known = this.#options.known?.(finding);
    if (known !== undefined) return { verdict: "known", fingerprint, known };
    if (this.#options.isNoise?.(fingerprint) === true) return { verdict: "oracle-unstable", fingerprint, known };
    const isEcho = this.#drifted.has(label.case) && !differences.some((one) => one.is === "closed" && one.died);
    return { verdict: isEcho ? "unchecked" : verdict, fingerprint, known };
  }

  #divergence(judged: Omit<Judgement, "ms"> & { n: number; fingerprint: string; known: string | undefined }): void {
    const { n, label, op, differences, verdict, request, answers, known } = judged;
    // What could not be judged is no divergence: the step's own line says that it was not.
    if (differences.length === 0 || verdict === "unchecked") return;
    if (verdict === "diverges") this.counters.divergences++;
    const fingerprint = judged.fingerprint || fingerprintOf(op, differences, judged.variant);
    this.#options.emit({
      event: "divergence",
      n,
      case: label.case,
      session: label.session,
      fingerprint,
      operation: op,
      verdict,
      differences,
      request,
      answers,
      ...(known === undefined ? {} : { known }),
    });
  }
}

/** The first path of a request, and each operation's in a multi: where its Stats belong. */
export const statPaths = (request: Request): { path?: string; paths?: readonly (string | undefined)[] } => {
  const paths = (request.operations ?? []).map(pathOf);
  const [path] = paths;
  if (request.op === "multi" || request.op === "multiRead") return { paths };
  return path === undefined ? {} : { path };
};

/** Both sides in one word: for handshakes. */
export const word = (is: string): Answer => ({ is: is === "closed" ? "closed" : "reply", err: is });
