/** Lies about sessions and the handshake. */
import { type Mutant, mutant } from "./mutant.ts";

export const sessionMutants: readonly Mutant[] = [
  mutant(
    { name: "session-ephemerals-stay", class: "session", lie: "closeSession leaves the ephemerals behind" },
    {
      request: ({ op, frame }) => (op === "closeSession" ? undefined : frame),
    },
  ),
  mutant(
    {
      name: "session-acts-too-late",
      class: "session",
      lie: "what a session sends behind its closeSession is carried out",
      rare: true,
    },
    {
      request: ({ op, replyXid, frame }, { memory, world, session }) => {
        if (op === "closeSession") return "later";
        if (world.closing.has(session)) memory.set(`late ${replyXid}`, true);
        return frame;
      },
      reply: ({ request, memory }) => (memory.has(`late ${request.replyXid}`) ? "drop" : undefined),
    },
  ),
  mutant(
    {
      name: "session-pings-unheard",
      class: "session",
      lie: "pings are answered but keep no session alive",
      rare: true,
    },
    { request: ({ op, frame }, _situation, isBusy) => (op === "ping" && !isBusy ? undefined : frame) },
  ),
  mutant(
    { name: "session-replaced", class: "session", lie: "resuming gives another session", rare: true },
    {
      hello: (hello) => {
        const raw = Buffer.from(hello.raw);
        raw.fill(0, 16, 24);
        return { ...hello, raw, request: { ...hello.request, sessionId: 0 } };
      },
    },
  ),
  mutant(
    { name: "session-timeout-off", class: "session", lie: "the negotiated timeout is a millisecond short" },
    {
      opened: (raw) => {
        if (raw.readInt32BE(4) > 0) raw.writeInt32BE(raw.readInt32BE(4) - 1, 4);
        return raw;
      },
    },
  ),
  mutant(
    { name: "session-no-read-only-byte", class: "session", lie: "the handshake's answer lacks the readOnly byte" },
    {
      opened: (raw) => (raw.length === 37 ? raw.subarray(0, 36) : raw),
    },
  ),
  mutant(
    {
      name: "session-any-password",
      class: "session",
      lie: "a wrong password is refused with the session's own id",
      rare: true,
    },
    {
      opened: (raw) => {
        if (raw.readInt32BE(4) === 0) raw.writeInt32BE(1, 12);
        return raw;
      },
    },
  ),
];
