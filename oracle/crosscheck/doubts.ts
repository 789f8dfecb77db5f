/** Reads that differed while znodes or clients were coming and going. They are asked again when that must be over: what agrees then was timing. Where only
 *  children can explain it, a look at them may show so at once. */
import { encode } from "../../src/jute/codec.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { Difference, Verdict } from "../compare/difference.ts";
import { isOfOrder } from "./judge.ts";
import type { Exchange } from "./lane.ts";
import { Look } from "./look.ts";
import { parseRequest, pathOf, type Request } from "./request.ts";

interface Doubt {
  readonly differences: readonly Difference[];
  /** Waking clock, ms. */
  readonly dueAt: number;
  /** At the children, at once. */
  readonly look: Look | undefined;
  isLooking: boolean;
  /** At the end of what timing can explain. */
  repeat: Request | undefined;
}

/** Our own questions' xid; clients count from 1 and do not come this far. */
const ourXid = 0x7ffffff0;

/** A question of our own, header and body, which the client will not see answered. */
export function ourRequest(code: number, body: Uint8Array): Request {
  const header = Buffer.alloc(8);
  header.writeInt32BE(ourXid, 0);
  header.writeInt32BE(code, 4);
  return parseRequest(Buffer.concat([header, body]), true);
}

const repeatable: ReadonlySet<string> = new Set([
  "exists",
  "getData",
  "getChildren",
  "getChildren2",
  "getACL",
  "getAllChildrenNumber",
  "getEphemerals",
  "checkWatches",
]);

/** What they answer hangs on more than one znode's children. */
const ofSubtrees: ReadonlySet<string> = new Set(["getAllChildrenNumber", "getEphemerals"]);

/** Whether a request can be asked again without changing anything. */
export const isRepeatable = ({ request }: Exchange): boolean =>
  request.op !== undefined && repeatable.has(request.op) && request.operations?.length === 1;

/** A doubt that is over. */
export interface Resolved {
  readonly exchange: Exchange;
  readonly differences: readonly Difference[];
  readonly verdict: Verdict;
}

/** The doubts of one connection. */
export class Doubts {
  readonly #open = new Map<Exchange, Doubt>();
  readonly #mayGo: (path: string) => boolean;

  /** `mayGo`: whether a znode may go by itself just now. */
  constructor(mayGo: (path: string) => boolean) {
    this.#mayGo = mayGo;
  }

  /** Whether any is over by then, waking clock, ms; a look is soon over. */
  endsBy(at: number): boolean {
    for (const { look, dueAt } of this.#open.values()) if (look?.isOver === false || dueAt <= at) return true;
    return false;
  }

  /** `isOfChildren`: what differs tells of a znode's children, so that a look at them may show sooner whether it is timing. */
  add(exchange: Exchange, differences: readonly Difference[], how: { dueAt: number; isOfChildren: boolean }): void {
    const [operation] = exchange.request.operations ?? [];
    const path = operation && !ofSubtrees.has(operation.op) ? pathOf(operation) : undefined;
    const look = how.isOfChildren && path !== undefined ? this.#lookAt(path, exchange) : undefined;
    this.#open.set(exchange, {
      differences,
      dueAt: how.dueAt,
      look,
      isLooking: false,
      repeat: undefined,
    });
  }

  /** The questions whose time has come, each once and without leaving a watch. */
  *due(now: number): Generator<Request> {
    for (const [exchange, doubt] of this.#open) {
      if (doubt.look !== undefined && !doubt.isLooking) {
        doubt.isLooking = true;
        yield* doubt.look.requests;
      }
      if (doubt.repeat !== undefined || doubt.dueAt > now) continue;
      doubt.repeat = repeatOf(exchange);
      if (doubt.repeat !== undefined) yield doubt.repeat;
    }
  }

  /** Takes the answers to one of our questions; `differences` is undefined where it was not answered by both. The doubt that ends with it, if one
   *  does. */
  answered(asked: Exchange, differences: readonly Difference[] | undefined): Resolved | undefined {
    for (const [exchange, doubt] of this.#open) {
      const isRepeat = doubt.repeat === asked.request;
      const sight = doubt.look?.requests.includes(asked.request) ? doubt.look.take(asked, differences) : undefined;
      if (!isRepeat && (sight === undefined || sight === "unclear")) continue;
      this.#open.delete(exchange);
      const agrees = isRepeat ? differences && isHealed(doubt, differences) : sight === "agrees";
      const verdict = agrees === undefined ? "unchecked" : agrees ? "timing" : "diverges";
      return { exchange, differences: doubt.differences, verdict };
    }
    return undefined;
  }

  /** Ends all doubts. */
  *drain(): Generator<Resolved> {
    for (const [exchange, { differences }] of this.#open) yield { exchange, differences, verdict: "unchecked" };
    this.#open.clear();
  }

  #lookAt(path: string, exchange: Exchange): Look | undefined {
    const repeat = repeatOf(exchange);
    if (repeat === undefined) return undefined;
    const { code, request } = opcodes.getChildren;
    const listing = () => ourRequest(code, encode(request, { path, watch: false }));
    return new Look({ path, repeat, listings: [listing(), listing()], mayGo: this.#mayGo });
  }
}

/** Whether nothing is left to differ, or nothing but what children that came and went leave behind. */
const isHealed = ({ look }: Doubt, differences: readonly Difference[]): boolean =>
  look === undefined ? differences.length === 0 : isOfOrder(differences);

/** The same question, which leaves no watch. */
function repeatOf({ request }: Exchange): Request | undefined {
  const fields = request.operations?.[0]?.fields;
  if (request.op === undefined || fields === undefined) return undefined;
  const asked = { ...fields, ...("watch" in fields ? { watch: false } : {}) };
  const spec = opcodes[request.op];
  return ourRequest(spec.code, encode(spec.request, asked as never));
}
