/** Reads that differed while znodes were coming and going by themselves. They are asked again behind the settle window: what agrees then was timing. */
import { encode } from "../../src/jute/codec.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { Difference } from "../compare/difference.ts";
import type { Exchange } from "./lane.ts";
import { parseRequest, type Request } from "./request.ts";

interface Doubt {
  readonly differences: readonly Difference[];
  readonly dueAt: number;
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
]);

/** Whether a request can be asked again without changing anything. */
export const isRepeatable = ({ request }: Exchange): boolean =>
  request.op !== undefined && repeatable.has(request.op) && request.operations?.length === 1;

/** The doubts of one connection. */
export class Doubts {
  readonly #open = new Map<Exchange, Doubt>();

  get size(): number {
    return this.#open.size;
  }

  add(exchange: Exchange, differences: readonly Difference[], dueAt: number): void {
    this.#open.set(exchange, { differences, dueAt, repeat: undefined });
  }

  /** The questions whose time has come, each once and without leaving a watch. */
  *due(now: number): Generator<Request> {
    for (const [{ request }, doubt] of this.#open) {
      const fields = request.operations?.[0]?.fields;
      if (doubt.repeat !== undefined || doubt.dueAt > now || request.op === undefined || fields === undefined) continue;
      const asked = { ...fields, ...("watch" in fields ? { watch: false } : {}) };
      const spec = opcodes[request.op];
      doubt.repeat = ourRequest(spec.code, encode(spec.request, asked as never));
      yield doubt.repeat;
    }
  }

  /** Ends the doubt behind a repeated question and hands out what it was about; undefined when the question was none of these. */
  resolve(repeat: Request): { readonly exchange: Exchange; readonly differences: readonly Difference[] } | undefined {
    for (const [exchange, doubt] of this.#open) {
      if (doubt.repeat !== repeat) continue;
      this.#open.delete(exchange);
      return { exchange, differences: doubt.differences };
    }
    return undefined;
  }

  /** Ends all doubts. */
  *drain(): Generator<{ readonly exchange: Exchange; readonly differences: readonly Difference[] }> {
    for (const [exchange, { differences }] of this.#open) yield { exchange, differences };
    this.#open.clear();
  }
}
