/** A history against the oracle: its calls one behind the other in the order of their zxids, each session by a connection of its own, compared as they go.
 *  Between two writes nothing changes, so what only looked in between is asked all at once. Where a client's connection ended, behind a reply and before the
 *  next write, its connection ends here too, and the session is resumed with what the oracle has told it. */
import type { CrossCheck } from "../../oracle/crosscheck.ts";
import { type Int64, writeInt64 } from "../../src/jute/int64.ts";
import type { ConnectRequest } from "../../src/protocol/connect.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import { Connection, doorTo, newSession } from "../connection.ts";
import { type Call, type History, inZxidOrder, type Lane, type Stay, staysOf } from "./history.ts";

/** What a replay needs. `name` is the case under which the cross-check journals. */
export interface ReplayPlan {
  readonly check: Pick<CrossCheck, "openAs" | "settled" | "fence">;
  readonly name: string;
  readonly stop: AbortSignal;
  readonly progress: (replayed: number, of: number) => void;
  /** Nothing more is worth finding out. */
  readonly isOver: () => boolean;
}

/** The oracle gave no session. */
export class OracleLost extends Error {
  constructor(why: string) {
    super(`the oracle gives no session: ${why}`);
    this.name = "OracleLost";
  }
}

/** How a session is called in journal and report. */
export const sessionName = (session: number): string => `s${session}`;

/** Answers the last call of each session that was asked, by the session's name. Calls behind one of unknown outcome are left out: what they should have
 *  answered nobody can say. Throws {@link OracleLost}. */
export async function replay(history: History, plan: ReplayPlan): Promise<ReadonlyMap<string, Call>> {
  const actors = new Map<number, Actor>();
  try {
    for (const lane of history.lanes) actors.set(lane.session, await Actor.open(lane, plan));
    const certain = inZxidOrder(history).filter(({ zxid }) => zxid <= history.certainTo);
    const asked = await inPortions(certain, actors, plan);
    await plan.check.fence(plan.name);
    return asked;
  } finally {
    for (const actor of actors.values()) actor.drop();
    await plan.check.settled(plan.name);
  }
}

async function inPortions(
  calls: readonly Call[],
  actors: ReadonlyMap<number, Actor>,
  plan: ReplayPlan,
): Promise<Map<string, Call>> {
  const asked = new Map<string, Call>();
  let looking: Promise<void>[] = [];
  for (const [index, call] of calls.entries()) {
    if (plan.stop.aborted || plan.isOver()) break;
    const actor = actors.get(call.session);
    if (actor === undefined || !(await actor.isReadyFor(call))) continue;
    const isWrite = opcodes[call.op].access === "write";
    if (isWrite) await Promise.all(looking);
    const answered = actor.ask(call);
    asked.set(sessionName(call.session), call);
    if (isWrite) looking = [];
    else looking.push(answered);
    if (isWrite) await answered;
    if (actor.isLeavingBehind(call)) {
      await Promise.all(looking.splice(0));
      // A connection takes its unpaired events with it: here they are still compared.
      await plan.check.fence(plan.name);
      await actor.leave();
    }
    plan.progress(index + 1, calls.length);
  }
  await Promise.all(looking);
  return asked;
}

/** Where the body of a setWatches begins, with the zxid that the client quotes. */
const quotedZxidAt = 8;

/** A client of the history before the oracle. */
class Actor {
  readonly #stays: readonly Stay[];
  readonly #stayOf = new Map<Call, number>();
  readonly #open: (request: ConnectRequest) => Promise<Connection>;
  #connection: Connection;
  /** Which of its connections it has; behind the last one none. */
  #at = 0;
  /** The newest zxid that it was told here. */
  #newestZxid: Int64 = 0;

  private constructor(lane: Lane, connection: Connection, open: (request: ConnectRequest) => Promise<Connection>) {
    this.#connection = connection;
    this.#open = open;
    this.#stays = staysOf(lane);
    for (const [at, { arrivals }] of this.#stays.entries())
      for (const one of arrivals) if (one.is === "reply") this.#stayOf.set(one, at);
  }

  /** Throws {@link OracleLost}, as everything does that opens a connection. */
  static async open(lane: Lane, { check, name }: ReplayPlan): Promise<Actor> {
    const door = doorTo(check);
    const open = async (request: ConnectRequest): Promise<Connection> => {
      const connected = await Connection.open(door, { case: name, session: sessionName(lane.session) }, request);
      if (connected.is !== "granted") throw new OracleLost(connected.is === "closed" ? connected.reason : "refused");
      return connected.connection;
    };
    return new Actor(lane, await open(newSession(lane.timeOut)), open);
  }

  /** Whether a call can be asked. One of a connection that is gone cannot: a zxid from the past has put it here, which the rules have a name for. */
  async isReadyFor(call: Call): Promise<boolean> {
    const stay = this.#stayOf.get(call) ?? 0;
    while (this.#at < stay) await this.leave();
    return this.#at === stay;
  }

  /** Resolves when it is answered. A setWatches quotes what this client has seen here, as the client of then quoted what it had seen there. */
  ask(call: Call): Promise<void> {
    const frame = Buffer.from(call.request);
    if (call.op === "setWatches") writeInt64(frame, quotedZxidAt, this.#newestZxid);
    return new Promise((resolve) => {
      this.#connection.send(call.xid, frame, (header) => {
        if (header !== undefined && header.zxid > this.#newestZxid) this.#newestZxid = header.zxid;
        resolve();
      });
    });
  }

  /** Whether the connection of then ended behind this call. */
  isLeavingBehind(call: Call): boolean {
    const stay = this.#stays[this.#at];
    return stay?.isEnded === true && stay.arrivals.findLast(({ is }) => is === "reply") === call;
  }

  /** Hangs up, and goes on with the next connection if there was one. */
  async leave(): Promise<void> {
    const { sessionId, passwd, timeOut } = this.#connection.granted;
    this.drop();
    this.#at++;
    if (this.#at >= this.#stays.length) return;
    const request = { ...newSession(timeOut), sessionId, passwd, lastZxidSeen: this.#newestZxid };
    this.#connection = await this.#open(request);
  }

  drop(): void {
    this.#connection.drop();
  }
}
