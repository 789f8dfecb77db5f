import { join } from "node:path";
import { expect, test } from "vitest";
import type { JournalLine } from "../oracle/journal.ts";
import { pageOf } from "./html.ts";
import { asText, divergingRun } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const sample = join(import.meta.dirname, "sample");
const known = [
  {
    id: "D-007",
    why: "The candidate takes pzxid from its newest child.",
    issue: "https://example.org/issues/7",
    owner: "storage",
    expires: "2026-12-31",
  },
];

test("the committed sample shows today's page (npx vitest run reports/sample.test.ts -u renders it again)", async () => {
  const [head, ...rest] = divergingRun(144);
  const lines: JournalLine[] = [
    ...(head === undefined ? [] : [head]),
    { event: "note", text: "This is a sample: a journal made by hand, not the result of a run." },
    ...rest,
  ];
  expect(asText(lines).length).toBeLessThan(100_000);
  await expect(asText(lines)).toMatchFileSnapshot(join(sample, "journal.jsonl"));
  await expect(pageOf(viewOf(lines), known)).toMatchFileSnapshot(join(sample, "report.html"));
});
