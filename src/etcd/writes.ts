/** Writes as the committer takes them: a client's request, the opening, moving and closing of a session, the reaping of a znode. */
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { Int64 } from "../jute/int64.ts";
import type { Schema, SequenceItem } from "../jute/kinds.ts";
import { type Outcome, refuse } from "../outcome.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { createFlags, type OpName, opcodes } from "../protocol/opcodes.ts";
import type { CreateRequest, CreateTTLRequest } from "../protocol/records.ts";
import type { AclPolicy, Identity } from "./acl.ts";
import type { Change } from "./changes.ts";
import { Draft } from "./draft.ts";
import {
  type CreateDemand,
  prepareCheck,
  prepareCreate,
  prepareDelete,
  prepareDeleteContainer,
  prepareSetAcl,
  prepareSetData,
  type WriteContext,
} from "./prepare.ts";
import { isRead } from "./reads.ts";

/** What one operation came to: its result type in a multi, its code, and its change where it has one. */
export interface Part {
  readonly type: number;
  readonly code: number;
  readonly change: Change | null;
}

/** Settings of the server that writes depend on. */
export interface WriteRules {
  readonly policy: AclPolicy;
  readonly extendedTypes: boolean;
  readonly enforceQuota: boolean;
  readonly multiKeepsOpcodes: boolean;
  readonly clientsDeleteContainers: boolean;
}

/** Who writes. */
export interface Author {
  readonly session: Int64;
  readonly identities: readonly Identity[];
}

/** What a request came to. `reply` is the shape of the answer: its own, results per operation, or, for a multi without a path, none. */
export interface Judgement {
  readonly reply: "single" | "multi" | "refused-multi";
  readonly parts: readonly Part[];
}

/** A decoded write request. `judge` decides on a draft; a multi has one part per operation and applies all of them or none. */
export interface WriteRequest {
  judge(draft: Draft, author: Author, at: { zxid: number; timeMs: number }): Judgement;
}

const resultTypes = { error: -1, create: 1, delete: 2, setData: 5, check: 13, create2: 15 } as const;

const part = (type: number, outcome: Outcome<Change | null>): Part =>
  outcome.ok
    ? { type, code: errorCodes.OK, change: outcome.body }
    : { type: resultTypes.error, code: outcome.code, change: null };

type Body = Record<string, unknown>;
type Judge = (body: Body, context: WriteContext) => Part;

const createJudge =
  (type: number, kindOf: CreateDemand["kindOf"]): Judge =>
  (body, context) => {
    const request = body as unknown as CreateRequest & Partial<CreateTTLRequest>;
    const demand: CreateDemand = { request, kindOf, ...(request.ttl === undefined ? {} : { ttlMs: request.ttl }) };
    return part(type, prepareCreate(demand, context));
  };

const deleteJudge: Judge = (body, context) =>
  part(resultTypes.delete, prepareDelete(body as Parameters<typeof prepareDelete>[0], context));
const setDataJudge: Judge = (body, context) =>
  part(resultTypes.setData, prepareSetData(body as Parameters<typeof prepareSetData>[0], context));

const checkJudge: Judge = (body, context) =>
  part(resultTypes.check, prepareCheck(body as Parameters<typeof prepareCheck>[0], context));

/** How an operation on its own is judged. */
const judges: Partial<Record<OpName, Judge>> = {
  create: createJudge(resultTypes.create, "opcode"),
  create2: createJudge(resultTypes.create2, "opcode"),
  createContainer: createJudge(resultTypes.create2, "container"),
  createTTL: createJudge(resultTypes.create2, "opcode"),
  delete: deleteJudge,
  setData: setDataJudge,
  setACL: (body, context) =>
    part(resultTypes.setData, prepareSetAcl(body as Parameters<typeof prepareSetAcl>[0], context)),
  deleteContainer: (body, context) =>
    part(resultTypes.delete, prepareDeleteContainer(body as Parameters<typeof prepareDeleteContainer>[0], context)),
  check: checkJudge,
  reconfig: () => part(resultTypes.setData, refuse("RECONFIGDISABLED")),
};

const wantsTtl = ({ body: { flags } }: SequenceItem): boolean =>
  flags === createFlags.persistentTTL || flags === createFlags.persistentSequentialTTL;

/** TTL flags through an opcode that carries no ttl. */
const lacksTtl = (item: SequenceItem): boolean => wantsTtl(item) && item.header.type !== opcodes.createTTL.code;

/** Flags that CreateMode.fromFlag knows; operations without any have nothing to be wrong. */
const hasKnownFlags = ({ body: { flags = 0 } }: SequenceItem): boolean =>
  (flags as number) >= 0 && (flags as number) <= createFlags.persistentSequentialTTL;

/** Whether an operation of a transaction survives its decoding. From 3.8.2 on a create with a null list or with flags that are none does not, unless
 *  it is a createTTL. Source: MultiOperationRecord.deserialize, Op.Create, Op.CreateTTL (3.9). */
export const isDecodable = (item: SequenceItem): boolean =>
  item.header.type === opcodes.createTTL.code || (item.body.acl !== null && hasKnownFlags(item) && !wantsTtl(item));

/** How a create inside a multi is judged: there the flags decide about containers, and the result's type follows the kind, or from 3.8.2 on the
 *  opcode. `undefined`: the operation may not stand in a multi, which makes the whole of it malformed. */
function memberJudge(item: SequenceItem, rules: WriteRules): Judge | undefined {
  const { type } = item.header as { type: number };
  const flags = item.body.flags as number | undefined;
  switch (type) {
    case opcodes.delete.code:
      return deleteJudge;
    case opcodes.setData.code:
      return setDataJudge;
    case opcodes.check.code:
      return checkJudge;
    case opcodes.create.code:
    case opcodes.create2.code:
    case opcodes.createContainer.code:
    case opcodes.createTTL.code: {
      if (lacksTtl(item)) return undefined;
      const isContainer =
        flags === createFlags.container || (type === opcodes.createContainer.code && rules.multiKeepsOpcodes);
      const answersStat = isContainer || wantsTtl(item) || (type === opcodes.create2.code && rules.multiKeepsOpcodes);
      return createJudge(answersStat ? resultTypes.create2 : resultTypes.create, isContainer ? "container" : "flags");
    }
    default:
      return undefined;
  }
}

const brokenPart: Part = { type: resultTypes.error, code: errorCodes.MARSHALLINGERROR, change: null };
const broken: Judgement = { reply: "single", parts: [brokenPart] };
/** Up to 3.8 a client's deleteContainer is refused unread. */
const containersAreTheServers: Judgement = {
  reply: "single",
  parts: [{ type: resultTypes.error, code: errorCodes.BADARGUMENTS, change: null }],
};
const malformed: WriteRequest = { judge: () => broken };
/** Up to 3.8.1 a null path breaks a multi behind the decoding, which leaves a trace in the reply; later it cannot be decoded. */
const pathless: WriteRequest = { judge: () => ({ reply: "refused-multi", parts: [brokenPart] }) };

/** Decodes a write. What cannot be decoded is a request as well: one that answers MARSHALLINGERROR in its turn. */
export function decodeWrite(op: OpName, frame: Buffer, rules: WriteRules): WriteRequest {
  if (op === "deleteContainer" && !rules.clientsDeleteContainers) return { judge: () => containersAreTheServers };
  let body: unknown;
  try {
    body = read(opcodes[op].request as Schema, new Reader(frame, 8));
  } catch (error) {
    if (error instanceof MalformedFrame) return malformed;
    throw error;
  }
  return op === "multi" ? multiRequest(body as SequenceItem[], rules) : singleRequest(op, body as Body, rules);
}

const contextOf = (draft: Draft, author: Author, rules: WriteRules, before: Draft = draft): WriteContext => ({
  draft,
  session: author.session,
  identities: author.identities,
  policy: rules.policy,
  extendedTypes: rules.extendedTypes,
  ...(rules.enforceQuota ? { quotas: before } : {}),
});

function singleRequest(op: OpName, body: Body, rules: WriteRules): WriteRequest {
  const judge = judges[op];
  if (judge === undefined) throw new Error(`${op} is no write that can stand alone`);
  return {
    judge(draft, author, at) {
      const result = judge(body, contextOf(draft, author, rules));
      if (result.change !== null) draft.apply(result.change, at);
      return { reply: "single", parts: [result] };
    },
  };
}

function multiRequest(items: SequenceItem[], rules: WriteRules): WriteRequest {
  const hasNullPath = items.some(({ body }) => body.path === null);
  if (hasNullPath && !rules.multiKeepsOpcodes && items.every(isRead)) return pathless;
  const members: { judge: Judge; body: Body }[] = [];
  for (const item of items) {
    const judge = memberJudge(item, rules);
    if (judge === undefined) return malformed;
    members.push({ judge, body: item.body });
  }
  if (hasNullPath) return rules.multiKeepsOpcodes ? malformed : pathless;
  if (rules.multiKeepsOpcodes && !items.every(isDecodable)) return malformed;
  return {
    judge(draft, author, at) {
      const above = new Draft(draft);
      const parts: Part[] = [];
      const context = { ...contextOf(above, author, rules, draft), seeming: new Set<string>() };
      for (const { judge, body } of members) {
        const result = judge(body, context);
        if (result.code === errorCodes.MARSHALLINGERROR) return broken;
        if (result.code !== errorCodes.OK)
          return { reply: "multi", parts: failedMulti(members.length, parts.length, result.code) };
        if (result.change !== null) above.apply(result.change, at);
        parts.push(result);
      }
      draft.merge(above);
      return { reply: "multi", parts };
    },
  };
}

/** Results of a multi whose operation at `failedAt` was refused: OK before it, RUNTIMEINCONSISTENCY behind it. */
function failedMulti(count: number, failedAt: number, code: number): Part[] {
  return Array.from({ length: count }, (_, index) => ({
    type: resultTypes.error,
    code: index < failedAt ? errorCodes.OK : index === failedAt ? code : errorCodes.RUNTIMEINCONSISTENCY,
    change: null,
  }));
}
