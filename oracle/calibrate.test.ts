import { expect, test } from "vitest";
import { Noise } from "./calibrate.ts";
import type { DivergenceLine, JournalLine } from "./journal.ts";

const divergence = (fingerprint: string, verdict: DivergenceLine["verdict"] = "diverges"): DivergenceLine => ({
  ...{ event: "divergence", n: 1, case: "seq-1", session: "a", operation: "create2", differences: [], request: {} },
  ...{ fingerprint, verdict, answers: { candidate: { is: "reply" }, oracle: { is: "reply" } } },
});

test("each kind of divergence is noise, told once, as the oracle's", () => {
  const noise = new Noise();
  const journal: JournalLine[] = [];
  const book: JournalLine[] = [];
  const collect = noise.collector(
    (line) => book.push(line),
    (line) => journal.push(line),
  );
  for (const line of [divergence("a"), divergence("a"), divergence("b"), divergence("c", "timing")]) collect(line);
  collect({ event: "note", text: "x" });
  expect([noise.has("a"), noise.has("b"), noise.has("c"), noise.size]).toEqual([true, true, false, 2]);
  expect(book).toHaveLength(5);
  // A case that ended here would show less than the run does.
  expect(book.filter((line) => line.event === "divergence" && line.verdict === "diverges")).toEqual([]);
  expect(journal).toMatchObject([
    { fingerprint: "a", verdict: "oracle-unstable", case: "calibration seq-1" },
    { fingerprint: "b", verdict: "oracle-unstable" },
  ]);
});
