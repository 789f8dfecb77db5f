import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readView } from "./read.ts";
import { asText, cleanRun, diedRun, divergingRun } from "./testdata/runs.ts";
import { writeReports } from "./write.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "reports-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const journalFile = () => join(dir, "journal.jsonl");

test("writes the three reports beside the journal and answers the verdict", async () => {
  writeFileSync(journalFile(), asText(divergingRun()));
  const written = await writeReports(dir);
  expect(written).toMatchObject({ exitCode: 1, verdict: { is: "diverges" }, summary: { operations: 985 } });
  expect(readdirSync(dir).sort()).toEqual(["journal.jsonl", "junit.xml", "report.html", "summary.json"]);
  expect(JSON.parse(readFileSync(written.files.summary, "utf8"))).toEqual(written.summary);
});

test("writing again gives the same bytes", async () => {
  writeFileSync(journalFile(), asText(divergingRun()));
  const { files } = await writeReports(dir);
  const first = Object.values(files).map((file) => readFileSync(file));
  await writeReports(dir);
  expect(Object.values(files).map((file) => readFileSync(file))).toEqual(first);
});

test("a torn last line is a run that died, not damage", async () => {
  const whole = asText(diedRun());
  writeFileSync(journalFile(), whole.slice(0, -20));
  const { verdict, counts } = await readView(journalFile());
  expect(verdict.reasons).toEqual(["The journal has no end: the run died."]);
  expect(counts.operations + counts.events).toBe(diedRun().length - 2);
});

test("a torn end line is no end", async () => {
  writeFileSync(journalFile(), asText(cleanRun()).slice(0, -3));
  expect((await readView(journalFile())).verdict.exitCode).toBe(2);
});

test("a whole last line needs no newline", async () => {
  writeFileSync(journalFile(), asText(cleanRun()).trimEnd());
  expect((await readView(journalFile())).verdict.exitCode).toBe(0);
});

test.each(["not json", "42", "null", '{"no":"event"}', '{"event":"divergence"}', '{"event":"step"', '{"event":"run"}'])(
  "a line such as %s in the middle keeps the run from being green",
  async (bad) => {
    const [head = "", ...rest] = asText(cleanRun()).split("\n");
    writeFileSync(journalFile(), [bad, head, ...rest].join("\n"));
    const { verdict } = await readView(journalFile());
    expect(verdict).toMatchObject({ is: "undecided", exitCode: 2 });
    expect(verdict.reasons.join()).toContain("cannot be read");
  },
);

test("line types of a later version are passed over", async () => {
  writeFileSync(journalFile(), `{"event":"weather","rain":true}\n${asText(cleanRun())}`);
  expect((await readView(journalFile())).verdict.exitCode).toBe(0);
});

test("text split inside a character is read whole", async () => {
  const note = { event: "note", text: "é€𝄞".repeat(400_000) } as const;
  writeFileSync(journalFile(), asText([note]));
  appendFileSync(journalFile(), asText(cleanRun()));
  const { notes, verdict } = await readView(journalFile());
  expect(notes[0]).toMatch(/^(é€𝄞)+é?€?… \(/u);
  expect(verdict.exitCode).toBe(0);
});

test("a line separator in a znode's name does not tear its line", async () => {
  const [head, ...rest] = cleanRun();
  writeFileSync(
    journalFile(),
    asText([...(head === undefined ? [] : [head]), { event: "note", text: "a\u2028b\u2029c\u0085d" }, ...rest]),
  );
  const { notes, verdict } = await readView(journalFile());
  expect({ notes, exitCode: verdict.exitCode }).toEqual({ notes: ["a\\u2028b\\u2029c\\u0085d"], exitCode: 0 });
});

test("no journal is an error, not a verdict", async () => {
  await expect(writeReports(dir)).rejects.toMatchObject({ code: "ENOENT" });
});
