/** What becomes of requests without an answer when a side hangs up. */
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { Difference, Side, UnderWay } from "../compare/difference.ts";
import { both, otherSide, sides } from "../compare/sides.ts";
import { type JudgeScene, record } from "./judge.ts";
import type { Exchange } from "./lane.ts";
import type { Label } from "./options.ts";
import type { Arrival } from "./pairing.ts";
import { isOutOfLine, variantOf } from "./request.ts";

/** Whether a request may itself be why the servers hang up. */
const endsConnections = ({ position, request }: Exchange): boolean =>
  position === undefined || request.op === "closeSession";

/** How a server refuses what a session sends that is being closed, or just was. Source: SessionTrackerImpl.checkSession (3.8). */
const refusals: readonly number[] = [errorCodes.SESSIONEXPIRED, errorCodes.UNKNOWNSESSION];

/** Whether a request behind a closeSession met its due: servers refuse it, and are free to hang up before they say so. */
export const isRefusedLate = ({ isTooLate, replies }: Exchange): boolean =>
  isTooLate &&
  Object.values(replies).every(({ frame }) => frame.length >= 16 && refusals.includes(frame.readInt32BE(12)));

/** Whether an answer shows that its session lived when the request came: what is answered beside the pipeline keeps none alive. */
export const tellsOfLife = ({ request }: Exchange, frame: Buffer): boolean =>
  !isOutOfLine(request) &&
  request.op !== "closeSession" &&
  frame.length >= 16 &&
  !refusals.includes(frame.readInt32BE(12));

/** Writes the verdicts when both sides have hung up. Answers on the way behind a connection's end may be lost, so one side's alone proves nothing,
 *  unless the request is one that ends connections: then its answer is due. Where a server left requests unread, TCP resets the connection, and even
 *  that answer may be lost on the way. `isWhole`: both sides were there until now. `hasDied`: one of them has, which is told elsewhere. */
export function judgeRemains(
  exchanges: readonly Exchange[],
  scene: JudgeScene,
  how: { readonly isWhole: boolean; readonly hasClient: boolean; readonly hasDied: boolean },
): void {
  const gone = () => true;
  const asked = exchanges.filter(({ request, sentAt }) => !request.isOurs && sentAt > 0);
  const isReset = asked.some(({ isTooLate }) => isTooLate);
  const isExpiring = scene.shared.book.isFading(scene.record, Date.now());
  for (const [index, exchange] of asked.entries()) {
    const answered = sides.find((side) => exchange.replies[side] !== undefined);
    // Nobody knows whether the dead one has carried it out.
    if (how.hasDied && mayHaveChanged(exchange)) scene.shared.scribe.drift(scene.label);
    if (how.isWhole && isRefusedLate(exchange)) {
      record(exchange, scene, { differences: [], verdict: "match", gone });
      continue;
    }
    if (answered === undefined) {
      // The first is the one that both refused to answer; what came behind it was not looked at.
      const verdict = how.isWhole ? "match" : "unchecked";
      if (index === 0 && how.hasClient) record(exchange, scene, { differences: [], verdict, gone });
    } else if (how.isWhole && !how.hasDied && (exchange.isTooLate || (endsConnections(exchange) && !isReset)))
      record(exchange, scene, {
        differences: [missingReply(exchange, answered)],
        // What is asked beside the pipeline keeps no session alive: the servers hang up in its midst, each at its own moment.
        verdict: isExpiring ? "timing" : "diverges",
        gone,
      });
    else record(exchange, scene, { differences: [], verdict: "unchecked", gone });
  }
}

/** One side answered, the other will not. */
export const missingReply = ({ replies }: Exchange, answered: Side): Difference => ({
  is: "absent",
  at: "reply",
  on: otherSide(answered),
  other: `${replies[answered]?.frame.length ?? 0} bytes`,
});

/** Whether a request may have changed one side and not the other. */
export const mayHaveChanged = ({ request }: Exchange): boolean =>
  request.op === undefined || opcodes[request.op].access === "write";

/** What one side has sent and the other has not, in the order of sending: the client's due when that other side is gone. */
export function undelivered(exchanges: Iterable<Exchange>, events: readonly Arrival[], from: Side): Buffer[] {
  const to = otherSide(from);
  // An event behind n replies goes before reply n, counted from 0.
  const frames = events.map(({ frame, replies }) => ({ place: replies - 0.5, frame }));
  for (const { request, replies, position } of exchanges) {
    const reply = replies[from] === undefined ? replies[to] : undefined;
    if (reply !== undefined && !request.isOurs) frames.push({ place: position ?? 0, frame: reply.frame });
  }
  return frames.sort((a, b) => a.place - b.place).map(({ frame }) => frame);
}

/** The requests that a side owes an answer to, as a death is told by them. */
export const underWayOf = (waiting: readonly Exchange[], label: Label): UnderWay[] =>
  waiting.flatMap(({ isJudged, isTooLate, request }) => {
    if (isJudged || isTooLate || request.isOurs) return [];
    const path = request.operations?.[0]?.fields.path;
    const variant = variantOf(request);
    return {
      ...label,
      op: request.op ?? "unknown",
      ...(variant === undefined ? {} : { variant }),
      ...(typeof path === "string" ? { path } : {}),
    };
  });

/** A death's line in the journal, where it cannot be put down to one request. */
export const deathStep = (label: Label, underWay: readonly UnderWay[]) => ({
  label,
  op: "server",
  request: { op: "server" },
  answers: { candidate: { is: "closed" }, oracle: { is: "none" } } as const,
  ms: both(() => 0),
  differences: [{ is: "closed", at: "connection", on: "candidate", died: true, underWay }] as const,
  verdict: "diverges" as const,
});

/** The candidate died and owes `first` an answer. If that is the only request under way, it is to blame. Of several nobody knows; then the death is
 *  told by whoever watches the deaths, or here, once, and this request was not checked. Who watches also finds out whether a request really kills,
 *  where other cases were about: it may have been the last of one that was just over. */
export function judgeDeath(first: Exchange, scene: JudgeScene, closedAt: number): void {
  const { deaths, scribe, options } = scene.shared;
  const { underWay, cases } = deaths.sceneAt(closedAt);
  const gone = (side: Side) => side === "candidate";
  const isWatched = options.deaths !== undefined;
  if (underWay.length <= 1 && (cases <= 1 || !isWatched) && deaths.tell(closedAt)) {
    const differences: Difference[] = [{ is: "closed", at: "connection", on: "candidate", died: true }];
    return record(first, scene, { differences, verdict: "diverges", gone });
  }
  record(first, scene, { differences: [], verdict: "unchecked", gone });
  if (!isWatched && deaths.tell(closedAt)) scribe.step(deathStep(scene.label, underWay));
}
