/** Who is who on the two sides: each client session is two sessions with two ids and two passwords, of which the client knows one. */
import type { Hello } from "../../src/backend.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { canonicalInt64, type Int64, writeInt64 } from "../../src/jute/int64.ts";
import { isWithin } from "../../src/protocol/paths.ts";
import type { Both, Side } from "../compare/difference.ts";
import { freshTrack, type SessionTrack } from "../compare/header-rules.ts";
import { both, otherSide } from "../compare/sides.ts";
import type { Witness } from "../compare/witness.ts";
import type { Label } from "./options.ts";
import { looksEphemeral, type Operation } from "./request.ts";
import { parentOf } from "./watch-map.ts";

/** What one side gave out. */
export interface Credentials {
  readonly id: Int64;
  readonly passwd: Uint8Array | null;
}

/** The zxids that the header of one reply bore on the two sides. */
export interface HeaderPair extends Both<Int64> {
  /** Of a write that took effect on both. */
  readonly isOfWrite: boolean;
}

/** A client session over all its connections. */
export interface SessionRecord {
  readonly label: Label;
  /** Absent on a side that did not grant it. */
  readonly credentials: Partial<Record<Side, Credentials>>;
  /** Negotiated, ms. */
  timeoutMs: number;
  readonly track: SessionTrack;
  /** Newest last. */
  readonly headers: HeaderPair[];
  readonly ephemerals: Set<string>;
  /** The requests for ephemeral znodes, which ending it may remove; undefined when they are too many, or from before us. */
  ephemeralCreates: Operation[] | undefined;
  /** It existed before we did, so it may own znodes that we have not seen made. */
  readonly isFromBefore: boolean;
  connections: number;
  /** Handshakes under way that ask for it. */
  resumes: number;
  /** Its newest connection stood on one side alone, at least in the end: the other side may never have known it, or have let it go. */
  isOneSided: boolean;
  /** When this program last woke up behind a silence that may have let it expire on one side, our clock, ms. */
  lapsedAt: number;
  /** Our clock, ms: when each side was last sent a sign of life that a server counts. What waits for its turn is none yet. */
  readonly heardAt: Record<Side, number>;
  /** The same of the newest one that a side has answered. */
  readonly answeredFor: Record<Side, number>;
  /** The same of the newest one behind a silence in which the session might have expired. */
  readonly stirredAt: Record<Side, number>;
}

/** What is kept of a session that was closed: thousands are remembered, so nothing that can be large. */
export type ClosedSession = Pick<SessionRecord, "credentials" | "headers">;

/** How many header pairs are kept per session; clients quote their newest. */
const headersMax = 32;
/** How many closed sessions are remembered. */
const closedMax = 2_000;
/** How long a silent session is remembered because a server is away, or comes and goes, ms: clients that were killed must not pile up meanwhile. */
const awayMaxMs = 600_000;
/** After which part of its timeout a silent session may have expired, as far as clocks can be trusted. */
const restless = 0.6;
/** How many requests for ephemeral znodes are kept per session. */
const ephemeralCreatesMax = 64;

/** All sessions that may still be alive. */
export class SessionBook {
  readonly #truth: Side;
  readonly #settleMs: number;
  readonly #byId = new Map<Int64, SessionRecord>();
  /** Sessions that were closed: who asks for one of them again asks both sides for the same. */
  readonly #closed = new BoundedMap<Int64, ClosedSession>(closedMax);
  /** Number of sessions at which to look for those that are gone. */
  #pruneAt = 1_000;
  readonly #wasAway: (since: number) => boolean;

  /** `wasAway`: whether either server has been gone at any time since then, our clock, ms. One that comes back starts all clocks anew. */
  constructor(truth: Side, settleMs: number, wasAway: (since: number) => boolean) {
    this.#truth = truth;
    this.#settleMs = settleMs;
    this.#wasAway = wasAway;
  }

  /** The session that a client means by the id it was given. */
  find(id: Int64): SessionRecord | undefined {
    return this.#byId.get(id);
  }

  /** A session whose handshake is under way; not filed yet. */
  draft(label: Label, isFromBefore: boolean): SessionRecord {
    return {
      label,
      credentials: {},
      timeoutMs: 0,
      isFromBefore,
      track: freshTrack(),
      headers: [],
      ephemerals: new Set(),
      ephemeralCreates: isFromBefore ? undefined : [],
      connections: 0,
      resumes: 0,
      isOneSided: false,
      lapsedAt: 0,
      heardAt: both(() => Date.now()),
      answeredFor: both(() => 0),
      stirredAt: both(() => 0),
    };
  }

  /** Files a session under the id that the client sees: the truth's, or the survivor's. */
  add(record: SessionRecord): void {
    const { credentials } = record;
    const id = (credentials[this.#truth] ?? credentials[otherSide(this.#truth)])?.id;
    if (id !== undefined) this.#byId.set(id, record);
    if (this.#byId.size < this.#pruneAt) return;
    // Looking through the fading ones forgets the gone ones: clients that were killed never say goodbye.
    Array.from(this.fading(Date.now()));
    this.#pruneAt = Math.max(1_000, this.#byId.size * 2);
  }

  /** The session is over on both sides. */
  remove(record: SessionRecord): void {
    for (const [id, other] of this.#byId) {
      if (other !== record) continue;
      this.#byId.delete(id);
      this.#closed.set(id, { credentials: record.credentials, headers: record.headers.slice(-1) });
    }
  }

  /** A session that was closed, by the id that the client knew it by; the newest thousands are remembered. */
  findClosed(id: Int64): ClosedSession | undefined {
    return this.#closed.get(id);
  }

  /** A side is sent a sign of life: the first one is the session's own beginning. */
  heard(record: SessionRecord, side: Side, at: number): void {
    const { timeoutMs } = record;
    if (timeoutMs > 0 && at - record.heardAt[side] >= timeoutMs * restless) record.stirredAt[side] = at;
    record.heardAt[side] = at;
  }

  /** A side has answered a sign of life that it was sent at `at`. */
  answered({ answeredFor }: SessionRecord, side: Side, at: number): void {
    answeredFor[side] = Math.max(answeredFor[side], at);
  }

  /** Whether a side must have known by then that a session lives: it has answered to a sign of life of half a timeout ago at most, and was never without
   *  one for long before. One is not enough in an ensemble, where a member passes them on to the leader every half tick. */
  isKeptAlive({ answeredFor, stirredAt, timeoutMs }: SessionRecord, side: Side, at: number): boolean {
    return at - answeredFor[side] < timeoutMs / 2 && at - stirredAt[side] >= timeoutMs;
  }

  /** Sessions that may just now have expired on one side and not yet on the other: silent for most of their timeout, and not for much longer than
   *  the slower side may take, or heard of again after this program has slept. Forgets those that are long gone. */
  *fading(now: number): Generator<SessionRecord> {
    for (const [id, record] of this.#byId) {
      const phase = this.#phaseOf(record, now);
      if (phase === "fading") yield record;
      else if (phase === "gone" && record.connections === 0) this.#byId.delete(id);
    }
  }

  /** Whether a session is one of these. */
  isFading(record: SessionRecord, now: number): boolean {
    return this.#phaseOf(record, now) === "fading" && [...this.#byId.values()].includes(record);
  }

  #phaseOf(record: SessionRecord, now: number): "alive" | "fading" | "gone" {
    const { heardAt, lapsedAt, timeoutMs } = record;
    const slackMs = this.#settleMs + 5_000;
    if (now - lapsedAt < timeoutMs + slackMs) return "fading";
    const silentMs = now - Math.min(heardAt.candidate, heardAt.oracle);
    if (silentMs < timeoutMs * restless) return "alive";
    const slowMs = timeoutMs * 2 + slackMs;
    return silentMs < slowMs || (silentMs < awayMaxMs && this.#wasAway(now - slowMs)) ? "fading" : "gone";
  }

  /** Whether a side has had the time, and the window, to let a session expire. */
  isOverdue(record: SessionRecord, side: Side, now: number): boolean {
    const since = now - record.timeoutMs - this.#settleMs;
    return record.heardAt[side] < since && !this.#wasAway(since);
  }

  /** Whether any session with znodes of its own is fading. */
  hasFading(now: number): boolean {
    return [...this.fading(now)].some(({ ephemerals, isFromBefore }) => isFromBefore || ephemerals.size > 0);
  }

  /** What fading sessions' znodes mean for a path: it may be one of them (or, with a session from before us, any), or the parent of one. */
  fadingAt(path: string, now: number): "node" | "parent" | undefined {
    let isParent = false;
    for (const { ephemerals, isFromBefore } of this.fading(now)) {
      if (isFromBefore || ephemerals.has(path)) return "node";
      for (const ephemeral of ephemerals) isParent ||= path === "/" || parentOf(ephemeral) === path;
    }
    return isParent ? "parent" : undefined;
  }

  /** Whether a fading session may have a znode at a path or below it. */
  isFadingWithin(path: string, now: number): boolean {
    for (const { ephemerals, isFromBefore } of this.fading(now))
      if (isFromBefore || [...ephemerals].some((each) => isWithin(each, path))) return true;
    return false;
  }
}

/** Keeps the requests that may make a znode of the session's own, without what they put into it. */
export function rememberEphemerals(record: SessionRecord, operations: readonly Operation[]): void {
  for (const { op, fields } of operations.filter(looksEphemeral))
    record.ephemeralCreates?.push({ op, fields: { path: fields.path, flags: fields.flags } });
  if ((record.ephemeralCreates?.length ?? 0) > ephemeralCreatesMax) record.ephemeralCreates = undefined;
}

/** Keeps the newest header zxids of a session. */
export function rememberHeaders(record: SessionRecord, zxids: HeaderPair): void {
  record.headers.push(zxids);
  if (record.headers.length > headersMax) record.headers.shift();
}

/** A zxid that the client took from the truth, in the other side's count: that of its own write, else of the same reply, else of the same write, else as
 *  far behind or ahead of the newest as it was. 0 and less pass unchanged. */
export function translateZxid(
  zxid: Int64,
  { witness, truth, record }: { witness: Witness; truth: Side; record: ClosedSession | undefined },
): Int64 {
  if (zxid <= 0) return zxid;
  const other = otherSide(truth);
  const told = record?.headers.filter((pair) => pair[truth] === zxid) ?? [];
  // A read may bear the write's zxid on one side, and on the other that of something which came in between.
  const same = told.find(({ isOfWrite }) => isOfWrite) ?? told.at(-1);
  if (same !== undefined) return same[other];
  if (zxid > witness.newest[truth])
    return canonicalInt64(BigInt(zxid) - BigInt(witness.newest[truth]) + BigInt(witness.newest[other]));
  const exact = record?.headers.findLast((pair) => pair[truth] <= zxid);
  const written = witness.writes.translate(truth, zxid);
  if (written === undefined) return exact?.[other] ?? 0;
  return exact !== undefined && exact[other] > written ? exact[other] : written;
}

/** The handshake for the other side: id, password and newest zxid put in, every other byte as the client sent it. */
export function rewriteHello(
  hello: Hello,
  change: { lastZxidSeen: Int64; credentials: Credentials | undefined },
): Hello {
  const raw = Buffer.from(hello.raw);
  writeInt64(raw, 4, change.lastZxidSeen);
  const request = { ...hello.request, lastZxidSeen: change.lastZxidSeen };
  if (change.credentials === undefined) return { ...hello, request, raw };
  const { id, passwd } = change.credentials;
  writeInt64(raw, 16, id);
  const length = raw.readInt32BE(24);
  const own = Buffer.alloc(4);
  own.writeInt32BE(passwd?.length ?? -1);
  const parts = [raw.subarray(0, 24), own, passwd ?? Buffer.alloc(0), raw.subarray(28 + Math.max(length, 0))];
  return { ...hello, request: { ...request, sessionId: id, passwd }, raw: Buffer.concat(parts) };
}
