import { expect, test } from "vitest";
import type { Difference } from "./difference.ts";
import { fingerprintOf } from "./fingerprint.ts";

const value = (at: string, kind: string, candidate = "1", oracle = "2"): Difference => ({
  is: "value",
  at,
  kind,
  candidate,
  oracle,
  relation: "equal",
});

test.each<[string, readonly Difference[], string]>([
  ["values do not matter, only the field and its kind", [value("stat.pzxid", "zxid")], "getData stat.pzxid value zxid"],
  ["the pair of codes does", [value("err", "errorCode", "OK", "NONODE")], "getData err value OK≠NONODE"],
  [
    "an error is named before what follows from it",
    [value("zxid", "headerZxid"), value("err", "errorCode", "OK", "NONODE")],
    "getData err value OK≠NONODE",
  ],
  [
    "positions in lists do not matter",
    [value("results.3.stat.version", "version")],
    "getData results.*.stat.version value version",
  ],
  [
    "sets",
    [{ is: "members", at: "children", only: { candidate: [], oracle: ["a"] } }],
    "getData children members missing",
  ],
  ["who is silent", [{ is: "stalled", at: "reply", on: "candidate", waitedMs: 7 }], "getData reply stalled candidate"],
  [
    "who died",
    [{ is: "closed", at: "connection", on: "candidate", died: true }],
    "getData connection closed candidate died",
  ],
])("%s", (_name, differences, expected) => {
  expect(fingerprintOf("getData", differences)).toBe(expected);
});

test("the variant of an operation is part of it", () => {
  expect(fingerprintOf("create", [value("path", "path")], "flags=sequential")).toBe(
    "create(flags=sequential) path value path",
  );
});
