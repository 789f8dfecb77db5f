/** The verdict on one request, when both sides have answered it or will not. */
import type { SequenceItem } from "../../src/jute/kinds.ts";
import type { ErrorName } from "../../src/protocol/error-codes.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import { countedAt } from "../../src/protocol/paths.ts";
import { commonGround } from "../compare/common-ground.ts";
import { type Compared, compareReplies, isCommitted } from "../compare/comparator.ts";
import { decodeAnswer } from "../compare/decode.ts";
import type { Both, Difference, Side, Verdict } from "../compare/difference.ts";
import { both, eachOf, sides } from "../compare/sides.ts";
import type { Answer } from "../journal.ts";
import type { Exchange } from "./lane.ts";
import type { Label } from "./options.ts";
import { isCreate, isEphemeral, pathOf } from "./request.ts";
import { statPaths } from "./scribe.ts";
import { rememberHeaders, type SessionRecord } from "./sessions.ts";
import type { Shared } from "./shared.ts";
import { parentOf } from "./watch-map.ts";

/** Whose request it is. */
export interface JudgeScene {
  readonly shared: Shared;
  readonly record: SessionRecord;
  readonly label: Label;
  readonly hidesPeer: boolean;
}

/** Compares the two replies and learns from them. */
export function compareExchange(exchange: Exchange, frames: Both<Buffer>, scene: JudgeScene): Compared {
  const { shared, record } = scene;
  const { request } = exchange;
  const paths = statPaths(request);
  const compared = compareReplies(frames, {
    witness: shared.witness,
    track: record.track,
    op: request.op,
    ...paths,
    isShared: shared.options.sharesServers === true && commonGround.has(paths.path ?? ""),
    floor: exchange.floor,
    now: Date.now(),
    skewMs: shared.options.skewMs ?? 60_000,
    hidesPeer: scene.hidesPeer,
    print: shared.scribe.print,
  });
  learn(exchange, compared, scene);
  return compared;
}

function learn(exchange: Exchange, { decoded }: Compared, { shared, record }: JudgeScene): void {
  const header = eachOf(decoded, (one) => one.header);
  if (header.candidate === undefined || header.oracle === undefined) return;
  const zxid = { candidate: header.candidate.zxid, oracle: header.oracle.zxid };
  const { op, operations } = exchange.request;
  const committed = eachOf(decoded, (one) => isCommitted(op, one));
  const isOfWrite = committed.candidate && committed.oracle;
  if (zxid.candidate > 0 && zxid.oracle > 0) rememberHeaders(record, { ...zxid, isOfWrite });
  if (!isOfWrite) return;
  for (const side of sides) shared.witness.sawWrite(side, zxid[side]);
  if (op === "closeSession") {
    shared.ended.add(record, shared.clock.now());
    shared.book.remove(record);
    return;
  }
  for (const [index, operation] of (operations ?? []).entries()) {
    const path = createdPath(decoded[shared.truth].body, index) ?? pathOf(operation);
    if (path === undefined) continue;
    if (isEphemeral(operation)) record.ephemerals.add(path);
    if (isCreate(operation.op)) {
      shared.reapables.created(operation, path, { sentAt: exchange.sentAt, now: Date.now() });
    }
    if (operation.op !== "delete") continue;
    record.ephemerals.delete(path);
    shared.reapables.deleted(path);
  }
}

/** The name that the server gave to what one operation made. */
function createdPath(body: unknown, index: number): string | undefined {
  const result = Array.isArray(body) ? (body as SequenceItem[])[index]?.body : body;
  return (result as { path?: string | null } | undefined)?.path ?? undefined;
}

/** Whether one of the two sides answered with this code. */
const tellsOf = (code: ErrorName, difference: Difference): boolean =>
  difference.is === "value" && `${difference.candidate} ${difference.oracle}`.includes(code);

/** What differs at a znode when one side has already lost a child of it and the other has not. */
const tellsOfChildren = (difference: Difference): boolean =>
  /(^|\.)(cversion|numChildren|pzxid|children|ephemerals|totalNumber)$/.test(difference.at) ||
  (/(^|\.)(err|code|type)$/.test(difference.at) && tellsOf("NOTEMPTY", difference));

/** Whether children that went or came in another order are all that differs. */
export const isOfOrder = (differences: readonly Difference[]): boolean =>
  differences.every(({ at }) => /(^|\.)pzxid$/.test(at));

/** What differs when a znode is there on one side alone. */
const isOfAbsence = (difference: Difference): boolean => tellsOf("NONODE", difference);

/** The same, or what differs when it was to be made. */
const tellsOfExistence = (difference: Difference): boolean =>
  isOfAbsence(difference) || tellsOf("NODEEXISTS", difference);

/** Up to ZooKeeper 3.8 the answer also tells of other connections' watches on the path. */
export const seesOthersWatches = ({ request }: Exchange): boolean => request.op === "checkWatches";

/** Who asks after watches, or takes them back, is told of those that may stand on one side alone. */
const asksAfterWatches = ({ request }: Exchange): boolean =>
  request.op === "removeWatches" || request.op === "checkWatches";

/** How timing explains a difference. */
export interface Explanation {
  /** After how many ms it no longer can. */
  readonly forMs: number;
  /** Only as children of what was asked about. */
  readonly isOfChildren: boolean;
  /** It does not heal, like pzxid, which tells which of two children went or came last, and that was not the same one on both sides. */
  readonly isLasting: boolean;
}

/** Whether znodes that come or go by themselves just now, an expiring session's or a reaped container, watches that were set on them, or a client
 *  that left can explain every difference. */
export function explanation(
  exchange: Exchange,
  differences: readonly Difference[],
  { shared, label }: JudgeScene,
): Explanation | undefined {
  const { op, operations } = exchange.request;
  const { settleMs } = shared.options;
  const paths = (operations ?? []).flatMap((operation) => pathOf(operation) ?? []);
  if (asksAfterWatches(exchange) && paths.some((path) => shared.isWatchedUnsurely(label.case, path)))
    return { forMs: 0, isOfChildren: false, isLasting: true };
  // Also those of clients that have just left.
  if (seesOthersWatches(exchange) && (shared.clientLeftAt.get(label.case) ?? 0) + settleMs > shared.clock.now())
    return { forMs: settleMs, isOfChildren: false, isLasting: false };
  const counted = paths.flatMap((path) => countedAt(path) ?? []);
  const ofCounted = counted.flatMap((path) => shared.unsteadyWithinMs(path) ?? []);
  if (ofCounted.length > 0) return { forMs: Math.max(...ofCounted), isOfChildren: false, isLasting: false };
  if (op === "getEphemerals" || op === "getAllChildrenNumber") paths.push("/");
  const unsteady = paths.flatMap((path) => shared.unsteadiness(path) ?? []);
  // What else differs in a multi follows from it.
  const isOfParents = differences.every(tellsOfChildren) || differences.some((one) => tellsOf("NOTEMPTY", one));
  const isOfExistence = differences.some(tellsOfExistence);
  // A znode that is there on both sides has not been removed; its children may have.
  const reasons = unsteady.filter(({ what, isChildless }) =>
    isChildless ? isOfExistence : what === "node" || isOfParents,
  );
  if (differences.some(isOfAbsence)) reasons.push(...goneParents(exchange, shared));
  if (reasons.length === 0) return undefined;
  // What is there on both sides has not gone: that can be looked at again soon.
  const mayHaveGone = isOfParents || differences.some(isOfAbsence);
  const forMs = mayHaveGone ? Math.max(...reasons.map((reason) => reason.forMs)) : settleMs;
  const isOfChildren = isOfParents && reasons.some(({ what }) => what === "parent");
  return { forMs, isOfChildren, isLasting: isOfChildren && isOfOrder(differences) };
}

/** What may be gone of the znodes below which something was to be created or deleted: both are asked for permission first. */
const goneParents = ({ request }: Exchange, shared: Shared) =>
  (request.operations ?? []).flatMap((operation) => {
    const path = isCreate(operation.op) || operation.op === "delete" ? pathOf(operation) : undefined;
    const unsteady = path === undefined ? undefined : shared.unsteadiness(parentOf(path));
    return unsteady?.what === "node" ? [unsteady] : [];
  });

/** Writes the verdict on an answered request. */
export function record(
  exchange: Exchange,
  scene: JudgeScene,
  judged: {
    readonly differences: readonly Difference[];
    readonly verdict: Verdict;
    readonly gone?: (side: Side) => boolean;
  },
): void {
  const { scribe } = scene.shared;
  const { request, replies } = exchange;
  const isDetailed = scribe.needsDetail(judged.differences);
  const answerOf = (side: Side): Answer => {
    const frame = replies[side]?.frame;
    if (frame === undefined) return { is: judged.gone?.(side) === true ? "closed" : "none" };
    return isDetailed ? scribe.answer(decodeAnswer(request.op, frame)) : scribe.brief(frame);
  };
  scribe.step({
    label: scene.label,
    ...scribe.describe(request, isDetailed),
    answers: both(answerOf),
    ms: both((side) => toMicroseconds(replies[side]?.tookMs ?? noAnswerMs)),
    differences: judged.differences,
    verdict: judged.verdict,
  });
}

/** Whether a side answered a write that took effect there. */
export function tookEffect({ request, replies }: Exchange, side: Side): boolean {
  const frame = replies[side]?.frame;
  if (frame === undefined || request.op === undefined || opcodes[request.op].access !== "write") return false;
  return isCommitted(request.op, decodeAnswer(request.op, frame));
}

/** Stands for the time of an answer that did not come. */
const noAnswerMs = -1;

const toMicroseconds = (ms: number): number => Math.round(ms * 1_000) / 1_000;
