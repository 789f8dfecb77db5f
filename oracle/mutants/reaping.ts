/** Lies about containers and TTL znodes, which a server removes by itself. */
import { createFlags, eventTypes, opcodes } from "../../src/protocol/opcodes.ts";
import type { Operation } from "../crosscheck/request.ts";
import type { Lie } from "./lying.ts";
import { type Mutant, mutant } from "./mutant.ts";

const reapingMutant = (name: string, lie: string, how: Lie): Mutant =>
  mutant({ name, class: "reaping", lie, rare: true }, how);

/** Asks for something else in the place of one operation that stands alone and is in order. */
const instead = (isMeant: (operation: Operation) => boolean, change: (frame: Buffer) => Buffer): Lie => ({
  request: ({ op, frame, operations: [first] = [] }) =>
    first !== undefined && op === first.op && isMeant(first) ? change(Buffer.from(frame)) : frame,
});

/** Source: EphemeralType.TTL.maxValue (3.8). */
const ttlMaxMs = 2 ** 40 - 1;

const isContainer = ({ op, fields }: Operation) => op === "createContainer" && fields.flags === createFlags.container;
const isTtl = ({ op, fields: { flags, ttl } }: Operation) =>
  op === "createTTL" && Number(flags) >= createFlags.persistentTTL && Number(ttl) > 0 && Number(ttl) <= ttlMaxMs;

/** A create of another kind: operation and flags. */
const becoming = (op: "create2" | "createTTL", flags: number) => (frame: Buffer) => {
  frame.writeInt32BE(opcodes[op].code, 4);
  frame.writeInt32BE(flags, frame.length - 4);
  return frame;
};

/** A createTTL with another time to live, ms. */
const livingFor = (ttl: bigint) => (frame: Buffer) => {
  frame.writeBigInt64BE(ttl, frame.length - 8);
  return frame;
};

export const reapingMutants: readonly Mutant[] = [
  reapingMutant(
    "reaping-containers-stay",
    "an empty container is never removed",
    instead(isContainer, becoming("create2", createFlags.persistent)),
  ),
  reapingMutant(
    "reaping-of-unused-containers",
    "a container is removed that has had no child yet",
    instead(isContainer, (frame) =>
      livingFor(1n)(Buffer.concat([becoming("createTTL", createFlags.persistentTTL)(frame), Buffer.alloc(8)])),
    ),
  ),
  reapingMutant("reaping-ttl-stays", "a TTL is taken for years", instead(isTtl, livingFor(1n << 38n))),
  reapingMutant("reaping-ttl-early", "a TTL is taken for a millisecond", instead(isTtl, livingFor(1n))),
  reapingMutant("reaping-untold", "that a znode was removed because it was due, no watch is told", {
    event: (event, { world }) => {
      const { isAlive, isCondemned, owner } = world.at(event.path);
      const isReaped = event.type === eventTypes.deleted && isAlive && !isCondemned && owner === undefined;
      return { now: isReaped ? [] : [event] };
    },
  }),
];
