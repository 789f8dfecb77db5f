/** What holds in every history of a ZooKeeper, by name, seen in the history alone. Whether the answers are the right ones is the replay's business.
 *  Source: ZooKeeper documentation, "Consistency Guarantees"; zookeeper-semantics sections 1 and 8. */
import { type Arrival, type Call, callsOf, type History, isCommitted, type Lane } from "./history.ts";

/** The names. */
export type RuleName =
  | "reply-order"
  | "session-order"
  | "read-your-writes"
  | "monotonic-reads"
  | "watch-before-read"
  | "zxid-reused"
  | "real-time-order"
  | "sync"
  | "session-kept";

/** One broken rule: `call` breaks it, `witness` is what it cannot stand beside, `said` both in words. */
export interface Violation {
  readonly rule: RuleName;
  readonly call: Call;
  readonly witness: Call | Arrival;
  readonly said: { readonly expected: string; readonly found: string };
}

/** All violations, in the order in which the calls were sent. */
export function violations(history: History): Violation[] {
  const calls = callsOf(history);
  const found = [
    ...history.lanes.flatMap(({ arrivals }) => inOneLane(arrivals)),
    ...betweenWrites(calls.filter(isCommitted)),
    ...oldSyncs(calls),
    ...history.lanes.flatMap(lostSession),
  ];
  return found.sort((a, b) => a.call.number - b.call.number);
}

const named = (call: Call): string => `${call.op} ${call.path} of session ${call.session}`;

/** FIFO, and no going back: along a session, over all its connections, replies come in the order of the requests and zxids never fall, and an event comes
 *  before the first reply that shows its state. */
function inOneLane(arrivals: Lane["arrivals"]): Violation[] {
  const found: Violation[] = [];
  let newest: Call | undefined;
  let last: Call | undefined;
  for (const one of arrivals) {
    if (one.is === "resumption") continue;
    if (one.is === "event") {
      if (newest !== undefined && one.zxid > 0 && one.zxid <= newest.zxid)
        found.push({
          rule: "watch-before-read",
          call: newest,
          witness: one,
          said: { expected: `the event of zxid ${one.zxid} first`, found: `a reply of zxid ${newest.zxid} before it` },
        });
      continue;
    }
    // Not by their xids: setWatches has the same one on every connection.
    if (last !== undefined && one.number < last.number)
      found.push({
        rule: "reply-order",
        call: one,
        witness: last,
        said: { expected: `the reply to xid ${one.xid} first`, found: `the reply to xid ${last.xid} before it` },
      });
    if (newest !== undefined && one.zxid < newest.zxid)
      found.push({
        rule: backwards(newest, one),
        call: one,
        witness: newest,
        said: { expected: `zxid ${newest.zxid} or later`, found: `zxid ${one.zxid}` },
      });
    else newest = one;
    last = one;
  }
  return found;
}

function backwards(before: Call, after: Call): RuleName {
  if (isCommitted(after)) return "session-order";
  return isCommitted(before) ? "read-your-writes" : "monotonic-reads";
}

/** A zxid belongs to one write, and a write that began when another one had been answered has the larger one. */
function betweenWrites(writes: readonly Call[]): Violation[] {
  const found: Violation[] = [];
  const sorted = writes.toSorted((a, b) => b.zxid - a.zxid);
  let earliest: Call | undefined;
  for (const [index, write] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before?.zxid === write.zxid)
      found.push({
        rule: "zxid-reused",
        call: write,
        witness: before,
        said: { expected: "a zxid of its own", found: `zxid ${write.zxid}, that of ${named(before)}` },
      });
    else if (earliest !== undefined && earliest.returnedMs < write.invokedMs)
      found.push({
        rule: "real-time-order",
        call: write,
        witness: earliest,
        said: {
          expected: `a zxid behind ${earliest.zxid}, answered before this was sent`,
          found: `zxid ${write.zxid}`,
        },
      });
    if (earliest === undefined || write.returnedMs < earliest.returnedMs) earliest = write;
  }
  return found;
}

/** A sync shows at least what had been answered to anybody when it was sent. */
function oldSyncs(calls: readonly Call[]): Violation[] {
  const byReturn = calls.filter(isCommitted).toSorted((a, b) => a.returnedMs - b.returnedMs);
  const syncs = calls.filter(({ op }) => op === "sync").toSorted((a, b) => a.invokedMs - b.invokedMs);
  const found: Violation[] = [];
  let newest: Call | undefined;
  let at = 0;
  for (const sync of syncs) {
    for (let write = byReturn[at]; write !== undefined && write.returnedMs < sync.invokedMs; write = byReturn[++at])
      if (newest === undefined || write.zxid > newest.zxid) newest = write;
    if (newest !== undefined && sync.zxid < newest.zxid)
      found.push({
        rule: "sync",
        call: sync,
        witness: newest,
        said: { expected: `zxid ${newest.zxid} or later, answered before`, found: `zxid ${sync.zxid}` },
      });
  }
  return found;
}

/** A server that says that there is no such session speaks the truth only if the client was silent for the whole timeout. */
function lostSession({ arrivals, over, timeOut }: Lane): Violation[] {
  const last = arrivals.findLast((one): one is Call => one.is === "reply");
  if (over?.why !== "expired" || last === undefined) return [];
  const silentMs = over.atMs - last.invokedMs;
  if (silentMs >= timeOut) return [];
  return [
    {
      rule: "session-kept",
      call: last,
      witness: last,
      said: {
        expected: `a session that lives ${timeOut} ms`,
        found: `none, ${Math.floor(silentMs)} ms after this was sent`,
      },
    },
  ];
}
