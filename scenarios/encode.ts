/** From a step to the frame that goes out. */
import { Writer } from "../src/jute/buffers.ts";
import { type BodyOf, write } from "../src/jute/codec.ts";
import type { SequenceItem } from "../src/jute/kinds.ts";
import { multiOp } from "../src/protocol/multi.ts";
import {
  addWatchModes,
  createFlags,
  type OpName,
  opcodes,
  permBits,
  watcherTypes,
  xids,
} from "../src/protocol/opcodes.ts";
import type { AclList, CreateStep, DataValue, FlagsValue, ReadStep, Step, WriteStep } from "./format.ts";
import type { Memory } from "./references.ts";

/** The steps that are requests. The others are faults: they act on the connection. */
export type RequestStep = Exclude<Step, { readonly op: "drop" | "reconnect" | "expire" | "reap" | "raw" }>;

const flagNumbers: Readonly<Record<Exclude<FlagsValue, number>, number>> = {
  persistent: createFlags.persistent,
  ephemeral: createFlags.ephemeral,
  sequential: createFlags.persistentSequential,
  "ephemeral-sequential": createFlags.ephemeralSequential,
  container: createFlags.container,
  ttl: createFlags.persistentTTL,
  "ttl-sequential": createFlags.persistentSequentialTTL,
};

const defaultFlags: Readonly<Record<CreateStep["op"], number>> = {
  create: createFlags.persistent,
  create2: createFlags.persistent,
  createContainer: createFlags.container,
  createTTL: createFlags.persistentTTL,
};

/** A TTL that no run outlives, ms. */
const lastingTtlMs = 60_000;

/** The create flags as the number on the wire. */
export const flagsOf = (step: CreateStep): number =>
  step.flags === undefined
    ? defaultFlags[step.op]
    : typeof step.flags === "number"
      ? step.flags
      : flagNumbers[step.flags];

/** Znode content as bytes; null stays null. */
export function bytesOf(value: DataValue): Buffer | null {
  if (value === null) return null;
  if (typeof value === "string") return Buffer.from(value, "utf8");
  return "hex" in value ? Buffer.from(value.hex, "hex") : Buffer.from(value.repeat.repeat(value.times), "utf8");
}

const letters = { r: permBits.read, w: permBits.write, c: permBits.create, d: permBits.delete, a: permBits.admin };

/** Permission letters as bits. */
const permsOf = (perms: string | number): number =>
  typeof perms === "number"
    ? perms
    : [...perms].reduce((bits, letter) => bits | (letters[letter as keyof typeof letters] ?? 0), 0);

/** An access control list as the record's value. */
export function aclOf(list: AclList) {
  if (list === null) return null;
  if (list === "open") return [{ perms: permBits.all, id: { scheme: "world", id: "anyone" } }];
  if (list === "read") return [{ perms: permBits.read, id: { scheme: "world", id: "anyone" } }];
  if (list === "creator") return [{ perms: permBits.all, id: { scheme: "auth", id: "" } }];
  return list.map((entry) => ({ perms: permsOf(entry.perms), id: { scheme: entry.scheme, id: entry.id } }));
}

/** The record of a write, also inside a multi. */
function writeBody(by: string, step: WriteStep, memory: Memory): Record<string, unknown> {
  const path = memory.path(step.path);
  switch (step.op) {
    case "delete":
    case "check":
      return { path, version: memory.version(by, path, step.version, "version") };
    case "setData":
      return {
        path,
        data: bytesOf(step.data === undefined ? "" : step.data),
        version: memory.version(by, path, step.version, "version"),
      };
    default: {
      const body = {
        path,
        data: bytesOf(step.data === undefined ? "" : step.data),
        acl: aclOf(step.acl === undefined ? "open" : step.acl),
        flags: flagsOf(step),
      };
      return step.op === "createTTL" ? { ...body, ttl: step.ttl ?? lastingTtlMs } : body;
    }
  }
}

const isReadStep = (step: WriteStep | ReadStep): step is ReadStep => step.op === "getData" || step.op === "getChildren";

const innerBody = (by: string, step: WriteStep | ReadStep, memory: Memory): SequenceItem =>
  multiOp(
    opcodes[step.op].code,
    isReadStep(step) ? { path: memory.path(step.path), watch: step.watch ?? false } : writeBody(by, step, memory),
  );

/** The decoded form of a step's request. */
function bodyOf(step: RequestStep, memory: Memory): unknown {
  switch (step.op) {
    case "create":
    case "create2":
    case "createContainer":
    case "createTTL":
    case "delete":
    case "check":
    case "setData":
      return writeBody(step.by, step, memory);
    case "setACL": {
      const path = memory.path(step.path);
      return { path, acl: aclOf(step.acl), version: memory.version(step.by, path, step.version, "aversion") };
    }
    case "exists":
    case "getData":
    case "getChildren":
    case "getChildren2":
      return { path: memory.path(step.path), watch: step.watch ?? false };
    case "getACL":
    case "sync":
    case "getAllChildrenNumber":
    case "deleteContainer":
      return { path: memory.path(step.path) };
    case "getEphemerals":
      return { prefixPath: memory.path(step.path) };
    case "multi":
    case "multiRead":
      return step.ops.map((inner) => innerBody(step.by, inner, memory));
    case "addWatch":
      return {
        path: memory.path(step.path),
        mode: typeof step.mode === "number" ? step.mode : addWatchModes[step.mode],
      };
    case "removeWatches":
    case "checkWatches":
      return {
        path: memory.path(step.path),
        type: typeof step.type === "number" ? step.type : watcherTypes[step.type],
      };
    case "setWatches":
    case "setWatches2": {
      const paths = (list: typeof step.data) => (list ?? []).map((path) => memory.path(path));
      return {
        relativeZxid: memory.since(step.by, step.since),
        dataWatches: paths(step.data),
        existWatches: paths(step.exist),
        childWatches: paths(step.child),
        persistentWatches: paths(step.persistent),
        persistentRecursiveWatches: paths(step.recursive),
      };
    }
    case "auth":
      return { type: 0, scheme: step.scheme, auth: bytesOf(step.auth) };
    case "reconfig":
      return {
        joiningServers: step.joining,
        leavingServers: step.leaving,
        newMembers: step.members,
        curConfigId: step.configId,
      };
    case "whoAmI":
    case "ping":
    case "closeSession":
      return {};
  }
}

/** The xids that stock clients use for what is no ordinary request. Source: ClientCnxn (3.9). */
const fixedXids: Partial<Record<OpName, number>> = {
  ping: xids.ping,
  auth: xids.auth,
  setWatches: xids.setWatches,
  setWatches2: xids.setWatches,
};

/** Encodes one request frame, header included. `xid` is used unless the operation has one of its own; the answer says which it is. */
export function encodeStep(step: RequestStep, memory: Memory, xid: number): { xid: number; frame: Buffer } {
  const spec = opcodes[step.op];
  const used = fixedXids[step.op] ?? xid;
  const writer = new Writer(256);
  writer.int(used);
  writer.int(spec.code);
  write(spec.request, writer, bodyOf(step, memory) as BodyOf<typeof spec.request>);
  return { xid: used, frame: writer.bytes() };
}
