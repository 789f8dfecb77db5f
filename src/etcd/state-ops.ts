/** What a draft puts into etcd: the znodes, children counters and sessions that it leaves changed, as operations of one transaction. */
import type { IRequestOp } from "etcd3";
import { openAcl } from "../protocol/opcodes.ts";
import type { Transaction } from "./batch.ts";
import { type Bundle, bundleBytes, bundleLimits, type Entry, hasOwnKey } from "./bundles.ts";
import type { Change } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { ChildrenRecord, encodeRecord, type Keyspace, SessionRecord, storedZxid, ZnodeRecord } from "./keyspace.ts";
import type { Tree } from "./tree.ts";
import type { Znode } from "./znode.ts";

export const put = (key: string, value: Buffer): IRequestOp => ({ request_put: { key: Buffer.from(key), value } });
const remove = (key: string): IRequestOp => ({ request_delete_range: { key: Buffer.from(key) } });

const storedAcl = ({ acl }: Znode) => (acl === openAcl ? null : [...acl]);

function znodeValue(node: Znode): Buffer {
  return encodeRecord(ZnodeRecord, {
    czxid: storedZxid(node.czxid),
    mzxid: storedZxid(node.mzxid),
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    aversion: node.aversion,
    kind: node.kind,
    owner: node.owner,
    ttl: node.ttlMs,
    acl: storedAcl(node),
    data: node.data,
  });
}

/** A bundle on its way to etcd. `creations` are the changes that made its znodes, in the order of its entries. */
export interface NewBundle {
  readonly base: number;
  readonly bytes: Buffer;
  readonly paths: ReadonlySet<string>;
  readonly creations: ReadonlySet<Change>;
}

/** The znodes of a draft that go into one bundle: created by it, not written again, and small; null where it is not worth it. Quota statistics
 *  change without a trace in their Stat, so what is below /zookeeper has keys of its own. */
export function bundleOf(transactions: readonly Transaction[], draft: Draft, base: number): NewBundle | null {
  const chosen = new Map<string, Entry & { readonly change: Change }>();
  for (const { index, changes } of transactions)
    for (const change of changes) {
      if (change.is !== "create") continue;
      const { path } = change;
      const node = draft.nodes.get(path);
      // A path that is created twice stands where it was created last.
      chosen.delete(path);
      if (node?.czxid === index && isBundled(path, node)) chosen.set(path, { path, index, node, change });
    }
  let bytes = 0;
  const entries = [...chosen.values()].filter(({ path, node }) => {
    bytes += path.length + node.dataLength;
    return bytes <= bundleLimits.bytesMax;
  });
  const { entriesMin, entriesMax } = bundleLimits;
  if (entries.length < entriesMin || entries.length > entriesMax) return null;
  return {
    base,
    bytes: bundleBytes(entries),
    paths: new Set(entries.map(({ path }) => path)),
    creations: new Set(entries.map(({ change }) => change)),
  };
}

const isBundled = (path: string, node: Znode): boolean =>
  node.version === 0 &&
  node.aversion === 0 &&
  node.dataLength <= bundleLimits.dataMax &&
  !path.startsWith("/zookeeper/");

/** The operations of one batch, collected. */
class StateOps {
  readonly ops: IRequestOp[] = [];
  readonly #keys: Keyspace;
  readonly #draft: Draft;
  readonly #tree: Tree;
  readonly #bundle: NewBundle | null;
  /** Entries that leave their bundles with this batch. */
  readonly #leaving = new Map<Bundle, Set<number>>();

  constructor(keys: Keyspace, { draft, tree, bundle }: { draft: Draft; tree: Tree; bundle: NewBundle | null }) {
    this.#keys = keys;
    this.#draft = draft;
    this.#tree = tree;
    this.#bundle = bundle;
    if (bundle !== null) this.ops.push(put(keys.bundle(bundle.base), bundle.bytes));
    for (const [path, after] of draft.nodes) this.#znode(path, after);
    for (const [old, leaving] of this.#leaving) this.#shrink(old, leaving);
    for (const [id, session] of draft.sessions)
      if (session !== null) this.ops.push(put(keys.session(id), encodeRecord(SessionRecord, session)));
      else if (tree.session(id) !== undefined) this.ops.push(remove(keys.session(id)));
  }

  /** The znode's own key where its own fields changed, its children key where creations or pzxid did, and its place in a bundle. */
  #znode(path: string, after: Znode | null): void {
    const before = this.#tree.get(path);
    const isNew = before === undefined || before.czxid !== after?.czxid;
    const isBundled = this.#bundle?.paths.has(path) === true;
    if (before !== undefined && isNew) {
      if (before.home !== null) this.#leavingOf(before.home.bundle).add(before.home.entry);
      if ((after === null || isBundled) && hasOwnKey(before)) this.ops.push(remove(this.#keys.znode(path)));
    }
    if (after !== null && !isBundled) {
      const isWritten = isNew || before.mzxid !== after.mzxid || before.aversion !== after.aversion;
      // An untouched znode's data is another view each time; quota statistics, which change silently, are never in a bundle.
      if (isWritten || (before.home === null && before.data !== after.data))
        this.ops.push(put(this.#keys.znode(path), znodeValue(after)));
    }
    this.#children(path, before, after);
  }

  #children(path: string, before: Znode | undefined, after: Znode | null): void {
    const hadKey = before !== undefined && before.creates !== 0;
    if (after === null || after.creates === 0) {
      if (hadKey) this.ops.push(remove(this.#keys.children(path)));
      return;
    }
    const isSame = before?.czxid === after.czxid && before.creates === after.creates && before.pzxid === after.pzxid;
    if (isSame) return;
    const record = { creates: after.creates, pzxid: storedZxid(after.pzxid) };
    this.ops.push(put(this.#keys.children(path), encodeRecord(ChildrenRecord, record)));
  }

  #leavingOf(bundle: Bundle): Set<number> {
    const leaving = this.#leaving.get(bundle) ?? new Set();
    this.#leaving.set(bundle, leaving);
    return leaving;
  }

  /** Marks what has left an older bundle; a worn one goes, and who is left gets a key of its own. */
  #shrink(bundle: Bundle, leaving: ReadonlySet<number>): void {
    if (!bundle.isWorn(bundle.live - leaving.size))
      return void this.ops.push(put(this.#keys.goneFrom(bundle.base), bundle.goneBits(leaving)));
    for (const entry of bundle.entries()) {
      if (leaving.has(entry)) continue;
      const path = bundle.pathOf(entry);
      const before = this.#tree.get(path);
      const after = this.#draft.nodes.get(path) ?? before;
      if (before === undefined || after === undefined || hasOwnKey(before)) continue;
      const isPut = after.mzxid !== before.mzxid || after.aversion !== before.aversion;
      if (!isPut) this.ops.push(put(this.#keys.znode(path), znodeValue(after)));
    }
    this.ops.push(remove(this.#keys.bundle(bundle.base)));
    if (bundle.live < bundle.size) this.ops.push(remove(this.#keys.goneFrom(bundle.base)));
  }
}

/** Everything that a draft over `tree` changes; `bundle` is what `bundleOf` found in it. */
export const stateOps = (
  keys: Keyspace,
  content: { readonly draft: Draft; readonly tree: Tree; readonly bundle: NewBundle | null },
): IRequestOp[] => new StateOps(keys, content).ops;
