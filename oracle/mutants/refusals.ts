/** Lies about result codes, the order in which a server looks for reasons to refuse, permissions, and quotas. */
import { type ErrorName, errorCodes } from "../../src/protocol/error-codes.ts";
import { countedAt, parentOf, quotaRoot } from "../../src/protocol/paths.ts";
import type { ACL } from "../../src/protocol/records.ts";
import { bareError, type LyingReply, type Situation } from "./lying.ts";
import { type Mutant, type MutantClass, mutant, replyMutant } from "./mutant.ts";

const creates = ["create", "create2"];

interface Turn {
  readonly name: string;
  readonly lie: string;
  readonly ops: readonly string[];
  readonly class?: MutantClass;
  readonly from: ErrorName;
  readonly to: ErrorName;
}

/** Turns one error into another; with a condition it is a rare lie. */
const turned = ({ from, to, ...facts }: Turn, isDue?: (path: string, reply: LyingReply) => boolean): Mutant =>
  replyMutant({ class: "error", rare: isDue !== undefined, ...facts }, (reply) => {
    const path = String(reply.request.operations?.[0]?.fields.path);
    if (reply.header.err === errorCodes[from] && isDue?.(path, reply) !== false) reply.header.err = errorCodes[to];
    return undefined;
  });

/** Versions of these requests count for nothing when `isDue`. */
const versionless = (
  facts: { name: string; lie: string; op: "setData" | "delete" },
  isDue: (version: unknown, path: unknown, situation: Situation) => boolean,
): Mutant =>
  mutant(
    { name: facts.name, class: "error", lie: facts.lie, rare: true },
    {
      request: ({ op, frame, operations }, situation) => {
        const { version, path } = operations?.[0]?.fields ?? {};
        if (op !== facts.op || !isDue(version, path, situation)) return frame;
        const any = Buffer.from(frame);
        any.writeInt32BE(-1, any.length - 4);
        return any;
      },
    },
  );

/** A rare lie: what was done is answered with QUOTAEXCEEDED. */
const quotaMutant = (
  name: string,
  lie: string,
  ops: readonly string[],
  isOver: (fields: Readonly<Record<string, unknown>>, situation: Situation) => boolean,
): Mutant =>
  mutant(
    { name, class: "quota", lie, rare: true },
    {
      frame: (frame, { op, operations }, situation) => {
        const isMeant = ops.includes(op ?? "") && frame.readInt32BE(12) === errorCodes.OK;
        if (!isMeant || !isOver(operations?.[0]?.fields ?? {}, situation)) return frame;
        return bareError(frame, errorCodes.QUOTAEXCEEDED);
      },
    },
  );

/** A lie about what the statistics of a quota count. */
const countMutant = (name: string, lie: string, change: (text: string) => string, rare = false): Mutant =>
  replyMutant({ name, class: "quota", lie, rare, ops: ["getData"] }, ({ request, body }) => {
    const path = String(request.operations?.[0]?.fields.path);
    if (countedAt(path) === undefined || body === undefined || Array.isArray(body)) return undefined;
    if (body.data instanceof Uint8Array) body.data = Buffer.from(change(Buffer.from(body.data).toString()));
    return undefined;
  });

/** A lie about the list that getACL shows. */
const aclMutant = (name: string, lie: string, change: (acl: ACL[]) => void, rare = false): Mutant =>
  replyMutant({ name, class: "acl", lie, rare, ops: ["getACL"] }, ({ body }) => {
    if (body !== undefined && !Array.isArray(body)) change((body.acl ?? []) as ACL[]);
    return undefined;
  });

/** Errors, their precedence, permissions, quotas. */
export const refusalMutants: readonly Mutant[] = [
  turned({
    ...{ name: "error-ephemeral-parent", lie: "a create below an ephemeral finds no parent", ops: creates },
    ...{ from: "NOCHILDRENFOREPHEMERALS", to: "NONODE" },
  }),
  turned({
    ...{ name: "error-bad-path", lie: "an illegal path is no bad argument", ops: creates },
    ...{ from: "BADARGUMENTS", to: "MARSHALLINGERROR" },
  }),
  turned({
    ...{ name: "error-invalid-acl", lie: "an invalid list is a bad argument", ops: creates },
    ...{ from: "INVALIDACL", to: "BADARGUMENTS" },
  }),
  turned({
    ...{ name: "error-auth-failed", lie: "a credential that fails is a lack of permission", ops: ["auth"] },
    ...{ from: "AUTHFAILED", to: "NOAUTH" },
  }),
  turned({
    ...{ name: "error-set-acl-version", lie: "setACL with a wrong version finds no znode", ops: ["setACL"] },
    ...{ from: "BADVERSION", to: "NONODE" },
  }),
  turned(
    {
      ...{ name: "error-create-root", lie: "to create / is a bad argument", ops: creates },
      ...{ from: "NODEEXISTS", to: "BADARGUMENTS" },
    },
    (path) => path === "/",
  ),
  turned(
    {
      ...{ name: "error-children-before-version", lie: "delete looks for children first", ops: ["delete"] },
      ...{ from: "BADVERSION", to: "NOTEMPTY" },
    },
    (path, { world }) => world.childrenOf(path).length > 0,
  ),
  turned(
    {
      ...{ name: "error-parent-before-acl", lie: "create looks for the parent before the list", ops: creates },
      ...{ from: "INVALIDACL", to: "NONODE" },
    },
    (path, { world }) => !world.at(parentOf(path)).isAlive,
  ),
  turned(
    {
      ...{ name: "error-version-before-permission", lie: "setData looks at the version first", ops: ["setData"] },
      ...{ from: "NOAUTH", to: "BADVERSION" },
    },
    (_, { request }) => request.operations?.[0]?.fields.version !== -1,
  ),
  turned(
    {
      ...{ name: "error-dead-parent", lie: "a create below a deleted parent meets its ghost", ops: creates },
      ...{ from: "NONODE", to: "NODEEXISTS" },
    },
    (path, { world }) => world.at(parentOf(path)).deaths > 0,
  ),
  turned(
    {
      ...{ name: "acl-delete-hidden", class: "acl", lie: "a delete without permission finds no znode" },
      ...{ ops: ["delete"], from: "NOAUTH", to: "NONODE" },
    },
    () => true,
  ),
  turned(
    {
      ...{ name: "acl-set-hidden", class: "acl", lie: "a setACL without permission finds no znode" },
      ...{ ops: ["setACL"], from: "NOAUTH", to: "NONODE" },
    },
    () => true,
  ),
  turned(
    {
      ...{ name: "quota-deletable", class: "quota", lie: "the quota tree looks empty to delete" },
      ...{ ops: ["delete"], from: "BADARGUMENTS", to: "NONODE" },
    },
    (path) => path.startsWith(quotaRoot),
  ),
  versionless({ name: "error-version-zero", lie: "version 0 matches any", op: "setData" }, (version) => version === 0),
  versionless(
    { name: "error-version-reborn", lie: "a znode made again is deleted at any version", op: "delete" },
    (version, path, { world }) => version !== -1 && world.at(path).births > 1,
  ),
  quotaMutant("quota-of-children", "a fifth child is over quota", creates, ({ path }, { world }) => {
    const parent = parentOf(String(path));
    return parent !== "" && world.childrenOf(parent).length > 4;
  }),
  quotaMutant(
    "quota-of-bytes",
    "data over 1000 bytes is over quota",
    ["setData"],
    ({ data }) => data instanceof Uint8Array && data.length > 1_000,
  ),
  countMutant("quota-count-ahead", "a quota counts a znode too many", (text) =>
    text.replace(/count=(\d+)/, (_, count) => `count=${Number(count) + 1}`),
  ),
  countMutant(
    "quota-bytes-capped",
    "a quota counts no more than twelve bytes",
    (text) => text.replace(/bytes=(\d+)/, (_, bytes) => `bytes=${Math.min(Number(bytes), 12)}`),
    true,
  ),
  aclMutant("acl-perms-wide", "every entry shows all permissions", (acl) => {
    for (const entry of acl) entry.perms = 31;
  }),
  aclMutant("acl-auth-kept", "digests show as the scheme auth", (acl) => {
    for (const entry of acl) if (entry.id.scheme === "digest") entry.id = { scheme: "auth", id: "" };
  }),
  aclMutant(
    "acl-second-entry",
    "of several entries the last is not shown",
    (acl) => void (acl.length > 1 && acl.pop()),
    true,
  ),
  aclMutant(
    "acl-order",
    "of several entries the last comes first",
    (acl) => void (acl.length > 1 && acl.reverse()),
    true,
  ),
];
