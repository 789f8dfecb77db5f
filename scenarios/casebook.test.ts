import { describe, expect, test } from "vitest";
import type { Verdict } from "../oracle/compare/difference.ts";
import type { DivergenceLine, JournalLine, StepLine } from "../oracle/journal.ts";
import { Casebook } from "./casebook.ts";

const step = (n: number, name: string, verdict: Verdict = "match"): StepLine => ({
  ...{ event: "step", n, case: name, session: "a", op: "exists", verdict },
  ...{ err: { candidate: "OK", oracle: "OK" }, ms: { candidate: 1, oracle: 1 } },
});
const divergence = (n: number, name: string, fingerprint: string, verdict: Verdict = "diverges"): DivergenceLine => ({
  ...{ event: "divergence", n, case: name, session: "a", fingerprint, operation: "exists", verdict, differences: [] },
  ...{ request: {}, answers: { candidate: { is: "none" }, oracle: { is: "none" } } },
});

function book(...lines: JournalLine[]) {
  const out: JournalLine[] = [];
  const casebook = new Casebook((line) => out.push(line));
  const records = [casebook.open("c", true), casebook.open("d")];
  for (const line of lines) casebook.emit(line);
  return { out, casebook, c: records[0], d: records[1] };
}

describe("a casebook", () => {
  test("keeps the first divergence of a case and drops the echo, of that case alone", () => {
    const { out, c, d } = book(
      step(1, "c"),
      step(2, "c", "diverges"),
      divergence(2, "c", "first"),
      step(3, "c", "diverges"),
      divergence(3, "c", "echo"),
      step(4, "d"),
    );
    expect(out.map((line) => ("n" in line ? line.n : 0))).toEqual([1, 2, 2, 4]);
    expect(c?.divergence?.fingerprint).toBe("first");
    expect([...(c?.fingerprints ?? [])]).toEqual(["first", "echo"]);
    expect(d?.divergence).toBeUndefined();
  });

  test("numbers what several cross-checks say in one row", () => {
    const out: JournalLine[] = [];
    const casebook = new Casebook((line) => out.push(line));
    const lines = [step(1, "c"), step(1, "d", "diverges"), divergence(1, "d", "f"), step(2, "c")];
    for (const line of lines) casebook.emitNumbered(line);
    expect(out.map((line) => ("n" in line ? [line.event, line.n] : []))).toEqual([
      ["step", 1],
      ["step", 2],
      ["divergence", 2],
      ["step", 3],
    ]);
    expect(casebook.lastNumber).toBe(3);
  });

  test("goes on behind what is known, or only a matter of timing", () => {
    const { out, c } = book(divergence(1, "c", "k", "known"), divergence(2, "c", "t", "timing"), step(3, "c"));
    expect(out).toHaveLength(3);
    expect(c?.divergence).toBeUndefined();
    expect(c?.known.map((line) => line.fingerprint)).toEqual(["k"]);
  });

  test("counts what it let through, unchecked steps apart", () => {
    const { casebook } = book(step(1, "c"), step(2, "c", "unchecked"), step(3, "d"));
    expect(casebook.endLine({ durationMs: 5, interrupted: false })).toEqual({
      ...{ event: "end", steps: 3, compared: 2, notifications: 0, cases: 2, durationMs: 5, interrupted: false },
    });
  });

  test("keeps a case's lines where they were asked for, and passes on what belongs to none", () => {
    const note = { event: "note", text: "hm" } as const;
    const { out, c, d } = book(note, step(1, "c"), step(2, "d"));
    expect(out[0]).toBe(note);
    expect(c?.lines).toHaveLength(1);
    expect(d?.lines).toHaveLength(0);
  });
});
