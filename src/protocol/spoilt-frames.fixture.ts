/** Real frames of every opcode, and a seeded way to spoil them: what the wire's tests are fed with. Plain code instead of fast-check, because a
 *  million of them have to take seconds; a failure is found again by its seed. */
import { readFileSync } from "node:fs";
import { Writer } from "../jute/buffers.ts";
import { encodeRequest } from "./client.ts";
import { encodeConnectRequest } from "./connect.ts";
import { multiOp } from "./multi.ts";
import { type OpName, opcodes, type RequestOf } from "./opcodes.ts";

/** How many frames a test spoils, unless told: a few seconds' worth. `npm run fuzz:wire` asks for a million. */
export const framesWanted = (usual: number): number => Number(process.env.ZETCD_FUZZ_FRAMES ?? usual);
/** Where a run starts; another one each time, unless told. Named by whatever fails. */
export const fuzzSeed = Number(process.env.ZETCD_FUZZ_SEED ?? Date.now() % 2 ** 31);

const anyone = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const lists = [
  anyone,
  [{ perms: 31, id: { scheme: "auth", id: "" } }],
  [
    ...anyone,
    { perms: 1, id: { scheme: "digest", id: "user:hash" } },
    { perms: 3, id: { scheme: "ip", id: "::1/64" } },
  ],
];
const data = Buffer.from("some data");
const flagsMax = 6;

const frame = <Op extends OpName>(op: Op, body: RequestOf<Op>): Buffer => encodeRequest(new Writer(), 1, op, body);

const members = [
  multiOp(1, { path: "/f/m", data, acl: anyone, flags: 0 }),
  multiOp(15, { path: "/f/m/c", data: null, acl: anyone, flags: 0 }),
  multiOp(5, { path: "/f/m", data, version: 0 }),
  multiOp(13, { path: "/f/m", version: 1 }),
  multiOp(2, { path: "/f/m/c", version: -1 }),
  multiOp(2, { path: "/f/m", version: -1 }),
];
const watchLists = { dataWatches: ["/f", "/g"], existWatches: ["/nope"], childWatches: ["/f", "/"] };

/** Requests of every opcode, some in several forms, without their prefix. */
export const realFrames: readonly Buffer[] = [
  ...["/f", "/f/a", "/f/a/b", "/g"].flatMap((path, index) => [
    frame("create", { path, data, acl: lists[index % lists.length] ?? anyone, flags: 0 }),
    frame("delete", { path, version: index % 2 === 0 ? -1 : 0 }),
    frame("exists", { path, watch: true }),
    frame("getData", { path, watch: index > 1 }),
    frame("setData", { path, data, version: -1 }),
    frame("getChildren", { path, watch: index > 1 }),
    frame("getChildren2", { path, watch: true }),
  ]),
  ...Array.from({ length: flagsMax }, (_, index) =>
    frame("create2", { path: "/f/s-", data: null, acl: anyone, flags: index + 1 }),
  ),
  frame("createContainer", { path: "/f/c", data, acl: anyone, flags: 4 }),
  frame("createTTL", { path: "/f/t", data, acl: anyone, flags: 5, ttl: 1_000 }),
  frame("deleteContainer", { path: "/f/c" }),
  frame("getACL", { path: "/f" }),
  frame("setACL", { path: "/f/a", acl: lists[2] ?? anyone, version: -1 }),
  frame("sync", { path: "/f" }),
  frame("ping", {}),
  frame("check", { path: "/f", version: 7 }),
  frame("multi", members),
  frame("multi", members.slice(0, 1)),
  frame("multi", []),
  frame("multiRead", [multiOp(4, { path: "/f", watch: false }), multiOp(8, { path: "/", watch: true })]),
  frame("reconfig", { joiningServers: "server.1=a:1:2;3", leavingServers: null, newMembers: null, curConfigId: -1 }),
  frame("checkWatches", { path: "/f", type: 3 }),
  frame("removeWatches", { path: "/f", type: 1 }),
  frame("auth", { type: 0, scheme: "digest", auth: Buffer.from("user:secret") }),
  frame("sasl", { token: Buffer.from("token") }),
  frame("setWatches", { relativeZxid: 1, ...watchLists }),
  frame("setWatches2", {
    ...{ relativeZxid: -1, persistentWatches: ["/f"], persistentRecursiveWatches: ["/"] },
    ...watchLists,
  }),
  frame("getEphemerals", { prefixPath: "/f" }),
  frame("getAllChildrenNumber", { path: "/" }),
  frame("addWatch", { path: "/f", mode: 1 }),
  frame("whoAmI", {}),
  frame("closeSession", {}),
  // Changes hardly ever make a null path and leave the rest as it is.
  frame("create", { path: null, data: null, acl: null, flags: 0 }),
  frame("delete", { path: null, version: -1 }),
  frame("exists", { path: null, watch: true }),
  frame("getData", { path: null, watch: true }),
  frame("setData", { path: null, data: null, version: -1 }),
  frame("getACL", { path: null }),
  frame("setACL", { path: null, acl: anyone, version: -1 }),
  frame("getChildren", { path: null, watch: true }),
  frame("getChildren2", { path: null, watch: true }),
  frame("sync", { path: null }),
  frame("multi", [multiOp(2, { path: null, version: -1 })]),
  frame("multiRead", [multiOp(4, { path: "/f", watch: false }), multiOp(8, { path: null, watch: false })]),
  frame("checkWatches", { path: null, type: 3 }),
  frame("removeWatches", { path: null, type: 3 }),
  frame("deleteContainer", { path: null }),
  frame("getEphemerals", { prefixPath: null }),
  frame("getAllChildrenNumber", { path: null }),
  frame("addWatch", { path: null, mode: 0 }),
  frame("setWatches", { relativeZxid: 0, dataWatches: [null], existWatches: [null], childWatches: [null] }),
];

/** Requests as Java's jute wrote them, with a header each. */
export const goldenFrames: readonly Buffer[] = (
  JSON.parse(readFileSync(new URL("golden/golden.json", import.meta.url), "utf8")) as {
    rows: { schema: string; hex: string }[];
  }
).rows.flatMap(({ schema, hex }) => {
  const code = Object.values(opcodes).find(({ request }) => request.name === schema && request.name !== "Empty")?.code;
  if (code === undefined) return [];
  const header = Buffer.alloc(8);
  header.writeInt32BE(code, 4);
  return [Buffer.concat([header, Buffer.from(hex, "hex")])];
});

/** A ConnectRequest without its prefix. */
export const helloWith = (given: Partial<Parameters<typeof encodeConnectRequest>[0]> = {}): Buffer =>
  Buffer.from(
    encodeConnectRequest({
      ...{ protocolVersion: 0, lastZxidSeen: 0, timeOut: 4_000, sessionId: 0, passwd: Buffer.alloc(16) },
      readOnly: false,
      ...given,
    }),
  );

/** Numbers at which lengths, counts and versions go wrong. */
const awkward = [
  ...[-1, -2, 0, 1, 2, 3, 4, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0xfffff, 0x100000],
  ...[0x7fffffff, -0x80000000, 0x7ffffffe, -0x7fffffff, 0x40000000, 0x20000000, 0x0a0a0a0a],
];

/** Longest frame made, bytes: what splicing adds up to has to end somewhere. */
const frameBytesMax = 4_096;

/** Draws frames and spoils them. Equal seeds draw equally. Source of the generator: mulberry32. */
export class Spoiler {
  #state: number;

  constructor(seed = fuzzSeed) {
    this.#state = seed | 0;
  }

  /** 0 … `count` − 1. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  /** True once in `count`. */
  onceIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A real frame, header and all. */
  real(): Buffer {
    return this.pick(this.onceIn(4) ? goldenFrames : realFrames);
  }

  /** A frame as it should be once in eight, else with up to four changes at or behind `from`. */
  frame(from = 0): Buffer {
    return this.onceIn(8) ? Buffer.from(this.real()) : this.spoilt(this.real(), { from });
  }

  /** One to four changes, at or behind `from`. */
  spoilt(bytes: Buffer, { from = 0, changes = 1 + this.below(4) }: { from?: number; changes?: number } = {}): Buffer {
    let spoilt: Buffer = Buffer.from(bytes);
    for (let i = 0; i < changes; i++) spoilt = this.#change(spoilt, Math.min(from, spoilt.length));
    return spoilt.subarray(0, frameBytesMax);
  }

  /** Cuts bytes into pieces of odd sizes. */
  pieces(bytes: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    const usual = this.pick([1, 3, 60, 4_096]);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + this.below(usual);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  }

  #change(bytes: Buffer, from: number): Buffer {
    const at = from + this.below(bytes.length - from + 1);
    const isInside = at < bytes.length;
    switch (this.below(10)) {
      case 0:
        if (isInside) bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
        return bytes;
      case 1:
        if (isInside) bytes[at] = this.below(256);
        return bytes;
      case 2:
      case 3:
        if (at + 4 <= bytes.length) bytes.writeInt32BE(this.pick(awkward), at);
        return bytes;
      case 4:
        return bytes.subarray(0, at);
      case 5: {
        const huge = Buffer.alloc(4);
        huge.writeInt32BE(this.pick(awkward));
        return Buffer.concat([bytes.subarray(0, at), huge, bytes.subarray(at)]);
      }
      case 6:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + this.below(12))]);
      case 7: {
        const other = this.real();
        return Buffer.concat([bytes.subarray(0, at), other.subarray(this.below(other.length))]);
      }
      case 8:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from + this.below(at - from + 1))]);
      default: {
        const noise = Buffer.from(Array.from({ length: 1 + this.below(12) }, () => this.below(256)));
        return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
      }
    }
  }
}

/** Frames as they stand on the wire. */
export function prefixed(frames: readonly Buffer[]): Buffer {
  const writer = new Writer();
  for (const one of frames) writer.buffer(one);
  return writer.copy();
}
