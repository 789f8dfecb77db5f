/** A history against the oracle: its calls one behind the other in the order of their zxids, each session by a connection of its own, compared as they go.
 *  Between two writes nothing changes, so what only looked in between is asked all at once. */
import type { CrossCheck } from "../../oracle/crosscheck.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import { Connection, newSession } from "../connection.ts";
import { type Call, type History, inZxidOrder } from "./history.ts";

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
  const door = {
    open: (...how: Parameters<CrossCheck["openAs"]>) => plan.check.openAs(...how),
    settled: (name: string) => plan.check.settled(name),
  };
  const connections = new Map<number, Connection>();
  try {
    for (const { session, timeOut } of history.lanes) {
      const as = { case: plan.name, session: sessionName(session) };
      const connected = await Connection.open(door, as, newSession(timeOut));
      if (connected.is !== "granted") throw new OracleLost(connected.is === "closed" ? connected.reason : "refused");
      connections.set(session, connected.connection);
    }
    const certain = inZxidOrder(history).filter(({ zxid }) => zxid <= history.certainTo);
    const asked = await inPortions(certain, connections, plan);
    await plan.check.fence(plan.name);
    return asked;
  } finally {
    for (const connection of connections.values()) connection.drop();
    await plan.check.settled(plan.name);
  }
}

async function inPortions(
  calls: readonly Call[],
  connections: ReadonlyMap<number, Connection>,
  plan: ReplayPlan,
): Promise<Map<string, Call>> {
  const asked = new Map<string, Call>();
  let looking: Promise<void>[] = [];
  for (const [index, call] of calls.entries()) {
    if (plan.stop.aborted || plan.isOver()) break;
    const connection = connections.get(call.session);
    if (connection === undefined) continue;
    const isWrite = opcodes[call.op].access === "write";
    if (isWrite) await Promise.all(looking);
    const answered = new Promise<void>((resolve) =>
      connection.send(call.xid, Buffer.from(call.request), () => resolve()),
    );
    asked.set(sessionName(call.session), call);
    if (isWrite) looking = [];
    else looking.push(answered);
    if (isWrite) await answered;
    plan.progress(index + 1, calls.length);
  }
  await Promise.all(looking);
  return asked;
}
