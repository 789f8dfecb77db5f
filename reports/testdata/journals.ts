/** Hand-built journals for tests: small runs of every kind that a report must tell apart. */
import type { Difference, Verdict } from "../../oracle/compare/difference.ts";
import type {
  Answer,
  CellsLine,
  DivergenceLine,
  EndLine,
  JournalLine,
  NotificationLine,
  RunLine,
  StepLine,
} from "../../oracle/journal.ts";

/** A header. Floor 5, so that small runs count. */
export const runLine = (changes: Partial<RunLine> = {}): RunLine => ({
  event: "run",
  format: 1,
  tool: "zetcd 0.1.0",
  mode: "fuzz",
  startedAt: "2026-03-14T09:26:53.589Z",
  candidate: { name: "zetcd", address: "127.0.0.1:2181", version: "0.1.0 on etcd 3.5.16" },
  oracle: { name: "ZooKeeper", address: "127.0.0.1:2182", version: "3.9.3" },
  answerFrom: "oracle",
  seed: "1234567",
  replayToken: "zx1:1234567:mixed:12",
  options: { runs: 100, ops: 12, sessions: 3, profile: "mixed" },
  operationsFloor: 5,
  ...changes,
});

/** A compared request that agrees. */
export const stepLine = (n: number, changes: Partial<StepLine> = {}): StepLine => ({
  event: "step",
  n,
  case: `case-${Math.floor(n / 12)}`,
  session: n % 3 === 0 ? "b" : "a",
  op: "create",
  path: `/n${n % 7}`,
  shape: "flags=persistent",
  err: { candidate: "OK", oracle: "OK" },
  ms: { candidate: 1.5 + (n % 10) / 10, oracle: 1.1 + (n % 7) / 10 },
  verdict: "match",
  ...changes,
});

/** A compared watch event that agrees. */
export const notificationLine = (n: number, changes: Partial<NotificationLine> = {}): NotificationLine => ({
  event: "notification",
  n,
  case: "case-0",
  session: "a",
  type: "dataChanged",
  path: "/n",
  verdict: "match",
  ...changes,
});

/** A count of nine cells. `hit` has their bits as hex: six of `delete OK`, two of `delete NOTEMPTY`, one of `multi/delete OK`. */
export const cellsLine = (hit: string): CellsLine => ({
  event: "cells",
  pairs: [
    {
      op: "delete",
      result: "OK",
      times: 7,
      nodes: [
        ["persistent", 4],
        ["ttl", 2],
      ],
    },
    { op: "delete", result: "NOTEMPTY", times: 0, nodes: [["parent", 2]] },
    { op: "multi/delete", result: "OK", times: 1, nodes: [["persistent", 1]] },
  ],
  hit,
  beyond: 0,
});

/** A footer that fits the lines before it. */
export function endLine(lines: readonly JournalLine[], changes: Partial<EndLine> = {}): EndLine {
  const steps = lines.filter((line) => line.event === "step").length;
  const notifications = lines.filter((line) => line.event === "notification").length;
  return {
    event: "end",
    steps,
    compared: steps,
    notifications,
    cases: 4,
    durationMs: 2_500,
    interrupted: false,
    ...changes,
  };
}

/** The lines between a header and a footer of their own. */
export function journal(
  body: readonly JournalLine[],
  changes: { readonly run?: Partial<RunLine>; readonly end?: Partial<EndLine> } = {},
): JournalLine[] {
  return [runLine(changes.run), ...body, endLine(body, changes.end)];
}

/** A reply with a Stat, its frame included. */
export function reply(stat: Readonly<Record<string, string | number>>, err = "OK"): Answer {
  const zxid = String(stat.mzxid ?? "7");
  const numbers = Object.values(stat).map((value) => Number(value).toString(16).padStart(8, "0"));
  return {
    is: "reply",
    err,
    zxid,
    body: err === "OK" ? { stat } : undefined,
    hex: `00000003${BigInt(zxid).toString(16).padStart(16, "0")}${err === "OK" ? "00000000" : "ffffff9b"}${numbers.join("")}`,
  };
}

/** One disagreement over a value. */
export const valueDifference = (at: string, candidate: string, oracle: string): Difference => ({
  is: "value",
  at,
  kind: "version",
  candidate,
  oracle,
  relation: "equal",
});

/** A divergence of the given verdict with its diverging step line before it. */
export function divergence(
  n: number,
  changes: Partial<DivergenceLine> = {},
  verdict: Verdict = "diverges",
): [StepLine, DivergenceLine] {
  const line: DivergenceLine = {
    event: "divergence",
    n,
    case: `case-${Math.floor(n / 12)}`,
    session: "a",
    fingerprint: "getData stat.cversion value",
    operation: "getData",
    verdict,
    differences: [valueDifference("stat.cversion", "1", "2")],
    request: { by: "a", op: "getData", path: "/n" },
    answers: { candidate: reply({ cversion: 1, numChildren: 0 }), oracle: reply({ cversion: 2, numChildren: 0 }) },
    ...changes,
  };
  return [stepLine(n, { op: line.operation, verdict, path: "/n", shape: "" }), line];
}
