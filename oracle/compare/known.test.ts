import { describe, expect, test } from "vitest";
import { BadKnownList, checkKnown, type KnownDivergence, knownFaults, knownMatcher, loadKnown } from "./known.ts";

const entry: KnownDivergence = {
  id: "D-001",
  match: "container/**",
  field: "stat.pzxid",
  why: "no reaper yet",
  issue: "https://example.org/1",
  expires: "2030-01-31",
};
const finding = (rest: { case?: string; at?: string[]; fingerprint?: string }) => ({
  case: rest.case ?? "container/reaping",
  session: "a",
  operation: "exists",
  fingerprint: rest.fingerprint ?? "f",
  differences: (rest.at ?? ["stat.pzxid"]).map(
    (at) => ({ is: "value", at, kind: "zxid", candidate: "1", oracle: "2", relation: "same write" }) as const,
  ),
});

describe("a known divergence", () => {
  const rows: [string, KnownDivergence, Parameters<typeof finding>[0], boolean][] = [
    ["its case and field", entry, {}, true],
    ["another case", entry, { case: "data/set" }, false],
    ["another field", entry, { at: ["stat.mzxid"] }, false],
    ["a second difference that is not known", entry, { at: ["stat.pzxid", "err"] }, false],
    ["any case and one operation", { ...entry, match: "**/exists" }, { case: "seq-12" }, true],
    ["another operation", { ...entry, match: "**/getData" }, {}, false],
    ["a part of the field path", { ...entry, field: "stat.*" }, { at: ["stat.mzxid"] }, true],
    ["a deeper part than the star", { ...entry, field: "*" }, {}, false],
    ["another fingerprint", { ...entry, fingerprint: "g" }, {}, false],
  ];
  test.each(rows)("with %s: covered or not", (_, known, rest, covers) => {
    expect(knownMatcher([known])(finding(rest))).toBe(covers ? "D-001" : undefined);
  });
});

describe("the list", () => {
  test("that lies in the repository can be read", () => {
    expect(loadKnown(new URL("../../scenarios/known-divergences.yml", import.meta.url).pathname)).toBeInstanceOf(Array);
  });

  test.each([
    [{ ...entry, why: "" }, '"why" must be text'],
    [{ ...entry, issue: "see the wiki" }, '"issue" must be a URL'],
    [{ ...entry, expires: "soon" }, '"expires" must be a day'],
    [{ ...entry, matches: "x" }, 'unknown field "matches"'],
    ["D-001", "expected fields"],
  ])("refuses a bad entry and says which: %#", (bad, message) => {
    const check = () => checkKnown([entry, bad], "known.yml");
    expect(check).toThrow(BadKnownList);
    expect(check).toThrow("known.yml: entry 2");
    expect(check).toThrow(message);
  });

  test("refuses an id that is taken", () => {
    expect(() => checkKnown([entry, entry], "known.yml")).toThrow("the id is taken");
  });

  test("tells what no longer occurs and what is out of date", () => {
    const other = { ...entry, id: "D-002" };
    expect(knownFaults([entry, other], new Set(["D-002"]), "2030-02-01")).toEqual({
      stale: [entry],
      expired: [entry, other],
    });
    expect(knownFaults([entry], new Set(["D-001"]), "2030-01-31").expired).toEqual([]);
  });
});
