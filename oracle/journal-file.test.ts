import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JournalLine } from "./journal.ts";
import { type JournalSummary, JournalWriter, readJournal } from "./journal-file.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const note = (text: string): JournalLine => ({ event: "note", text });
const end: JournalLine = {
  event: "end",
  steps: 0,
  compared: 0,
  notifications: 0,
  cases: 0,
  durationMs: 1,
  interrupted: false,
};

async function readAll(path: string): Promise<{ lines: JournalLine[]; summary: JournalSummary }> {
  const lines: JournalLine[] = [];
  const journal = readJournal(path);
  for (;;) {
    const next = await journal.next();
    if (next.done) return { lines, summary: next.value };
    lines.push(next.value);
  }
}

test("what is written comes back, in order, and the end is known", async () => {
  const path = join(dir, "sub", "journal.jsonl");
  const writer = new JournalWriter(path);
  for (let i = 0; i < 10_000; i++) writer.write(note(`line ${i} ${"x".repeat(50)}`));
  writer.write(end);
  writer.close();
  writer.close();
  writer.write(note("too late"));
  const { lines, summary } = await readAll(path);
  expect(lines.length).toBe(10_001);
  expect(lines[9_999]).toMatchObject({ text: expect.stringMatching(/^line 9999 /) });
  expect(summary).toMatchObject({ end, lines: 10_001, damaged: 0 });
});

test("a run that died has no end, and its torn line is no damage", async () => {
  const path = join(dir, "journal.jsonl");
  const writer = new JournalWriter(path);
  writer.write(note("one"));
  writer.close();
  appendFileSync(path, '{"event":"no');
  const { lines, summary } = await readAll(path);
  expect(lines).toEqual([note("one")]);
  expect(summary.end).toBeUndefined();
  expect(summary).toMatchObject({ damaged: 0, isTorn: true });
});

test("a line ends at a newline and nowhere else", async () => {
  const path = join(dir, "journal.jsonl");
  const writer = new JournalWriter(path);
  const names = note("a\u2028b\u2029c\u0085d\r");
  writer.write(names);
  writer.close();
  appendFileSync(path, "\nno journal line\n\r\n42\n");
  appendFileSync(path, JSON.stringify(end));
  const { lines, summary } = await readAll(path);
  expect(lines).toEqual([names, end]);
  expect(summary).toMatchObject({ end, lines: 2, damaged: 2, isTorn: false });
});

test("lines reach the disk without a close", () => {
  const path = join(dir, "journal.jsonl");
  const writer = new JournalWriter(path);
  writer.write(note("one"));
  writer.flush();
  expect(readFileSync(path, "utf8")).toBe('{"event":"note","text":"one"}\n');
  writer.close();
});
