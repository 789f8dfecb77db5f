/** Lies about ephemerals, resumed sessions and handshakes. */
import type { Hello } from "../../src/backend.ts";
import { passwordBytes } from "../../src/protocol/connect.ts";
import { createFlags } from "../../src/protocol/opcodes.ts";
import { type Credentials, rewriteHello } from "../crosscheck/sessions.ts";
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

/** No server of a self-test gets that far. */
const futureZxid = 500_000_000;

/** Where the handshake asks for a timeout, byte. */
const askedTimeoutAt = 12;
/** A timeout that nobody asks for, ms, and one that is asked for where a session is to expire. */
const longTimeoutMs = 39_999;
const shortTimeoutMs = 4_000;

/** Where the parts of the handshake's answer stand, bytes. */
const answerAt = { protocol: 0, timeout: 4, passwordLength: 16, password: 20, readOnly: 36 } as const;

/** Changes the answer of a granted session. */
const granted = (change: (raw: Buffer, resumes: number) => Buffer | undefined): Lie => ({
  opened: (raw, { resumes }) => (raw.readInt32BE(answerAt.timeout) > 0 ? (change(raw, resumes) ?? raw) : raw),
});

/** A handshake for another session, or for none. */
const askingFor = (hello: Hello, credentials: Credentials): Hello =>
  rewriteHello(hello, { lastZxidSeen: hello.request.lastZxidSeen, credentials });

/** A handshake for a long timeout. */
function askingLong(hello: Hello): Hello {
  const raw = Buffer.from(hello.raw);
  raw.writeInt32BE(longTimeoutMs, askedTimeoutAt);
  return { ...hello, raw, request: { ...hello.request, timeOut: longTimeoutMs } };
}

const commonPassword = Buffer.alloc(passwordBytes, 7);
const noSession: Credentials = { id: 0, passwd: Buffer.alloc(passwordBytes) };

/** Takes other passwords than a session's own. */
const accepting =
  (willDo: (said: Uint8Array, own: Uint8Array) => boolean): NonNullable<Lie["hello"]> =>
  (hello, world) => {
    const { sessionId: id, passwd: said } = hello.request;
    const { passwd } = world.firstGrant(id) ?? {};
    return passwd != null && said != null && willDo(said, passwd) ? askingFor(hello, { id, passwd }) : hello;
  };

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
    { name: "session-former-reborn", class: "session", lie: "a closed session is resumed as a new one", rare: true },
    { hello: (hello, world) => (world.closing.has(hello.request.sessionId) ? askingFor(hello, noSession) : hello) },
  ),
  mutant(
    { name: "session-one-password", class: "session", lie: "all sessions have the same password" },
    {
      ...granted((raw) => raw.fill(commonPassword, answerAt.password, answerAt.password + passwordBytes)),
      hello: accepting((said) => Buffer.compare(said, commonPassword) === 0),
    },
  ),
  mutant(
    {
      name: "session-half-a-password",
      class: "session",
      lie: "only the first half of a password counts",
      rare: true,
    },
    { hello: accepting((said, own) => Buffer.compare(said.subarray(0, 8), own.subarray(0, 8)) === 0) },
  ),
  mutant(
    {
      name: "session-first-timeout",
      class: "session",
      lie: "a resumed session keeps the timeout that it was granted first",
      rare: true,
    },
    {
      opened: (raw, { world, session, resumes }) => {
        const { timeOut } = world.firstGrant(session) ?? {};
        if (resumes > 0 && timeOut !== undefined) raw.writeInt32BE(timeOut, answerAt.timeout);
        return raw;
      },
    },
  ),
  mutant(
    {
      name: "session-overstays",
      class: "session",
      lie: "a session expires ten times later than it was told",
      rare: true,
    },
    {
      hello: (hello) => (hello.request.timeOut > shortTimeoutMs ? hello : askingLong(hello)),
      opened: (raw) => {
        if (raw.readInt32BE(answerAt.timeout) === longTimeoutMs) raw.writeInt32BE(shortTimeoutMs, answerAt.timeout);
        return raw;
      },
    },
  ),
  mutant(
    {
      name: "session-timeout-negative",
      class: "session",
      lie: "who asks for a negative timeout gets a long one",
      rare: true,
    },
    { hello: (hello) => (hello.request.timeOut < 0 ? askingLong(hello) : hello) },
  ),
  mutant(
    {
      name: "session-two-connections",
      class: "session",
      lie: "a session that is resumed keeps its old connection too",
      rare: true,
    },
    { muffles: ({ world, session, resumes }) => world.connectionsOf(session) > resumes + 1 },
  ),
  mutant(
    {
      name: "handshake-from-the-future",
      class: "handshake",
      lie: "a client that has seen what has not happened yet is let in",
      rare: true,
    },
    {
      hello: (hello) => {
        if (hello.request.lastZxidSeen < futureZxid) return hello;
        const { sessionId: id, passwd } = hello.request;
        return rewriteHello(hello, { lastZxidSeen: 0, credentials: { id, passwd: passwd ?? null } });
      },
    },
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
