import { expect, test } from "vitest";
import type { Difference } from "../compare/difference.ts";
import type { DivergenceLine, JournalLine } from "../journal.ts";
import { RunBook } from "./run-book.ts";

const shown: Difference = {
  ...{ is: "value", at: "connect.readOnly", kind: "flag", candidate: "absent", oracle: "false", relation: "equal" },
};
const wrong: Difference = { ...shown, at: "err", kind: "errorCode", candidate: "OK", oracle: "NONODE" };

/** A step and its divergence, as a cross-check tells them. */
function disagreement(name: string, fingerprint: string, difference: Difference): JournalLine[] {
  const where = { n: 1, case: name, session: "a" };
  const answer = { is: "reply" } as const;
  const divergence: DivergenceLine = {
    ...{ event: "divergence", ...where, fingerprint, operation: "op", verdict: "diverges", request: {} },
    differences: [difference],
    answers: { candidate: answer, oracle: answer },
  };
  const err = { candidate: "OK", oracle: "OK" };
  return [{ event: "step", ...where, op: "op", err, ms: { candidate: 1, oracle: 1 }, verdict: "diverges" }, divergence];
}

test("a case goes on behind what is only shown, and ends with what matters", () => {
  const lines: JournalLine[] = [];
  const book = new RunBook((line) => lines.push(line));
  const record = book.open("x");
  disagreement("x", "flag", shown).forEach(book.take);
  expect(record.divergence).toBeUndefined();
  expect(record.fingerprints).toEqual(new Set(["flag"]));
  disagreement("x", "code", wrong).forEach(book.take);
  expect(record.divergence).toMatchObject({ fingerprint: "code" });
  disagreement("x", "flag", shown).forEach(book.take);
  expect(lines.map((line) => ("n" in line ? `${line.event} ${line.n}` : line.event))).toEqual([
    ...["step 1", "divergence 1", "step 2", "divergence 2"],
  ]);
});

test("each cause is answered for by a case, as long as there is one that could", () => {
  const book = new RunBook(() => undefined);
  const answers = ["x", "y", "z"].map((name) => {
    const record = book.open(name);
    disagreement(name, "flag", shown).forEach(book.take);
    disagreement(name, "code", wrong).forEach(book.take);
    book.close(name);
    return record.divergence?.fingerprint;
  });
  expect(answers).toEqual(["code", "flag", "code"]);
});
