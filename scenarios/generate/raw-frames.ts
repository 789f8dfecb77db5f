/** Requests that no client sends. None of them names a znode of the sequence. */
import fc from "fast-check";
import type { Action } from "../format.ts";

/** Requests of an opcode that there is not, or that only servers send: they end the connection. */
const unknown: readonly string[] = ["00000000", "0000000a", "00000017", "00000063", "ffffffff", "fffffff4"].map(
  (opcode) => `7ffffff0${opcode}`,
);

/** Pings, a sync of the root and an identity (the client's address) under xids that no client uses for them: a ping is answered under −2 all the same,
 *  the others under their own. Source: FinalRequestProcessor.processRequest and ZooKeeperServer.processPacket (3.8). */
const underOddXids: readonly string[] = [
  "000000070000000b",
  "fffffff70000000b",
  "0000000000000009000000012f",
  "fffffffe00000009000000012f",
  "fffffff700000009000000012f",
  "7ffffff00000006400000000000000026970ffffffff",
];

/** A setWatches of no paths, whose lists count fewer than none. Source: BinaryInputArchive.startVector (3.8). */
const underCounted: readonly string[] = [
  "fffffff8000000650000000000000000fffffffe0000000000000000",
  "fffffff8000000650000000000000000000000008000000000000000",
];

/** Reads of a znode that there is not, with a byte behind the record, which nobody reads: exists, getData, getChildren and getChildren2 of `/z-`. */
const overlong: readonly string[] = ["03", "04", "08", "0c"].map(
  (opcode) => `7ffffff0000000${opcode}000000032f7a2d00ff`,
);

/** A multi of a getData of `/z-`, which belongs into a multiRead. */
const misplaced = "7ffffff00000000e0000000400ffffffff000000032f7a2d00ffffffff01ffffffff";

/** A frame that is answered, or one that is not. */
const raw =
  (reply: boolean) =>
  (hex: string): Action => ({ op: "raw", hex, reply });

/** One of these, as often of the one kind as of the other. */
export const rawArbitrary = fc.oneof(
  fc.constantFrom(...unknown).map(raw(false)),
  fc.constantFrom(...underOddXids).map(raw(true)),
  fc.constantFrom(...underCounted, ...overlong, misplaced).map(raw(true)),
);
