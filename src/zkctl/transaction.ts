/** A multi: operations of which all are done or none. */
import type { SequenceItem } from "../jute/kinds.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { multiOp } from "../protocol/multi.ts";
import { opcodes } from "../protocol/opcodes.ts";
import type { ACL } from "../protocol/records.ts";
import { refusal, type Session } from "./session.ts";

/** One operation, ready to be sent. */
export type Operation =
  | { readonly op: "create" | "createContainer" | "createTTL"; readonly path: string; readonly body: Creation }
  | { readonly op: "delete" | "check"; readonly path: string; readonly body: { path: string; version: number } }
  | { readonly op: "setData"; readonly path: string; readonly body: Record<"path" | "data" | "version", unknown> };

/** The fields of CreateRequest, or with `ttl` of CreateTTLRequest. */
interface Creation {
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: ACL[];
  /** CreateMode. */
  readonly flags: number;
  readonly ttl?: number;
}

/** The deletion of a znode at a version; −1 matches any. */
export const deletion = (path: string, version = -1): Operation => ({ op: "delete", path, body: { path, version } });

/** How it went: the results in order, or one code for each operation: 0 for those in front of the refused one, RUNTIMEINCONSISTENCY behind it. */
export type Transacted =
  | { readonly is: "done"; readonly results: readonly Record<string, unknown>[] }
  | { readonly is: "refused"; readonly codes: readonly number[]; readonly refusedAt: number };

/** Sends the operations as one multi. Throws `ServerRefused` when the server refuses it as a whole. */
export async function transact(operations: readonly Operation[], session: Session): Promise<Transacted> {
  const items = operations.map(({ op, body }) => multiOp(opcodes[op].code, { ...body }));
  const { header, body } = await session.reply("multi", items);
  if (body === null || (body.length === 0 && header.err !== 0)) throw refusal(header.err, "the operations");
  return outcomeOf(body);
}

/** Reads the results: those of a refused multi are all errors, of which only one, if any, is neither 0 nor RUNTIMEINCONSISTENCY. */
export function outcomeOf(items: readonly SequenceItem[]): Transacted {
  if (!items.some(({ header }) => header.type === -1)) return { is: "done", results: items.map(({ body }) => body) };
  const codes = items.map(({ header, body }) => (header.type === -1 ? Number(body.err) : 0));
  const own = codes.findIndex((code) => code !== 0 && code !== errorCodes.RUNTIMEINCONSISTENCY);
  return { is: "refused", codes, refusedAt: own === -1 ? codes.findIndex((code) => code !== 0) : own };
}
