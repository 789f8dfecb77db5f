import { expect, test, vi } from "vitest";
import { emptyTally } from "./copy.ts";
import { progressLine, summary } from "./copy-command.ts";
import { showProgress } from "./progress.ts";

const job = {
  ...({ verb: "copy", source: "/a", target: "/b" } as const),
  ...{ deletes: true, parents: false, verifies: true },
};

test("a copy without a flaw is a success", () => {
  const tally = { ...emptyTally(), created: 2, ephemerals: ["/a/e"] };
  const answer = summary(job, tally, []);
  expect(answer.refused).toBeUndefined();
  expect(answer.text).toEqual([
    "/a -> /b: 2 created, 0 updated, 0 unchanged, 0 deleted, verified",
    "skipped /a/e: ephemeral",
  ]);
  expect(answer.json).toMatchObject({ created: 2, ephemerals: ["/a/e"], failed: [], verified: true, differing: [] });
  expect(summary(job, tally, undefined).json).toMatchObject({ verified: null });
});

test("failures and differences are none, and are listed", () => {
  const failed = summary(job, { ...emptyTally(), failed: [{ path: "/b/x", why: "NOAUTH" }] }, []);
  expect(failed.refused).toMatch(/^1 znodes could not/);
  expect(failed.text[0]).not.toContain("verified");
  expect(failed.text[1]).toBe("failed /b/x: NOAUTH");
  const differing = summary(job, emptyTally(), [
    { path: "/b", in: "acl" },
    { path: "/b", in: "data" },
  ]);
  expect(differing.refused).toMatch(/^1 paths differ/);
  expect(differing.text.slice(1)).toEqual(["differs /b: acl", "differs /b: data"]);
  expect(differing.json).toMatchObject({ verified: false });
});

test("progress is lines, or one line that changes", () => {
  vi.useFakeTimers();
  try {
    const tally = { ...emptyTally(), created: 8_000, updated: 4_000, bytes: 3_400_000 };
    const [lines, screen] = [[] as string[], [] as string[]];
    const tell = () => progressLine(tally, 2_000);
    const stop = [
      showProgress(tell, { isTty: false, write: (text) => void lines.push(text) }),
      showProgress(tell, { isTty: true, write: (text) => void screen.push(text) }),
    ];
    vi.advanceTimersByTime(2_000);
    for (const each of stop) each();
    vi.advanceTimersByTime(2_000);
    expect(lines).toEqual(["zkctl: copied 12000 znodes, 3.4 MB, 6000 a second\n"]);
    expect(screen.slice(-2)).toEqual(["\rcopied 12000 znodes, 3.4 MB, 6000 a second\x1b[K", "\r\x1b[K"]);
  } finally {
    vi.useRealTimers();
  }
});
