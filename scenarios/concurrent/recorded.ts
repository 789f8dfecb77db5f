/** The candidate as it was: a backend that answers each request of a finished history with the reply of then. Events come where they came then, as seen
 *  from the replies around them, but not before the replay has reached the write that caused them. */
import type { Backend, BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { encode } from "../../src/jute/codec.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import { opcodes, xids } from "../../src/protocol/opcodes.ts";
import { ReplyHeader } from "../../src/protocol/records.ts";
import { type Arrival, type History, inZxidOrder, isCommitted, type Lane, type Stay, staysOf } from "./history.ts";

/** One connection of the replay. `next` is the first arrival that has not been sent; `sent` are those behind it that have. */
interface Voice {
  readonly arrivals: Stay["arrivals"];
  readonly downstream: Downstream;
  /** Where each reply stands, by xid. */
  readonly replies: ReadonlyMap<number, number>;
  readonly sent: Set<number>;
  next: number;
}

/** The answer to a ping, which the cross-check asks of its own accord to see that nothing more comes. */
const pong = (zxid: number): Buffer => encode(ReplyHeader, { xid: xids.ping, zxid, err: 0 });

/** The write behind each event: the one that its zxid names, else the first that fits and is newer than what the session had seen before it. Events that
 *  no write explains, or that came too late, are due at once. What comes first on a new connection tells what was missed before it, and is due with its first
 *  reply, that of setWatches. */
function causesOf(history: History): Map<Arrival, number> {
  const writes = inZxidOrder(history).filter(isCommitted);
  const byTouch = new Map<string, number[]>();
  for (const { changed, zxid } of writes)
    for (const { type, path } of changed) {
      const key = `${type} ${path}`;
      const zxids = byTouch.get(key);
      if (zxids === undefined) byTouch.set(key, [zxid]);
      else zxids.push(zxid);
    }
  const due = new Map<Arrival, number>();
  for (const { arrivals } of history.lanes) {
    let seen = 0;
    let isCatchingUp = false;
    for (const one of arrivals) {
      if (one.is === "reply") seen = Math.max(seen, one.zxid);
      if (one.is !== "event") isCatchingUp = one.is === "resumption";
      else if (isCatchingUp) due.set(one, Number.POSITIVE_INFINITY);
      else
        due.set(one, one.zxid > 0 ? one.zxid : (firstAbove(byTouch.get(`${one.type} ${one.path}`) ?? [], seen) ?? 0));
    }
  }
  return due;
}

/** The first of the ascending numbers that is greater. */
function firstAbove(ascending: readonly number[], limit: number): number | undefined {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return ascending[low];
}

/** A session's connections that have not been opened again. */
interface Seat {
  readonly lane: Lane;
  readonly stays: Stay[];
}

/** Sessions are opened in the order of the history's lanes, once each, and resumed as often as they were. */
export class RecordedCandidate implements Backend {
  readonly name = "the candidate as recorded";
  readonly #seats: readonly Seat[];
  readonly #due: ReadonlyMap<Arrival, number>;
  /** The newest connection of each session. */
  readonly #voices = new Map<Seat, Voice>();
  /** The newest write that has been replayed. */
  #reached = 0;

  constructor(history: History) {
    this.#seats = history.lanes.map((lane) => ({ lane, stays: staysOf(lane) }));
    this.#due = causesOf(history);
  }

  open({ request }: Hello, downstream: Downstream): Promise<Opened> {
    const seat =
      request.sessionId === 0
        ? this.#seats[this.#voices.size]
        : this.#seats.find(({ lane }) => lane.sessionId === request.sessionId);
    const stay = seat?.stays.shift();
    if (seat === undefined || stay === undefined)
      return Promise.resolve({ is: "closed", reason: "the history has no more connections" });
    const { lane } = seat;
    const { arrivals, raw } = stay;
    const replies = new Map<number, number>();
    for (const [index, one] of arrivals.entries()) if (one.is === "reply") replies.set(one.xid, index);
    const voice: Voice = { arrivals, downstream, replies, sent: new Set(), next: 0 };
    this.#voices.set(seat, voice);
    const session: BackendSession = {
      granted: { protocolVersion: 0, timeOut: lane.timeOut, sessionId: lane.sessionId as Int64, passwd: lane.passwd },
      submit: (frame) => {
        if (frame.readInt32BE(4) === opcodes.ping.code) downstream.send(pong(this.#reached));
        else this.#answer(voice, frame.readInt32BE(0));
      },
      close: () => undefined,
    };
    return Promise.resolve({ is: "granted", session, raw });
  }

  status(): ReturnType<Backend["status"]> {
    return {
      ...{ serving: true, mode: "standalone", zxid: this.#reached, version: "recorded", counters: {} },
      ...{ nodeCount: 0, watchCount: 0, ephemeralsCount: 0, dataBytes: 0, sessionCount: this.#voices.size },
    };
  }

  list(): ReturnType<Backend["list"]> {
    return { sessions: [], watches: new Map() };
  }

  async close(): Promise<void> {}

  /** The events that came before the reply come before it now. Requests that the history lacks stay without an answer. */
  #answer(voice: Voice, xid: number): void {
    const { arrivals } = voice;
    const at = voice.replies.get(xid);
    const reply = at === undefined ? undefined : arrivals[at];
    if (at === undefined || reply?.is !== "reply") return;
    for (let i = voice.next; i < at; i++) if (arrivals[i]?.is === "event") send(voice, i);
    send(voice, at);
    if (isCommitted(reply)) this.#reached = Math.max(this.#reached, reply.zxid);
    for (const each of this.#voices.values()) this.#sendDue(each);
  }

  #sendDue(voice: Voice): void {
    for (;;) {
      const one = voice.arrivals[voice.next];
      if (one?.is !== "event" || (this.#due.get(one) ?? 0) > this.#reached) return;
      send(voice, voice.next);
    }
  }
}

/** Sends an arrival if that has not been done yet. */
function send(voice: Voice, at: number): void {
  const { arrivals } = voice;
  const one = arrivals[at];
  if (one === undefined || voice.sent.has(at)) return;
  voice.sent.add(at);
  while (voice.sent.delete(voice.next)) voice.next++;
  voice.downstream.send(one.is === "event" ? one.frame : one.reply);
}
