/** Bundles: znodes that were created in one batch and lie in etcd under one key, until something happens to them. Fifty creations are one put
 *  instead of fifty, a million znodes some thousand keys to load, and in memory a znode that nobody has touched is its place in the bundle's bytes.
 *
 *  A bundle is written once. A znode that is written again gets a key of its own, which counts from then on; one that is deleted is marked in the
 *  bundle's second key. When three quarters of a bundle are gone, what is left moves into keys of its own and the bundle goes.
 *  Every proxy keeps the same bundles: they are part of the replicated state. */
import { Writer } from "../jute/buffers.ts";
import { write } from "../jute/codec.ts";
import { openAcl } from "../protocol/opcodes.ts";
import type { ZnodeKind } from "./changes.ts";
import { BundledPath, BundledZnode, zxidOf } from "./keyspace.ts";
import { readStored } from "./stored-text.ts";
import { type Home, Znode } from "./znode.ts";

/** Bounds of a bundle: the bytes of data one znode may bring, the bytes of paths and data altogether, and how few or many there may be. */
export const bundleLimits = { dataMax: 4_096, bytesMax: 128 * 1024, entriesMin: 2, entriesMax: 4_096 };

/** A znode as it goes into a bundle: as it was born. `index` is its position in the batch, which its zxids are made of. */
export interface Entry {
  readonly path: string;
  readonly index: number;
  readonly node: Znode;
}

/** Where the fixed fields stand behind an entry's path: see `BundledZnode`. */
const afterPath = { kind: 0, dataLength: 32 };

/** The bytes of a bundle: each entry a length and a `BundledZnode`. */
export function bundleBytes(entries: Iterable<Entry>): Buffer {
  const writer = new Writer(16_384);
  for (const { path, index, node } of entries) {
    const start = writer.length;
    writer.int(0);
    const { kind, ctime, owner, ttlMs, data } = node;
    const acl = node.acl === openAcl ? null : [...node.acl];
    write(BundledZnode, writer, { path, kind, index, ctime, owner, ttl: ttlMs, data, acl });
    writer.bytes().writeInt32BE(writer.length - start - 4, start);
  }
  const kept = Buffer.allocUnsafeSlow(writer.length);
  writer.bytes().copy(kept);
  return kept;
}

/** A bundle in etcd. `base` is the fence's revision that its batch was prepared on: only one batch can be committed on each, so it names the keys. */
export class Bundle {
  readonly base: number;
  readonly revision: number;
  readonly #bytes: Buffer;
  readonly #offsets: Uint32Array;
  readonly #gone: Uint8Array;
  live: number;

  /** `gone`: what `goneBits` once made of it. */
  constructor(at: { base: number; revision: number }, bytes: Buffer, gone?: Uint8Array) {
    this.base = at.base;
    this.revision = at.revision;
    this.#bytes = bytes;
    const offsets: number[] = [];
    for (let offset = 0; offset < bytes.length; offset += 4 + bytes.readInt32BE(offset)) offsets.push(offset + 4);
    this.#offsets = Uint32Array.from(offsets);
    this.#gone = new Uint8Array((offsets.length + 7) >> 3);
    this.#gone.set(gone ?? []);
    this.live = offsets.length;
    for (const entry of offsets.keys()) if (this.isGone(entry)) this.live--;
  }

  get size(): number {
    return this.#offsets.length;
  }

  isGone(entry: number): boolean {
    return (((this.#gone[entry >> 3] ?? 0) >> (entry & 7)) & 1) === 1;
  }

  /** The znode is deleted. */
  leave(entry: number): void {
    this.#gone[entry >> 3] = (this.#gone[entry >> 3] ?? 0) | (1 << (entry & 7));
    this.live--;
  }

  /** Whether it is to be given up once only `live` of its znodes are left. */
  isWorn(live = this.live): boolean {
    return live * 4 <= this.size;
  }

  /** One bit per entry, set where the znode is gone or among `leaving`. */
  goneBits(leaving: Iterable<number> = []): Buffer {
    const bits = Buffer.from(this.#gone);
    for (const entry of leaving) bits[entry >> 3] = (bits[entry >> 3] ?? 0) | (1 << (entry & 7));
    return bits;
  }

  /** The entries that are not gone. */
  *entries(): Generator<number> {
    for (let entry = 0; entry < this.size; entry++) if (!this.isGone(entry)) yield entry;
  }

  pathOf(entry: number): string {
    return this.#path(entry).path;
  }

  /** What counting znodes asks of one. */
  glance(entry: number): { readonly path: string; readonly kind: ZnodeKind; readonly dataLength: number } {
    const { path, end } = this.#path(entry);
    const kind = this.#bytes.readInt32BE(end + afterPath.kind) as ZnodeKind;
    return { path, kind, dataLength: Math.max(this.#bytes.readInt32BE(end + afterPath.dataLength), 0) };
  }

  /** The znode as it was born; its data is a view of the bundle. */
  znode(entry: number): Znode {
    const value = readStored(BundledZnode, this.#bytes, this.#offsets[entry] ?? 0);
    const node = new Znode(value.data as Buffer | null, value.acl ?? openAcl);
    node.czxid = node.mzxid = node.pzxid = zxidOf(this.revision, value.index);
    node.ctime = node.mtime = Number(value.ctime);
    node.kind = value.kind as ZnodeKind;
    node.owner = value.owner;
    node.ttlMs = Number(value.ttl);
    node.home = { bundle: this, entry };
    return node;
  }

  /** An entry's path, and where the fields behind it begin. */
  #path(entry: number): { path: string; end: number } {
    const offset = this.#offsets[entry] ?? 0;
    const end = offset + 4 + this.#bytes.readInt32BE(offset);
    const path = this.#bytes.toString("utf8", offset + 4, end);
    // Most paths are plain; the others take the long way.
    return path.includes("\ufffd")
      ? { path: readStored(BundledPath, this.#bytes, offset).path ?? "", end }
      : { path, end };
  }
}

/** Where an untouched znode is: a number that a tree can hold in place of it. */
export type Place = number;

/** All bundles of one tree. */
export class Bundles {
  readonly #slots: (Bundle | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #slotOf = new Map<Bundle, number>();
  /** Those that have lost znodes since `removeWorn`. */
  readonly #touched = new Set<Bundle>();

  /** Answers the place of its first entry; the others follow. */
  add(bundle: Bundle): Place {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = bundle;
    this.#slotOf.set(bundle, slot);
    return slot * bundleLimits.entriesMax;
  }

  homeAt(place: Place): Home {
    const bundle = this.#slots[Math.floor(place / bundleLimits.entriesMax)];
    if (bundle === undefined) throw new Error(`no bundle is at ${place}`);
    return { bundle, entry: place % bundleLimits.entriesMax };
  }

  /** A znode is deleted. */
  leave({ bundle, entry }: Home): void {
    bundle.leave(entry);
    this.#touched.add(bundle);
  }

  /** The bundles that have been worn out since `removeWorn`. */
  worn(): Bundle[] {
    return this.#touched.size === 0 ? [] : [...this.#touched].filter((bundle) => bundle.isWorn());
  }

  /** They are no longer among these; no place of theirs may be asked for. */
  removeWorn(): void {
    for (const bundle of this.worn()) {
      const slot = this.#slotOf.get(bundle);
      if (slot === undefined) continue;
      this.#slotOf.delete(bundle);
      this.#slots[slot] = undefined;
      this.#free.push(slot);
    }
    this.#touched.clear();
  }

  values(): Iterable<Bundle> {
    return this.#slotOf.keys();
  }
}

/** Whether etcd has a key of its own for a znode: it never was in a bundle, or was written since. */
export const hasOwnKey = (node: Znode): boolean =>
  node.home === null || node.mzxid !== node.czxid || node.aversion !== 0;

/** Whether a znode is as it was born, so that its bundle alone can tell all of it. */
export const isUntouched = (node: Znode): boolean =>
  node.mzxid === node.czxid && node.aversion === 0 && node.creates === 0 && node.children === null;
