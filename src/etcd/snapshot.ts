/** Reading the whole state from etcd at one revision: what a proxy starts with, and starts again with when history was compacted away. */
import { randomBytes } from "node:crypto";
import { openAcl } from "../protocol/opcodes.ts";
import { Bundle } from "./bundles.ts";
import type { ZnodeKind } from "./changes.ts";
import {
  ChildrenRecord,
  decodeRecord,
  encodeRecord,
  FenceRecord,
  type Keyspace,
  loadedZxid,
  rangeEnd,
  SessionRecord,
  sessionIdOf,
  ZnodeRecord,
  zxidOf,
} from "./keyspace.ts";
import { EtcdCompacted, type EtcdStore, type StoredKey } from "./store.ts";
import { Tree } from "./tree.ts";
import { Znode } from "./znode.ts";

/** A loaded state. `revision` is etcd's when it was read: watches go on from the one behind it. */
export interface Snapshot {
  readonly tree: Tree;
  readonly revision: number;
  readonly secret: Buffer;
  readonly proxies: readonly string[];
}

/** Ranges read at the same time. */
const parallelRanges = 4;
/** Keys of a kind from which they are read in parts. */
const manyKeys = 1_000;
const shards = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Loads the tree; makes the fence and the secret on the first start ever. Errors: those of the store. */
export async function loadSnapshot(store: EtcdStore, keys: Keyspace): Promise<Snapshot> {
  for (;;) {
    const fence = await store.range(keys.fence);
    const [key] = fence.keys;
    if (key === undefined) {
      await initialise(store, keys);
      continue;
    }
    try {
      return await loadAt(store, keys, { fence: key, revision: fence.revision });
    } catch (error) {
      if (!(error instanceof EtcdCompacted)) throw error;
    }
  }
}

async function initialise(store: EtcdStore, keys: Keyspace): Promise<void> {
  const put = (key: string, value: Buffer) => ({ request_put: { key: Buffer.from(key), value } });
  await store.txn(
    [{ key: Buffer.from(keys.fence), result: "Equal", target: "Create", create_revision: 0 }],
    [put(keys.fence, encodeRecord(FenceRecord, { batch: "", zxids: 0 })), put(keys.secret, randomBytes(32))],
  );
}

async function loadAt(store: EtcdStore, keys: Keyspace, at: { fence: StoredKey; revision: number }): Promise<Snapshot> {
  const tree = new Tree();
  tree.revision = at.fence.modRevision;
  tree.zxid = zxidOf(at.fence.modRevision, decodeRecord(FenceRecord, at.fence.value).zxids);
  const from = { store, revision: at.revision };
  const read = async (prefix: string): Promise<StoredKey[]> =>
    (await store.range(prefix, rangeEnd(prefix), at.revision)).keys;
  await eachKey(keys, "n", from, (stored) => tree.restore(keys.pathOf(stored.key), znodeFrom(stored)));
  const gone = new Map<number, Buffer>();
  await eachKey(keys, "g", from, (stored) => gone.set(keys.baseOf(stored.key), stored.value));
  await eachKey(keys, "b", from, (stored) => {
    const base = keys.baseOf(stored.key);
    tree.restoreBundle(new Bundle({ base, revision: stored.modRevision }, stored.value, gone.get(base)));
  });
  await eachKey(keys, "c", from, (stored) => {
    const node = tree.touch(keys.pathOf(stored.key));
    if (node === undefined) return;
    const record = decodeRecord(ChildrenRecord, stored.value);
    node.creates = record.creates;
    node.pzxid = loadedZxid(record.pzxid, stored.modRevision);
  });
  tree.linkChildren();
  for (const stored of await read(keys.sessions)) {
    const record = decodeRecord(SessionRecord, stored.value);
    tree.sessions.set(sessionIdOf(stored.key.slice(keys.sessions.length)), {
      timeoutMs: record.timeoutMs,
      owner: record.owner ?? "",
    });
  }
  const proxies = (await read(keys.proxies)).map((stored) => keys.proxyOf(stored.key));
  const secret = (await store.range(keys.secret)).keys[0]?.value;
  if (secret === undefined) throw new Error(`etcd lacks ${keys.secret}: is ${keys.prefix} used by something else?`);
  return { tree, revision: at.revision, secret, proxies };
}

/** Reads all keys of a kind. Many are read in ranges that a hash byte makes alike: several at a time, and each small enough not to leave much memory
 *  behind. */
async function eachKey(
  keys: Keyspace,
  kind: "n" | "b" | "g" | "c",
  { store, revision }: { store: EtcdStore; revision: number },
  take: (stored: StoredKey) => void,
): Promise<void> {
  const all = `${keys.prefix}/${kind}/`;
  const count = await store.count(all, rangeEnd(all), revision);
  const waiting = count === 0 ? [] : count < manyKeys ? [all] : shards.map((shard) => all + shard);
  const work = async (): Promise<void> => {
    for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop())
      for (const stored of (await store.range(prefix, rangeEnd(prefix), revision)).keys) take(stored);
  };
  await Promise.all(Array.from({ length: parallelRanges }, work));
}

function znodeFrom(stored: StoredKey): Znode {
  const record = decodeRecord(ZnodeRecord, stored.value);
  const node = new Znode(record.data === null ? null : Buffer.from(record.data), record.acl ?? openAcl);
  node.czxid = loadedZxid(record.czxid, stored.modRevision);
  node.mzxid = loadedZxid(record.mzxid, stored.modRevision);
  node.pzxid = node.czxid;
  node.ctime = Number(record.ctime);
  node.mtime = Number(record.mtime);
  node.version = record.version;
  node.aversion = record.aversion;
  node.kind = record.kind as ZnodeKind;
  node.owner = record.owner;
  node.ttlMs = Number(record.ttl);
  return node;
}
