/** Answers to reads, from the tree as it stands. Order of checks as in zookeeper-semantics 4.4; source: FinalRequestProcessor (3.9). */
import type { Int64 } from "../jute/int64.ts";
import type { SequenceItem } from "../jute/kinds.ts";
import { accept, type Outcome, refuse } from "../outcome.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { multiOp } from "../protocol/multi.ts";
import {
  addWatchModes,
  eventTypes,
  type OpName,
  opcodes,
  permBits,
  type ReplyOf,
  type RequestOf,
} from "../protocol/opcodes.ts";
import type { SetWatches } from "../protocol/records.ts";
import { type Identity, isPermitted, redactedAcl } from "./acl.ts";
import type { Features } from "./features.ts";
import type { Tree } from "./tree.ts";
import { type Watcher, type Watches, watchModes } from "./watches.ts";
import { statOf, type Znode } from "./znode.ts";

/** Who reads, and from what. `catchUp` sends an event at once (setWatches), past every filter. */
export interface ReadContext {
  readonly tree: Tree;
  readonly watches: Watches;
  readonly watcher: Watcher;
  readonly session: Int64;
  readonly identities: readonly Identity[];
  readonly features: Features;
  catchUp(type: number, path: string): void;
}

/** The operations answered here. */
export type ReadName =
  | "exists"
  | "getData"
  | "getACL"
  | "getChildren"
  | "getChildren2"
  | "getAllChildrenNumber"
  | "getEphemerals"
  | "multiRead"
  | "addWatch"
  | "removeWatches"
  | "checkWatches"
  | "setWatches"
  | "setWatches2"
  | "whoAmI"
  | "ping";

type ReadHandlers = {
  readonly [Op in Extract<ReadName, OpName>]: (request: RequestOf<Op>, context: ReadContext) => Outcome<ReplyOf<Op>>;
};

const none = accept({});

/** The znode, if the caller may do one of `perms` with it. A null path is a broken record. */
function reachable(path: string | null, perms: number, context: ReadContext): Outcome<Znode> {
  if (path === null) return refuse("MARSHALLINGERROR");
  const node = context.tree.get(path);
  if (node === undefined) return refuse("NONODE");
  return isPermitted(node.acl, perms, context.identities) ? accept(node) : refuse("NOAUTH");
}

const childrenOf = (node: Znode): string[] => (node.children === null ? [] : [...node.children]);

function armData(request: { path: string | null; watch: boolean }, context: ReadContext): void {
  if (request.watch && request.path !== null)
    context.watches.data.add(request.path, context.watcher, watchModes.oneShot);
}

function armChild(request: { path: string | null; watch: boolean }, context: ReadContext): void {
  if (request.watch && request.path !== null)
    context.watches.child.add(request.path, context.watcher, watchModes.oneShot);
}

/** Whether an operation may stand in a multiRead. */
export const isRead = ({ header }: SequenceItem): boolean =>
  header.type === opcodes.getData.code || header.type === opcodes.getChildren.code;

/** One member of a multiRead: failures do not stop the others, watch flags are ignored. */
function readMember(item: SequenceItem, context: ReadContext): SequenceItem {
  const path = item.body.path as string | null;
  const found = reachable(path, permBits.read, context);
  if (!found.ok) return { header: { type: -1, done: false, err: found.code }, body: { err: found.code } };
  const isGetData = item.header.type === 4;
  const body = isGetData ? { data: found.body.data, stat: statOf(found.body) } : { children: childrenOf(found.body) };
  return { header: { ...multiOp(isGetData ? 4 : 8, {}).header, err: 0 }, body };
}

/** Re-registers one-shot watches, or tells at once what was missed, path by path. A null path breaks off there: what came before it stays done. */
function restoreOneShots(request: SetWatches, context: ReadContext): Outcome<Record<string, never>> {
  const { tree, watches, watcher } = context;
  for (const path of request.dataWatches ?? []) {
    if (path === null) return refuse("MARSHALLINGERROR");
    const node = tree.get(path);
    if (node === undefined) context.catchUp(eventTypes.deleted, path);
    else if (node.mzxid > request.relativeZxid) context.catchUp(eventTypes.dataChanged, path);
    else watches.data.add(path, watcher, watchModes.oneShot);
  }
  for (const path of request.existWatches ?? []) {
    if (path === null) return refuse("MARSHALLINGERROR");
    if (tree.get(path) !== undefined) context.catchUp(eventTypes.created, path);
    else watches.data.add(path, watcher, watchModes.oneShot);
  }
  for (const path of request.childWatches ?? []) {
    if (path === null) return refuse("MARSHALLINGERROR");
    const node = tree.get(path);
    if (node === undefined) context.catchUp(eventTypes.deleted, path);
    else if (node.pzxid > request.relativeZxid) context.catchUp(eventTypes.childrenChanged, path);
    else watches.child.add(path, watcher, watchModes.oneShot);
  }
  return none;
}

/** A handler for every read. */
export const reads: ReadHandlers = {
  ping: () => none,

  exists(request, context) {
    const { path } = request;
    if (path === null) return refuse("MARSHALLINGERROR");
    if (path.includes("\0")) return refuse("BADARGUMENTS");
    const node = context.tree.get(path);
    if (node !== undefined && context.features.existsNeedsRead)
      if (!isPermitted(node.acl, permBits.read, context.identities)) return refuse("NOAUTH");
    armData(request, context);
    return node === undefined ? refuse("NONODE") : accept({ stat: statOf(node) });
  },

  getData(request, context) {
    const found = reachable(request.path, permBits.read, context);
    if (!found.ok) return found;
    armData(request, context);
    return accept({ data: found.body.data, stat: statOf(found.body) });
  },

  getChildren(request, context) {
    const found = reachable(request.path, permBits.read, context);
    if (!found.ok) return found;
    armChild(request, context);
    return accept({ children: childrenOf(found.body) });
  },

  getChildren2(request, context) {
    const found = reachable(request.path, permBits.read, context);
    if (!found.ok) return found;
    armChild(request, context);
    return accept({ children: childrenOf(found.body), stat: statOf(found.body) });
  },

  getACL(request, context) {
    const found = reachable(request.path, permBits.read | permBits.admin, context);
    if (!found.ok) return found;
    const node = found.body;
    const mayAdmin = isPermitted(node.acl, permBits.admin, context.identities);
    return accept({ acl: mayAdmin ? [...node.acl] : redactedAcl(node.acl), stat: statOf(node) });
  },

  getAllChildrenNumber(request, context) {
    const found = reachable(request.path, permBits.read, context);
    return found.ok ? accept({ totalNumber: context.tree.descendantsOf(request.path ?? "") }) : found;
  },

  getEphemerals(request, context) {
    const prefix = request.prefixPath?.trim() ?? "";
    const all = prefix === "" || prefix === "/";
    const paths = [...context.tree.ephemeralsOf(context.session)];
    return accept({ ephemerals: all ? paths : paths.filter((path) => path.startsWith(request.prefixPath ?? "")) });
  },

  multiRead(request, context) {
    if (!request.every(isRead)) return refuse("MARSHALLINGERROR");
    if (request.some((item) => item.body.path === null)) return refuse("MARSHALLINGERROR");
    return accept(request.map((item) => readMember(item, context)));
  },

  addWatch(request, context) {
    const { persistent, recursive } = addWatchModes;
    if (request.mode !== persistent && request.mode !== recursive) return refuse("MARSHALLINGERROR");
    const mode = request.mode === persistent ? watchModes.persistent : watchModes.recursive;
    if (request.path !== null) context.watches.addPersistent(request.path, context.watcher, mode);
    return accept({ err: errorCodes.OK });
  },

  removeWatches(request, context) {
    const removed = context.watches.remove(request.path ?? "", context.watcher, request.type);
    if (removed === undefined) return refuse("MARSHALLINGERROR");
    return removed ? none : refuse("NOWATCHER");
  },

  checkWatches(request, context) {
    const { path } = request;
    const armed = context.watches.has(path ?? "", context.watcher, request.type);
    if (armed === undefined) return refuse("MARSHALLINGERROR");
    // Up to 3.8 the path's parents are gone through before the path is looked at, and there a path without a slash breaks.
    if (!context.features.watchModesCoexist) {
      if (path === null || (path !== "" && !path.includes("/"))) return refuse("MARSHALLINGERROR");
      if (path === "") return refuse("NOWATCHER");
    }
    return armed ? none : refuse("NOWATCHER");
  },

  setWatches(request, context) {
    const { dataWatches, existWatches, childWatches } = request;
    if (dataWatches === null || existWatches === null || childWatches === null) return refuse("MARSHALLINGERROR");
    return restoreOneShots(request, context);
  },

  setWatches2(request, context) {
    const { dataWatches, existWatches, childWatches, persistentWatches, persistentRecursiveWatches } = request;
    if (dataWatches === null || existWatches === null || childWatches === null) return refuse("MARSHALLINGERROR");
    if (persistentWatches === null || persistentRecursiveWatches === null) return refuse("MARSHALLINGERROR");
    const restored = restoreOneShots(request, context);
    if (!restored.ok) return restored;
    for (const path of persistentWatches)
      context.watches.addPersistent(path ?? "", context.watcher, watchModes.persistent);
    for (const path of persistentRecursiveWatches)
      context.watches.addPersistent(path ?? "", context.watcher, watchModes.recursive);
    return none;
  },

  whoAmI(_request, context) {
    const clientInfo = context.identities.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: scheme === "digest" && id.includes(":") ? id.slice(0, id.indexOf(":")) : id,
    }));
    return accept({ clientInfo });
  },
};
