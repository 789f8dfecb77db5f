/** Validation of writes in ZooKeeper's order of checks: the first failing one decides the code. What passes becomes a change.
 *  Source: PrepRequestProcessor (3.9); zookeeper-semantics section 4. */
import type { Int64 } from "../jute/int64.ts";
import { accept, type Outcome, refuse } from "../outcome.ts";
import { createFlags, isSequentialFlags, permBits } from "../protocol/opcodes.ts";
import { isValidPath, parentOf, reservedPaths } from "../protocol/paths.ts";
import type { CreateRequest } from "../protocol/records.ts";
import { type AclPolicy, fixupAcl, type Identity, isPermitted } from "./acl.ts";
import { type Change, copied, type ZnodeKind, znodeKinds } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { exceedsQuota, type QuotaView } from "./quotas.ts";
import type { Znode } from "./znode.ts";

/** Longest life of a TTL znode, ms. */
const ttlMsMax = 2 ** 40 - 1;

/** Everything besides the request that decides about a write. `identities` are those the connection had when the request came in. */
export interface WriteContext {
  readonly draft: Draft;
  readonly session: Int64;
  readonly identities: readonly Identity[];
  readonly policy: AclPolicy;
  /** TTL znodes are allowed (zookeeper.extendedTypesEnabled). */
  readonly extendedTypes: boolean;
  /** The state before the request, where hard quotas are to be enforced; a multi is not stopped by what it has used up itself. */
  readonly quotas?: QuotaView;
  /** Inside a multi: containers made by it with an ephemeral flag, which pass for ephemerals until it is applied. */
  readonly seeming?: Set<string>;
}

/** A create of any opcode, its flags taken apart. `ttlMs` is undefined where the request has no such field. */
export interface CreateDemand {
  readonly request: CreateRequest;
  readonly kindOf: "flags" | "opcode" | "container";
  readonly ttlMs?: Int64;
}

const lacks = (context: WriteContext, node: Znode, perm: number): boolean =>
  !isPermitted(node.acl, perm, context.identities);

const differs = (expected: number, actual: number): boolean => expected !== -1 && expected !== actual;

/** Sequence suffix: the parent's creation counter as at least ten digits; negative after 2147483647. */
export const sequenceSuffix = (creates: number): string => {
  const digits = String(Math.abs(creates));
  return creates < 0 ? `-${digits.padStart(9, "0")}` : digits.padStart(10, "0");
};

const isEphemeralFlag = (flags: number): boolean =>
  flags === createFlags.ephemeral || flags === createFlags.ephemeralSequential;

/** What kind of znode a create makes. Outside a multi the opcode decides about containers (`container`, `opcode`), inside the flags do. */
function kindFor(demand: CreateDemand): ZnodeKind {
  const { flags } = demand.request;
  if (demand.kindOf === "container") return znodeKinds.container;
  if (flags === createFlags.persistentTTL || flags === createFlags.persistentSequentialTTL) return znodeKinds.ttl;
  if (isEphemeralFlag(flags)) return znodeKinds.ephemeral;
  return flags === createFlags.container && demand.kindOf === "flags" ? znodeKinds.container : znodeKinds.persistent;
}

/** TTL flags need a ttl in range; outside a multi, any other flags must not carry one. */
function ttlIsWrong(demand: CreateDemand): boolean {
  const wantsTtl = demand.request.flags >= createFlags.persistentTTL;
  if (!wantsTtl) return demand.ttlMs !== undefined && demand.kindOf === "opcode";
  return demand.ttlMs === undefined || demand.ttlMs < 1 || demand.ttlMs > ttlMsMax;
}

/** create, create2, createContainer, createTTL. */
export function prepareCreate(demand: CreateDemand, context: WriteContext): Outcome<Change> {
  const { path, data, acl, flags } = demand.request;
  if (flags < 0 || flags > createFlags.persistentSequentialTTL) return refuse("BADARGUMENTS");
  if (flags >= createFlags.persistentTTL && !context.extendedTypes) return refuse("UNIMPLEMENTED");
  if (ttlIsWrong(demand)) return refuse("BADARGUMENTS");
  if (path === null) return refuse("MARSHALLINGERROR");
  if (!path.includes("/") || path.includes("\0")) return refuse("BADARGUMENTS");
  const fixed = fixupAcl(acl, context.identities, context.policy);
  if (fixed === "broken") return refuse("MARSHALLINGERROR");
  if (fixed === null) return refuse("INVALIDACL");
  const parent = context.draft.get(parentOf(path));
  if (parent === undefined) return refuse("NONODE");
  if (lacks(context, parent, permBits.create)) return refuse("NOAUTH");
  const finalPath = isSequentialFlags(flags) ? path + sequenceSuffix(parent.creates) : path;
  if (!isValidPath(finalPath)) return refuse("BADARGUMENTS");
  if (context.draft.get(finalPath) !== undefined) return refuse("NODEEXISTS");
  if (parent.kind === znodeKinds.ephemeral || context.seeming?.has(parentOf(path)) === true)
    return refuse("NOCHILDRENFOREPHEMERALS");
  const size = { count: 1, bytes: data?.length ?? 0 };
  if (context.quotas !== undefined && exceedsQuota(finalPath, size, context.quotas)) return refuse("QUOTAEXCEEDED");
  const kind = kindFor(demand);
  if (isEphemeralFlag(flags)) context.seeming?.add(finalPath);
  else context.seeming?.delete(finalPath);
  return accept({
    is: "create",
    path: finalPath,
    data: copied(data),
    acl: fixed,
    kind,
    owner: kind === znodeKinds.ephemeral ? context.session : 0,
    ttlMs: kind === znodeKinds.ttl ? Number(demand.ttlMs) : 0,
    creates: (parent.creates + 1) | 0,
  });
}

/** What a deletion asks of a path, which is less than a creation does. */
const isDeletablePath = (path: string): boolean =>
  path.includes("/") && !path.includes("\0") && !reservedPaths.has(path);

/** delete: DELETE is looked up on the parent, and before the node's own existence. */
export function prepareDelete(
  request: { path: string | null; version: number },
  context: WriteContext,
): Outcome<Change> {
  const { path, version } = request;
  if (path === null) return refuse("MARSHALLINGERROR");
  if (!isDeletablePath(path)) return refuse("BADARGUMENTS");
  const parent = context.draft.get(parentOf(path));
  if (parent === undefined) return refuse("NONODE");
  if (lacks(context, parent, permBits.delete)) return refuse("NOAUTH");
  const node = context.draft.get(path);
  if (node === undefined) return refuse("NONODE");
  if (differs(version, node.version)) return refuse("BADVERSION");
  if (node.childCount > 0) return refuse("NOTEMPTY");
  return accept({ is: "delete", path });
}

/** deleteContainer, from 3.9 on: meant for the server itself, but taken from everybody, and nobody's permission is looked at. */
export function prepareDeleteContainer(request: { path: string | null }, context: WriteContext): Outcome<Change> {
  const { path } = request;
  if (path === null) return refuse("MARSHALLINGERROR");
  if (!isDeletablePath(path)) return refuse("BADARGUMENTS");
  const node = context.draft.get(path);
  if (node === undefined) return refuse("NONODE");
  if (node.childCount > 0) return refuse("NOTEMPTY");
  if (node.kind === znodeKinds.ephemeral) return refuse("BADVERSION");
  return accept({ is: "delete", path });
}

/** setData. */
export function prepareSetData(
  request: { path: string | null; data: Uint8Array | null; version: number },
  context: WriteContext,
): Outcome<Change> {
  const { path, data, version } = request;
  if (!isValidPath(path)) return refuse("BADARGUMENTS");
  const node = context.draft.get(path);
  if (node === undefined) return refuse("NONODE");
  if (lacks(context, node, permBits.write)) return refuse("NOAUTH");
  const more = { count: 0, bytes: (data?.length ?? 0) - node.dataLength };
  if (context.quotas !== undefined && exceedsQuota(path, more, context.quotas)) return refuse("QUOTAEXCEEDED");
  if (differs(version, node.version)) return refuse("BADVERSION");
  return accept({ is: "setData", path, data: copied(data) });
}

/** setACL: the list is judged before the node is looked up. */
export function prepareSetAcl(
  request: { path: string | null; acl: CreateRequest["acl"]; version: number },
  context: WriteContext,
): Outcome<Change> {
  const { path, acl, version } = request;
  if (!isValidPath(path)) return refuse("BADARGUMENTS");
  const fixed = fixupAcl(acl, context.identities, context.policy);
  if (fixed === "broken") return refuse("MARSHALLINGERROR");
  if (fixed === null) return refuse("INVALIDACL");
  const node = context.draft.get(path);
  if (node === undefined) return refuse("NONODE");
  if (lacks(context, node, permBits.admin)) return refuse("NOAUTH");
  if (differs(version, node.aversion)) return refuse("BADVERSION");
  return accept({ is: "setAcl", path, acl: fixed });
}

/** check: changes nothing. */
export function prepareCheck(request: { path: string | null; version: number }, context: WriteContext): Outcome<null> {
  const { path, version } = request;
  if (!isValidPath(path)) return refuse("BADARGUMENTS");
  const node = context.draft.get(path);
  if (node === undefined) return refuse("NONODE");
  if (lacks(context, node, permBits.read)) return refuse("NOAUTH");
  if (differs(version, node.version)) return refuse("BADVERSION");
  return accept(null);
}
