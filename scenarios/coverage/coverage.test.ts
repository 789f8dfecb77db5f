import { describe, expect, test } from "vitest";
import { findScenarios } from "../../oracle/commands/run.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { Scenario } from "../format.ts";
import { notAnswered, notShown } from "./excuses.ts";
import { answersAlone, answersInside, type Shown } from "./replies.ts";
import { shownBy, told, type WatchKind } from "./watches.ts";

const corpus = new Map(findScenarios([]).map(({ name, scenario }) => [name, scenario] as const));

/** The operations that a case asks, by name; raw frames by the opcode in their header; operations inside others as `multi/create`. */
function asked(scenario: Scenario | undefined): Set<string> {
  const names = (scenario?.steps ?? []).flatMap((step) => {
    if (step.op === "raw") {
      const code = Buffer.from(step.hex, "hex").readInt32BE(4);
      return Object.entries(opcodes).flatMap(([name, spec]) => (spec.code === code ? [name] : []));
    }
    return "ops" in step ? [step.op, ...step.ops.map((inner) => `${step.op}/${inner.op}`)] : [step.op];
  });
  // Every run begins by creating its root, and ends by closing its sessions.
  return new Set([...names, "closeSession"]);
}

/** The ways to leave a watch that a case uses. */
function leaves(scenario: Scenario | undefined): Set<string> {
  const kinds = (scenario?.steps ?? []).flatMap((step) => {
    if (step.op === "addWatch") return [String(step.mode)];
    return "watch" in step && step.watch ? [step.op] : [];
  });
  return new Set(kinds);
}

const tables: Readonly<Record<string, Shown>> = { ...answersAlone, ...answersInside };

describe("result codes", () => {
  test.each(Object.entries(tables))("%s: its cases are there and ask it", (op, shown) => {
    for (const name of Object.keys(shown)) expect([name, ...asked(corpus.get(name))]).toContain(op);
    const codes = Object.values(shown).flat();
    expect(new Set(codes).size).toBe(codes.length);
  });

  test("every code of the protocol is shown, or said why not", () => {
    const shown = Object.values(tables).flatMap((cases) => Object.values(cases).flat());
    const excused = [...Object.keys(notAnswered), ...Object.values(notShown).flatMap((codes) => Object.keys(codes))];
    expect(Object.keys(errorCodes).filter((code) => ![...shown, ...excused].includes(code))).toEqual([]);
    expect(Object.keys(notAnswered).filter((code) => (shown as string[]).includes(code))).toEqual([]);
  });

  test("nothing is both shown and excused", () => {
    for (const [op, excuses] of Object.entries(notShown))
      for (const code of Object.values(tables[op] ?? {}).flat()) expect(Object.keys(excuses), op).not.toContain(code);
  });
});

describe("watches", () => {
  const pairs = Object.entries(shownBy).flatMap(([touch, kinds]) =>
    Object.entries(kinds).map(([kind, name]) => [touch, kind as WatchKind, name] as const),
  );
  test.each(pairs)("%s meets %s in %s", (touch, kind, name) => {
    const scenario = corpus.get(name);
    expect([...leaves(scenario)]).toContain(kind);
    const reached = [...asked(scenario)].map((op) => op.replace("multi/", ""));
    expect(reached).toContain(touch);
  });

  test("every event that a server sends is among what is told", () => {
    const events = Object.values(told).flatMap((kinds) => Object.values(kinds).flat());
    expect(new Set(events)).toEqual(
      new Set(["created", "deleted", "dataChanged", "childrenChanged", "nothing", "cannot meet"]),
    );
  });
});
