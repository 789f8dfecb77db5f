import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { type Summary, summaryOf } from "./summary.ts";
import { cellsLine } from "./testdata/journals.ts";
import {
  cleanRun,
  diedRun,
  divergingRun,
  hostileRun,
  interruptedRun,
  sideLostRun,
  thirtyCauses,
} from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const schema = JSON.parse(readFileSync(join(import.meta.dirname, "summary.schema.json"), "utf8"));
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);
const asRead = (summary: Summary): unknown => JSON.parse(JSON.stringify(summary));

describe("summary.json", () => {
  test.each(
    Object.entries({
      clean: cleanRun(),
      diverging: divergingRun(),
      "thirty causes": thirtyCauses(),
      died: diedRun(),
      interrupted: interruptedRun(),
      "side lost": sideLostRun(false),
      hostile: hostileRun(),
      "with cells": [...cleanRun().slice(0, -1), cellsLine("0501"), ...cleanRun().slice(-1)],
      empty: [],
    }),
  )("%s keeps to the published schema", (_, lines) => {
    const ok = isValid(asRead(summaryOf(viewOf(lines))));
    expect(isValid.errors ?? []).toEqual([]);
    expect(ok).toBe(true);
  });

  test("the schema would notice", () => {
    const summary = summaryOf(viewOf(divergingRun()));
    for (const broken of [
      { ...summary, format: 2 },
      { ...summary, verdict: "fine" },
      { ...summary, operations: -1 },
      { ...summary, surplus: true },
      { ...summary, divergences: [{ ...summary.divergences[0], replay: 5 }] },
      { ...summary, known: [{}] },
    ])
      expect(isValid(broken)).toBe(false);
  });

  test("holds what the contract names", () => {
    const known = [{ id: "D-007", why: "no pzxid", issue: "https://example.org/7", expires: "2026-12-31" }];
    const summary = summaryOf(viewOf(divergingRun()), known);
    expect(summary).toMatchObject({
      verdict: "diverges",
      exitCode: 1,
      seed: "1234567",
      replayToken: "zx1:1234567:mixed:12",
      runs: 4,
      operations: 985,
      checkedReplies: 985,
      checkedEvents: 120,
      opsPerSecond: 153.4,
      versions: { candidate: "zetcd 0.1.0 on etcd 3.5.16", oracle: "ZooKeeper 3.9.3" },
    });
    expect(summary.divergences[3]).toMatchObject({
      fingerprint: "getData stat.cversion value",
      operation: "getData",
      field: "stat.cversion",
      candidate: "1",
      oracle: "2",
      occurrences: 17,
      minimalOperations: 4,
      replay: "bin/xchk replay zx1:1234567:mixed:12:4:0:2",
    });
    expect(summary.divergences[1]).toMatchObject({ minimalOperations: null, replay: null });
    expect(summary.known).toMatchObject([{ id: "D-007", issue: "https://example.org/7", occurrences: 1 }]);
    expect(summary.coverage.operations).toMatchObject({ setData: { OK: 60, BADVERSION: 60 } });
    expect(summary.coverage.never).toContain("setData → NOAUTH");
  });

  test("of a run that died says so", () => {
    expect(summaryOf(viewOf(diedRun()))).toMatchObject({
      verdict: "undecided",
      ended: false,
      durationMs: null,
      opsPerSecond: null,
    });
  });
});
