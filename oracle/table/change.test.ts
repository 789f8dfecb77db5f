import { describe, expect, test } from "vitest";
import type { Stat } from "../../src/protocol/records.ts";
import { changeOf, ownerWord, statFields } from "./change.ts";

const nowMs = 1_700_000_000_000;
const stat = (over: Partial<Stat> = {}): Stat => ({
  ...{ czxid: 5, mzxid: 5, pzxid: 5, ctime: nowMs, mtime: nowMs, version: 0, cversion: 0, aversion: 0 },
  ...{ ephemeralOwner: 0, dataLength: 3, numChildren: 0 },
  ...over,
});
const occasion = { zxid: 9, sessionId: 77, nowMs };
const words = (before: Stat | undefined, after: Stat | undefined) =>
  Object.fromEntries(changeOf(before, after, occasion).map((word, at) => [statFields[at], word]));

describe("a change in words", () => {
  test("nothing happened", () => {
    expect(new Set(Object.values(words(stat(), stat())))).toEqual(new Set(["unchanged"]));
    expect(words(undefined, undefined).czxid).toBe("absent");
    expect(words(stat(), undefined).version).toBe("gone");
  });

  test("a new znode shows its first values", () => {
    const made = words(undefined, stat({ czxid: 9, mzxid: 9, pzxid: 0, ephemeralOwner: 77 }));
    expect(made).toMatchObject({ czxid: "op", mzxid: "op", pzxid: "0", ctime: "now", mtime: "ctime", version: "0" });
    expect(made.ephemeralOwner).toBe("session");
  });

  test("zxids are told relative to the operation's", () => {
    expect(words(stat(), stat({ pzxid: 9 })).pzxid).toBe("op");
    expect(words(stat(), stat({ pzxid: 8 })).pzxid).toBe("later, not op");
    expect(words(stat(), stat({ pzxid: 4 })).pzxid).toBe("earlier");
    expect(words(undefined, stat()).czxid).toBe("not op");
  });

  test("counters tell by how much, times whether they are plausible", () => {
    const later = words(stat(), stat({ version: 2, numChildren: 1, cversion: -1, mtime: nowMs + 5 }));
    expect(later).toMatchObject({ version: "+2", numChildren: "+1", cversion: "-1", mtime: "now", ctime: "unchanged" });
    expect(words(stat(), stat({ mtime: nowMs - 5 })).mtime).toBe("earlier");
    expect(words(stat(), stat({ mtime: nowMs * 1_000 })).mtime).toBe("off");
  });
});

test.each([
  [0, "0"],
  [77, "session"],
  [-(2n ** 63n), "container"],
  [BigInt.asIntN(64, 0xff00_0000_0036_ee80n), "TTL 3600000"],
  [0x100_0000_0000_0001n, "other session"],
])("the owner %s is %s", (owner, word) => {
  expect(ownerWord(owner, 77)).toBe(word);
});
