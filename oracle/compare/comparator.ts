/** Two answers to one request, or two events in the same place, as a list of differences. Pure but for the witness, which learns. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { type ConnectResponse, passwordBytes } from "../../src/protocol/connect.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { type OpName, opcodes } from "../../src/protocol/opcodes.ts";
import type { ReplyHeader, WatcherEvent } from "../../src/protocol/records.ts";
import { compareBodies } from "./body.ts";
import { whatStays } from "./common-ground.ts";
import { type Decoded, decodeAnswer, decodeEvent } from "./decode.ts";
import type { Both, Difference } from "./difference.ts";
import { compareHeaders, type SessionTrack } from "./header-rules.ts";
import { eventName, type PrintOptions, printValue } from "./print.ts";
import { eachOf } from "./sides.ts";
import type { Witness } from "./witness.ts";

/** What a comparison needs to know beside the two frames. */
export interface ReplyScene {
  readonly witness: Witness;
  readonly track: SessionTrack;
  /** `undefined` for an opcode that the table does not have. */
  readonly op: OpName | undefined;
  /** The znode that the request names, or those of a multi's operations. */
  readonly path?: string;
  readonly paths?: readonly (string | undefined)[];
  /** Per side, the newest successful write that had been answered when the request was sent. */
  readonly floor: Both<Int64>;
  /** Our clock, ms. */
  readonly now: number;
  readonly skewMs: number;
  readonly hidesPeer: boolean;
  /** The znode is one that others change, too: see {@link whatStays}. */
  readonly isShared?: boolean;
  readonly print: PrintOptions;
}

/** A reply pair taken apart and judged. */
export interface Compared {
  readonly decoded: Both<Decoded>;
  readonly differences: readonly Difference[];
}

/** Whether a multi with header err 0 did not succeed after all: its results are all of the error type. */
const hasFailed = (body: unknown): boolean =>
  Array.isArray(body) && (body as SequenceItem[]).some((item) => item.header.type === -1);

/** Whether a multi only looked: such a txn changes nothing that its zxid could be found on. */
const hasOnlyChecks = (body: unknown): boolean =>
  Array.isArray(body) && (body as SequenceItem[]).every((item) => item.header.type === opcodes.check.code);

/** Whether a decoded reply tells of a write that took place. */
export function isCommitted(op: OpName | undefined, { header, body }: Decoded): boolean {
  if (op === undefined || opcodes[op].access !== "write" || header?.err !== 0) return false;
  return op !== "multi" || !(hasFailed(body) || hasOnlyChecks(body));
}

/** Compares two replies to one request. */
export function compareReplies(frames: Both<Uint8Array>, scene: ReplyScene): Compared {
  const decoded = eachOf(frames, (frame) => decodeAnswer(scene.op, frame));
  const compared = scene.isShared === true ? eachOf(decoded, (one) => whatStays(one, scene.path)) : decoded;
  return { decoded, differences: differencesOf(compared, scene) };
}

function differencesOf(decoded: Both<Decoded>, scene: ReplyScene): Difference[] {
  const { candidate, oracle } = decoded;
  if (candidate.malformed !== undefined || oracle.malformed !== undefined) return malformed(decoded);
  if (candidate.header === undefined || oracle.header === undefined) return [];
  const header = { candidate: candidate.header, oracle: oracle.header };
  const out = headerDifferences(header);
  // A connection-level reply stands outside the pipeline: its zxid is 0 and says nothing about progress.
  const isOutside = scene.op === undefined || opcodes[scene.op].access === "connection";
  const zxid = { candidate: header.candidate.zxid, oracle: header.oracle.zxid };
  if (header.candidate.err === header.oracle.err) {
    const isWrite = isCommitted(scene.op, candidate) && isCommitted(scene.op, oracle);
    const saysNothing = isOutside && zxid.candidate <= 0 && zxid.candidate === zxid.oracle;
    const difference = saysNothing ? undefined : compareHeaders(zxid, isWrite, scene);
    if (difference !== undefined) out.push(difference);
    out.push(...bodyDifferences(decoded, zxid, scene));
  }
  if (out.length === 0) out.push(...layoutDifferences(decoded, scene));
  return out;
}

function headerDifferences(header: Both<ReplyHeader>): Difference[] {
  const out: Difference[] = [];
  const add = (at: string, kind: string, candidate: string, oracle: string) =>
    out.push({ is: "value", at, kind, candidate, oracle, relation: "equal" });
  const { candidate, oracle } = header;
  if (candidate.err !== oracle.err) add("err", "errorCode", errorName(candidate.err), errorName(oracle.err));
  if (candidate.xid !== oracle.xid) add("xid", "xid", String(candidate.xid), String(oracle.xid));
  return out;
}

function bodyDifferences(decoded: Both<Decoded>, header: Both<Int64>, scene: ReplyScene): Difference[] {
  const { candidate, oracle } = decoded;
  if (candidate.schema === undefined && oracle.schema === undefined) return [];
  if (candidate.schema === undefined)
    return [{ is: "absent", at: "body", on: "candidate", other: `${oracle.frame.length} bytes` }];
  if (oracle.schema === undefined)
    return [{ is: "absent", at: "body", on: "oracle", other: `${candidate.frame.length} bytes` }];
  return compareBodies(candidate.schema, candidate.body, oracle.body, { ...scene, header });
}

/** How a frame looks from outside. */
const layoutOf = ({ frame, left, malformed }: Decoded): string =>
  malformed === undefined
    ? `${frame.length} bytes${left > 0 ? `, ${left} of them left over` : ""}`
    : `${frame.length} bytes, malformed: ${malformed}`;

function malformed(decoded: Both<Decoded>): Difference[] {
  const [candidate, oracle] = [layoutOf(decoded.candidate), layoutOf(decoded.oracle)];
  const hasHeader = decoded.candidate.header !== undefined && decoded.oracle.header !== undefined;
  return candidate === oracle ? [] : [{ is: "layout", at: hasHeader ? "body" : "frame", candidate, oracle }];
}

/** Equal values, unequal lengths. The addresses that whoAmI shows have their own lengths, and so has what is not compared. */
function layoutDifferences(decoded: Both<Decoded>, scene: ReplyScene): Difference[] {
  const { candidate, oracle } = decoded;
  const hasMore = (scene.hidesPeer && scene.op === "whoAmI") || scene.isShared === true;
  const isFree = hasMore && candidate.left === oracle.left;
  if (candidate.frame.length === oracle.frame.length && candidate.left === oracle.left) return [];
  return isFree ? [] : [{ is: "layout", at: "frame", candidate: layoutOf(candidate), oracle: layoutOf(oracle) }];
}

/** What comparing two events needs. */
export interface EventScene {
  readonly witness: Witness;
  /** `version-dependent`: −1 on one side and a zxid on the other is accepted. */
  readonly eventZxid: "strict" | "version-dependent";
}

/** Compares two events that stand in the same place. */
export function compareEvents(frames: Both<Uint8Array>, scene: EventScene): Difference[] {
  const decoded = eachOf(frames, decodeEvent);
  const { candidate, oracle } = decoded;
  if (candidate.malformed !== undefined || oracle.malformed !== undefined) {
    return malformed(decoded).map((difference) => ({ ...difference, at: "event" }));
  }
  if (candidate.header === undefined || oracle.header === undefined) return [];
  const [c, o] = [candidate.body as WatcherEvent, oracle.body as WatcherEvent];
  const out: Difference[] = [];
  const add = (at: string, kind: string, one: string, other: string, relation = "equal") => {
    if (one !== other) out.push({ is: "value", at, kind, candidate: one, oracle: other, relation });
  };
  add("event.type", "eventType", eventName(c.type), eventName(o.type));
  add("event.path", "path", String(c.path), String(o.path));
  add("event.state", "keeperState", String(c.state), String(o.state));
  add("event.err", "errorCode", errorName(candidate.header.err), errorName(oracle.header.err));
  const zxid = { candidate: candidate.header.zxid, oracle: oracle.header.zxid };
  const isTold = eachOf(zxid, (one) => one > 0);
  if (isTold.candidate && isTold.oracle) {
    if (scene.witness.writes.announce(zxid) === "different")
      add("event.zxid", "headerZxid", String(zxid.candidate), String(zxid.oracle), "same write");
  } else if (scene.eventZxid === "strict" || isTold.candidate === isTold.oracle)
    add("event.zxid", "headerZxid", String(zxid.candidate), String(zxid.oracle));
  if (out.length === 0 && candidate.left !== oracle.left)
    out.push({ is: "layout", at: "event", candidate: layoutOf(candidate), oracle: layoutOf(oracle) });
  return out;
}

/** Compares what the handshakes granted. `resumed` carries, per side, the session that was asked for. Sessions of one case should have different
 *  passwords: a case shows by itself what was found in it. */
export function compareConnects(
  granted: Both<ConnectResponse>,
  raw: Both<Uint8Array>,
  scene: {
    readonly witness: Witness;
    readonly case: string;
    readonly resumed?: Both<{ id: Int64; passwd: Uint8Array | null }>;
    readonly print: PrintOptions;
  },
): Difference[] {
  const { candidate, oracle } = granted;
  const out: Difference[] = [];
  const add = (at: string, kind: string, one: unknown, other: unknown, relation = "equal") => {
    if (one !== other) out.push({ is: "value", at, kind, candidate: String(one), oracle: String(other), relation });
  };
  add("connect.timeOut", "durationMs", candidate.timeOut, oracle.timeOut);
  add("connect.protocolVersion", "filler", candidate.protocolVersion, oracle.protocolVersion);
  const length = eachOf(granted, ({ passwd }) => (passwd === null ? "null" : `${passwd.length} bytes`));
  add("connect.passwd", "secret", length.candidate, length.oracle, "same presence and length");
  const readOnly = eachOf(granted, (one) => (one.readOnly === undefined ? "absent" : String(one.readOnly)));
  add("connect.readOnly", "flag", readOnly.candidate, readOnly.oracle);
  const resumed = scene.resumed;
  if (resumed !== undefined) {
    const kept = eachOf(granted, (one, side) => (one.sessionId === resumed[side].id ? "resumed" : "another session"));
    add("connect.sessionId", "sessionId", kept.candidate, kept.oracle, "the session asked for");
    const same = eachOf(granted, (one, side) =>
      Buffer.from(one.passwd ?? []).equals(resumed[side].passwd ?? new Uint8Array(passwordBytes))
        ? "unchanged"
        : "changed",
    );
    add("connect.passwd", "secret", same.candidate, same.oracle, "the password of before");
  } else if (candidate.sessionId !== 0 && oracle.sessionId !== 0) {
    const passwords = eachOf(granted, ({ passwd }) => `${scene.case} ${Buffer.from(passwd ?? []).toString("hex")}`);
    const owned = eachOf(scene.witness.passwords.knows(passwords), (isKnown) =>
      isKnown ? "another session's" : "new",
    );
    scene.witness.passwords.pairs(passwords);
    add("connect.passwd", "secret", owned.candidate, owned.oracle, "a password of its own");
  }
  const ids = { candidate: candidate.sessionId, oracle: oracle.sessionId };
  if (!scene.witness.sessions.pairs(ids)) {
    const shown = eachOf(ids, (id) => printValue({ is: "kind", tag: "sessionId", wire: "long" }, id, scene.print));
    add("connect.sessionId", "sessionId", shown.candidate, shown.oracle, "same session");
  }
  if (out.length === 0 && raw.candidate.length !== raw.oracle.length)
    out.push({
      is: "layout",
      at: "connect",
      candidate: `${raw.candidate.length} bytes`,
      oracle: `${raw.oracle.length} bytes`,
    });
  return out;
}
