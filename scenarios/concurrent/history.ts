/** What free-running clients saw of one candidate: calls with the times of asking and answering, and per session everything that arrived, in order. */
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

/** One client: what came in on its connection, in order. `raw` is the handshake's answer as it was received. */
export interface Lane {
  readonly session: number;
  readonly server: string;
  readonly raw: Uint8Array;
  readonly sessionId: number | bigint;
  readonly passwd: Uint8Array | null;
  readonly timeOut: number;
  readonly arrivals: (Call | Arrival)[];
  /** When the server hung up, if it did. */
  readonly lostMs?: number;
}

/** A whole run against one candidate. `unanswered` counts calls whose connection ended first: nobody knows whether they happened, nor when. What is
 *  certain all the same ends with zxid `certainTo`: such a write is newer than everything that had been answered when it was sent. */
export interface History {
  readonly lanes: readonly Lane[];
  readonly unanswered: number;
  readonly certainTo: number;
}

/** The newest zxid that no write without an answer can have come before, given when the first of these was sent (ms). */
export const certainBefore = (calls: readonly Call[], sentMs: number): number =>
  calls.reduce((newest, { zxid, returnedMs }) => (returnedMs < sentMs ? Math.max(newest, zxid) : newest), 0);

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
