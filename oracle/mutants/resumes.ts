/** Lies about ephemerals, resumed sessions and handshakes. */
import { createFlags } from "../../src/protocol/opcodes.ts";
import { type Lie, statsIn } from "./lying.ts";
import { type Mutant, mutant, replyMutant } from "./mutant.ts";

/** Creates with these flags are sent with others. */
const turned = (from: number, to: number, isDue: (resumes: number) => boolean): Lie => ({
  request: ({ op, frame, operations }, { resumes }) => {
    const isMeant = (op === "create" || op === "create2") && operations?.[0]?.fields.flags === from;
    if (!isMeant || !isDue(resumes)) return frame;
    const other = Buffer.from(frame);
    other.writeInt32BE(to, other.length - 4);
    return other;
  },
});

/** Where the parts of the handshake's answer stand, bytes. */
const answerAt = { protocol: 0, timeout: 4, passwordLength: 16, password: 20, readOnly: 36 } as const;

/** Changes the answer of a granted session. */
const granted = (change: (raw: Buffer, resumes: number) => Buffer | undefined): Lie => ({
  opened: (raw, { resumes }) => (raw.readInt32BE(answerAt.timeout) > 0 ? (change(raw, resumes) ?? raw) : raw),
});

/** By class. */
export const resumeMutants: readonly Mutant[] = [
  mutant(
    {
      name: "ephemeral-sequential-stays",
      class: "ephemeral",
      lie: "a numbered ephemeral is not ephemeral",
      rare: true,
    },
    turned(createFlags.ephemeralSequential, createFlags.persistentSequential, () => true),
  ),
  mutant(
    {
      name: "ephemeral-of-resumed-stays",
      class: "ephemeral",
      lie: "a resumed session makes no ephemerals",
      rare: true,
    },
    turned(createFlags.ephemeral, createFlags.persistent, (resumes) => resumes > 0),
  ),
  replyMutant(
    {
      ...{ name: "ephemeral-owner-of-container", class: "ephemeral", ops: ["createContainer"] },
      lie: "a container shows the owner that the server keeps for it",
    },
    ({ body }) => {
      for (const stat of statsIn(body)) if (stat.ephemeralOwner === 0) stat.ephemeralOwner = -(2n ** 63n);
      return undefined;
    },
  ),
  mutant(
    { name: "session-resumed-stays", class: "session", lie: "a resumed session cannot be closed", rare: true },
    { request: ({ op, frame }, { resumes }) => (op === "closeSession" && resumes > 0 ? undefined : frame) },
  ),
  mutant(
    { name: "handshake-protocol", class: "handshake", lie: "the answer claims protocol version 1" },
    granted((raw) => void raw.writeInt32BE(1, answerAt.protocol)),
  ),
  mutant(
    { name: "handshake-no-password", class: "handshake", lie: "the answer bears no password" },
    granted((raw) => Buffer.concat([raw.subarray(0, answerAt.passwordLength), Buffer.alloc(4), raw.subarray(36)])),
  ),
  mutant(
    { name: "handshake-read-only", class: "handshake", lie: "the answer says that the server is read-only" },
    granted((raw) => void (raw.length > answerAt.readOnly && raw.writeUInt8(1, answerAt.readOnly))),
  ),
  mutant(
    { name: "handshake-timeout-resumed", class: "handshake", lie: "resuming halves the timeout", rare: true },
    granted((raw, resumes) => void (resumes > 0 && raw.writeInt32BE(raw.readInt32BE(4) >> 1, answerAt.timeout))),
  ),
  mutant(
    { name: "handshake-password-resumed", class: "handshake", lie: "resuming tells a wrong password", rare: true },
    granted((raw, resumes) => void (resumes > 0 && raw.writeUInt8(raw.readUInt8(20) ^ 1, answerAt.password))),
  ),
  replyMutant(
    {
      name: "zxid-resumed",
      class: "zxid",
      lie: "a resumed session's first reads bear zxid 1",
      rare: true,
      ops: ["exists", "getData"],
    },
    ({ header, resumes }) => {
      if (resumes > 0) header.zxid = 1;
      return undefined;
    },
  ),
];
