/** What free-running clients saw of one candidate: calls with the times of asking and answering, and per session everything that arrived, in order,
 *  over all its connections. */
import type { OpName } from "../../src/protocol/opcodes.ts";

/** One request and its reply. `number` counts all calls from 0 in the order in which they were sent. Times are ms of one clock. `zxid` and `err`
 *  are the reply header's. `changed` holds the paths of a successful write with what happened there; empty for everything else. */
export interface Call {
  readonly is: "reply";
  readonly number: number;
  readonly session: number;
  readonly xid: number;
  readonly op: OpName;
  readonly path: string;
  readonly request: Buffer;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly reply: Buffer;
  readonly zxid: number;
  readonly err: number;
  readonly changed: readonly Touch[];
}

/** A watch event as it arrived; `zxid` is the header's, −1 from servers that do not tell. */
export interface Arrival {
  readonly is: "event";
  readonly session: number;
  readonly atMs: number;
  readonly frame: Buffer;
  readonly type: number;
  readonly path: string;
  readonly zxid: number;
}

/** An event that a write causes: of this type on this path. */
export interface Touch {
  readonly type: number;
  readonly path: string;
}

/** The session goes on with another connection: what follows came on that one. The connection before it counts as ended right behind its last reply:
 *  events that came later are left out, and the client has asked for them again. */
export interface Resumption {
  readonly is: "resumption";
  readonly session: number;
  readonly server: string;
  readonly raw: Uint8Array;
  /** Whether the client wanted to; else the server had hung up. */
  readonly isMove: boolean;
  /** When the connection before was gone, and when this one stood. */
  readonly goneMs: number;
  readonly atMs: number;
}

/** How a client ended before its time: a server said that there is no such session (`expired`), or none said anything in time (`lost`). */
export interface Over {
  readonly why: "expired" | "lost";
  /** When the last connection was gone, and when it was over. */
  readonly goneMs: number;
  readonly atMs: number;
}

/** One client: what came in on its connections, in order. `server` and `raw`, the handshake's answer as it was received, are the first connection's. */
export interface Lane {
  readonly session: number;
  readonly server: string;
  readonly raw: Uint8Array;
  readonly sessionId: number | bigint;
  readonly passwd: Uint8Array | null;
  readonly timeOut: number;
  readonly arrivals: (Call | Arrival | Resumption)[];
  readonly over?: Over;
}

/** One connection of a client. `isEnded`: it was gone before the run was over. */
export interface Stay {
  readonly raw: Uint8Array;
  readonly arrivals: readonly (Call | Arrival)[];
  readonly isEnded: boolean;
}

/** A client's connections, in order. */
export function staysOf({ raw, arrivals, over }: Lane): Stay[] {
  const stays = [{ raw, arrivals: [] as (Call | Arrival)[] }];
  for (const one of arrivals)
    if (one.is === "resumption") stays.push({ raw: one.raw, arrivals: [] });
    else stays.at(-1)?.arrivals.push(one);
  return stays.map((stay, at) => ({ ...stay, isEnded: over !== undefined || at < stays.length - 1 }));
}

/** How often clients changed their connection: because they wanted to, or because it was lost; and how many of the losses ended them. */
export function changesOf({ lanes }: Pick<History, "lanes">): { moves: number; losses: number; ends: number } {
  const resumptions = lanes.flatMap(({ arrivals }) => arrivals.filter((one) => one.is === "resumption"));
  const moves = resumptions.filter(({ isMove }) => isMove).length;
  const ends = lanes.filter(({ over }) => over !== undefined).length;
  return { moves, losses: resumptions.length - moves + ends, ends };
}

/** A whole run against one candidate. `unanswered` counts calls whose connection ended first: nobody knows whether they happened, nor when. What is
 *  certain all the same ends with zxid `certainTo`: such a write is newer than everything that had been answered when it was sent
 *  (`certainOf`). */
export interface History {
  readonly lanes: readonly Lane[];
  readonly unanswered: number;
  readonly certainTo: number;
}

/** What is certain of lanes in spite of writes that were sent at these times and never answered, and of sessions that are over: their ephemerals go,
 *  nobody knows when, but not before the last request that was answered had been sent. */
export function certainOf(lanes: readonly Lane[], unansweredMs: readonly number[]): number {
  const lastAsked = lanes
    .filter(({ over }) => over !== undefined)
    .flatMap(({ arrivals }) => arrivals.findLast((one): one is Call => one.is === "reply")?.invokedMs ?? []);
  const firstMs = Math.min(...unansweredMs, ...lastAsked);
  if (firstMs === Number.POSITIVE_INFINITY) return firstMs;
  return callsOf({ lanes }).reduce(
    (newest, { zxid, returnedMs }) => (returnedMs < firstMs ? Math.max(newest, zxid) : newest),
    0,
  );
}

/** All answered calls, as they were sent. */
export const callsOf = ({ lanes }: Pick<History, "lanes">): Call[] =>
  lanes
    .flatMap(({ arrivals }) => arrivals.filter((one): one is Call => one.is === "reply"))
    .sort((a, b) => a.number - b.number);

/** Whether a call changed the tree, so that its zxid is its own. */
export const isCommitted = (call: Call): boolean => call.changed.length > 0;

/** The one order in which a ZooKeeper could have done it all: by zxid; at the same zxid the write that made it comes first, and then whoever saw its
 *  state, by session as they were answered. */
export function inZxidOrder(history: History): Call[] {
  const place = new Map<Call, number>();
  for (const { arrivals } of history.lanes)
    for (const [index, one] of arrivals.entries()) if (one.is === "reply") place.set(one, index);
  const at = (call: Call): number => place.get(call) ?? 0;
  const rank = (call: Call): number => (isCommitted(call) ? 0 : 1);
  return callsOf(history).sort(
    (a, b) => a.zxid - b.zxid || rank(a) - rank(b) || (a.session === b.session ? at(a) - at(b) : a.number - b.number),
  );
}
