/** What a draft puts into etcd: the znodes, children counters and sessions that it leaves changed, as operations of one transaction. */
import type { IRequestOp } from "etcd3";
import { Bundle, bundleLimits } from "./bundles.ts";
import type { Draft } from "./draft.ts";
import {
  BundleRecord,
  ChildrenRecord,
  encodeRecord,
  type Keyspace,
  SessionRecord,
  storedZxid,
  ZnodeRecord,
} from "./keyspace.ts";
import type { Tree } from "./tree.ts";
import { openAcl, type Znode } from "./znode.ts";

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

/** The znodes of a draft that go into one bundle: created by it, not written again, small, and each the only one of its position; null where it
 *  is not worth it. Quota statistics change without a trace in their Stat, so what is below /zookeeper has keys of its own. */
export function bundleOf(draft: Draft, tree: Tree): Bundle | null {
  const paths = new Map<number, string | null>();
  let bytes = 0;
  for (const [path, node] of draft.nodes) {
    if (node === null || tree.get(path)?.czxid === node.czxid) continue;
    const isTaken = paths.has(node.czxid);
    const isPlain = node.mzxid === node.czxid && node.aversion === 0 && !path.startsWith("/zookeeper/");
    const size = path.length + node.dataLength;
    if (isTaken || !isPlain || node.dataLength > bundleLimits.dataMax || bytes + size > bundleLimits.bytesMax)
      paths.set(node.czxid, null);
    else {
      paths.set(node.czxid, path);
      bytes += size;
    }
  }
  const entries = [...paths].filter((entry): entry is [number, string] => entry[1] !== null).sort(([a], [b]) => a - b);
  if (entries.length < bundleLimits.entriesMin) return null;
  return new Bundle(
    tree.revision,
    entries.map(([index]) => index),
    entries.map(([, path]) => path),
  );
}

function bundleValue(bundle: Bundle, draft: Draft): Buffer {
  const znodes = bundle.paths.map((path, entry) => {
    const node = draft.nodes.get(path ?? "");
    if (path === null || node === null || node === undefined) throw new Error("a bundle was not made of this draft");
    const { ctime, kind, owner, ttlMs, data } = node;
    return { index: bundle.indices[entry] ?? 0, path, ctime, kind, owner, ttl: ttlMs, acl: storedAcl(node), data };
  });
  return encodeRecord(BundleRecord, { znodes });
}

/** The operations of one batch, collected. */
class StateOps {
  readonly ops: IRequestOp[] = [];
  readonly #keys: Keyspace;
  readonly #draft: Draft;
  readonly #tree: Tree;
  readonly #bundled: ReadonlySet<string | null>;
  /** Entries that leave their bundles with this batch. */
  readonly #leaving = new Map<Bundle, Set<number>>();

  constructor(keys: Keyspace, { draft, tree, bundle }: { draft: Draft; tree: Tree; bundle: Bundle | null }) {
    this.#keys = keys;
    this.#draft = draft;
    this.#tree = tree;
    this.#bundled = new Set(bundle?.paths);
    if (bundle !== null) this.ops.push(put(keys.bundle(bundle.base), bundleValue(bundle, draft)));
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
    const isBundled = this.#bundled.has(path);
    if (before !== undefined && isNew) {
      const home = this.#tree.bundles.homeOf(before);
      if (home !== undefined) this.#leavingOf(home.bundle).add(home.entry);
      if ((after === null || isBundled) && this.#tree.bundles.hasOwnKey(before))
        this.ops.push(remove(this.#keys.znode(path)));
    }
    if (after !== null && !isBundled) {
      const isWritten = isNew || before.mzxid !== after.mzxid || before.aversion !== after.aversion;
      if (isWritten || before.data !== after.data) this.ops.push(put(this.#keys.znode(path), znodeValue(after)));
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
    for (const [entry, path] of bundle.paths.entries()) {
      if (path === null || leaving.has(entry)) continue;
      const before = this.#tree.get(path);
      const isWritten = before === undefined || this.#tree.bundles.hasOwnKey(before);
      const after = this.#draft.nodes.get(path) ?? before;
      const isPut = after === undefined || after.mzxid !== before?.mzxid || after.aversion !== before.aversion;
      if (!isWritten && !isPut) this.ops.push(put(this.#keys.znode(path), znodeValue(after)));
    }
    this.ops.push(remove(this.#keys.bundle(bundle.base)));
    if (bundle.live < bundle.paths.length) this.ops.push(remove(this.#keys.goneFrom(bundle.base)));
  }
}

/** Everything that a draft over `tree` changes; `bundle` is what `bundleOf` found in it. */
export const stateOps = (
  keys: Keyspace,
  content: { readonly draft: Draft; readonly tree: Tree; readonly bundle: Bundle | null },
): IRequestOp[] => new StateOps(keys, content).ops;
