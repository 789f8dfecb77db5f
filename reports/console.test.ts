import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { consoleText, terminalOf } from "./console.ts";
import { annotationsOf, markdownOf } from "./markdown.ts";
import { cleanRun, diedRun, divergingRun, hostileRun, thirtyCauses } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const plain = { colour: false, columns: 100 };

describe("console", () => {
  test("says the verdict first, then why, then how to see it again", () => {
    const text = consoleText(viewOf(divergingRun()), plain, "out/report.html");
    expect(text.split("\n")[0]).toBe("DIVERGES  The candidate diverges from the oracle 23 times, for 4 causes.");
    expect(text).toContain("≠ getData stat.cversion  1, must be 2  × 17");
    expect(text).toContain("bin/xchk replay zx1:1234567:mixed:12:4:0:2");
    expect(text).toContain("seed 1234567");
    expect(text).toContain("report out/report.html");
    expect(text.endsWith("\n")).toBe(true);
  });

  test("a run that died says so", () => {
    expect(consoleText(viewOf(diedRun()), plain)).toMatch(
      /^UNDECIDED .*\n {2}! The journal has no end: the run died\.\n/,
    );
  });

  test("colour only where someone watches", () => {
    const view = viewOf(divergingRun());
    expect(consoleText(view, plain)).not.toContain("\u001b");
    const coloured = consoleText(view, { colour: true, columns: 100 });
    expect(coloured).toContain("\u001b[");
    expect(stripVTControlCharacters(coloured)).toBe(consoleText(view, plain));
  });

  test.each([
    [{ isTTY: true, columns: 80 }, {}, { colour: true, columns: 80 }],
    [{ isTTY: true, columns: 80 }, { NO_COLOR: "1" }, { colour: false, columns: 80 }],
    [{ isTTY: true, columns: 80 }, { NO_COLOR: "" }, { colour: true, columns: 80 }],
    [{ isTTY: true, columns: 80 }, { TERM: "dumb" }, { colour: false, columns: 80 }],
    [{}, {}, { colour: false, columns: 100 }],
  ])("%o with %o", (stream, env, terminal) => {
    expect(terminalOf(stream, env)).toEqual(terminal);
  });

  test("no line is wider than the terminal, save what is there to be copied", () => {
    for (const lines of [thirtyCauses(), hostileRun(), cleanRun()]) {
      const wide = consoleText(viewOf(lines), { colour: true, columns: 40 }, "report.html")
        .split("\n")
        .filter((line) => stripVTControlCharacters(line).length > 40);
      for (const line of wide) expect(line).toMatch(/seed|replay|report/);
    }
  });

  test("a terminal is never handed control characters of a znode", () => {
    expect(consoleText(viewOf(hostileRun()), { colour: false, columns: 10_000 })).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
    );
  });
});

describe("markdown", () => {
  test("a table of causes", () => {
    const text = markdownOf(viewOf(divergingRun()));
    expect(text).toMatch(/^## ❌ The candidate diverges/);
    expect(text).toContain(
      "| <code>getData</code> | <code>stat.cversion</code> | <code>1</code> | <code>2</code> | 17 |",
    );
  });

  test("hostile text opens no tag, no link, no table cell", () => {
    const text = markdownOf(viewOf(hostileRun()));
    expect(text).not.toMatch(/<(?!\/?code>)/);
    const rows = text.split("\n").filter((line) => line.startsWith("| <code>"));
    for (const row of rows) expect(row.split("|")).toHaveLength(8);
  });

  test("thirty causes are cut, and said", () => {
    expect(markdownOf(viewOf(thirtyCauses()))).toContain("and 10 more causes");
  });

  test("annotations: one line each, an error for a cause, a warning for a doubt", () => {
    const errors = annotationsOf(viewOf(divergingRun())).trimEnd().split("\n");
    expect(errors).toHaveLength(4);
    expect(errors[3]).toBe(
      "::error title=getData stat.cversion::candidate: 1%0Aoracle: 2%0Aseen 17 times%0Areplay: bin/xchk replay zx1:1234567:mixed:12:4:0:2",
    );
    expect(annotationsOf(viewOf(diedRun()))).toBe("::warning title=zetcd::The journal has no end: the run died.\n");
    expect(annotationsOf(viewOf(cleanRun()))).toBe("");
    for (const line of annotationsOf(viewOf(hostileRun())).trimEnd().split("\n"))
      expect(line).toMatch(/^::error title=[^:]*::/);
  });
});
