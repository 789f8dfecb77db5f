import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadProfile, profileHash } from "./profile.ts";
import { BadToken, decodeToken, encodeToken, isToken, profileOf, type Replay, toolVersion } from "./replay-token.ts";

const profile = { ...loadProfile("watches"), surface: "core" as const };
const replay: Replay = {
  tool: toolVersion,
  seed: -123,
  index: 17,
  profile: "watches",
  profileHash: profileHash(profile),
  sessions: profile.sessions,
  surface: profile.surface,
  operations: 20_000,
  allowHazards: false,
  isSteered: false,
};

describe("a replay token", () => {
  test("gives back what went in", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.option(fc.nat(), { nil: undefined }),
        fc.nat(),
        fc.boolean(),
        fc.boolean(),
        (seed, index, operations, allowHazards, isSteered) => {
          const { index: _, ...whole } = replay;
          const value = {
            ...whole,
            seed,
            operations,
            allowHazards,
            isSteered,
            ...(index === undefined ? {} : { index }),
          };
          expect(decodeToken(encodeToken(value))).toEqual(value);
        },
      ),
    );
  });

  test("is one word, and short", () => {
    expect(encodeToken(replay)).toMatch(/^zx1:[\w-]+$/);
    expect(encodeToken(replay).length).toBeLessThan(120);
    expect(isToken(encodeToken(replay))).toBe(true);
    expect(isToken("counterexamples/x.json")).toBe(false);
  });

  test.each(["zx2:abc", "zx1:", "zx1:bm9uc2Vuc2U", "zx1:WzFd", encodeToken(replay).slice(0, -6)])(
    "%s is refused",
    (word) => {
      expect(() => decodeToken(word)).toThrow(BadToken);
    },
  );

  test("finds its profile again, and says when that has changed", () => {
    expect(profileOf(replay)).toEqual(profile);
    expect(() => profileOf({ ...replay, profileHash: "00000000" })).toThrow("replay the saved counterexample instead");
    expect(profileOf({ ...replay, sessions: 5, profileHash: profileHash({ ...profile, sessions: 5 }) }).sessions).toBe(
      5,
    );
  });
});
