/** fast-check arbitraries over handshakes. */
import fc from "fast-check";
import { type Action, type ReconnectStep, wrongPasswords } from "../format.ts";
import type { Profile } from "./profile.ts";

/** More than any server counts while a sequence lasts. */
const farAhead = 1_000_000_000;

/** What a server brings into its bounds. The shortest is seldom asked for: a session that gets it expires when the machine is busy for long. */
const unbounded = { negative: -1, shortest: 1, longest: 2 ** 31 - 1 } as const;

/** Mostly the same session again; the handshake's oddities now and then. Other timeouts stay long, or sessions would expire in the middle. */
export const reconnect = ({ timeoutMs }: Profile): fc.Arbitrary<Action> => {
  const handshakes = (weight: number, ...all: readonly Omit<ReconnectStep, "op">[]) => ({
    weight,
    arbitrary: fc.constantFrom(...all).map((how): Action => ({ op: "reconnect", ...how })),
  });
  return fc.oneof(
    handshakes(12, { as: "same" }),
    handshakes(4, { as: "new" }),
    handshakes(1, { as: "new", wrong: "last-byte" }, { as: "new", wrong: "empty" }),
    handshakes(2, { as: "wrong-password" }),
    handshakes(3, ...wrongPasswords.map((wrong) => ({ as: "wrong-password", wrong }) as const)),
    handshakes(2, { as: "stranger" }),
    handshakes(3, { as: "former" }),
    handshakes(2, { as: "same", readOnly: "absent" }, { as: "same", readOnly: true }, { as: "new", readOnly: true }),
    handshakes(1, { as: "same", protocolVersion: 1 }, { as: "new", protocolVersion: 1 }),
    handshakes(2, ...[timeoutMs - 1_000, timeoutMs + 1_234, timeoutMs * 2].map((ms) => ({ timeoutMs: ms }))),
    handshakes(1, ...Object.values(unbounded).map((ms) => ({ as: "new", timeoutMs: ms }) as const), {
      as: "same",
      timeoutMs: unbounded.shortest,
    }),
    handshakes(1, { as: "new", seen: { newest: farAhead } }, { as: "same", seen: { newest: farAhead } }),
  );
};
