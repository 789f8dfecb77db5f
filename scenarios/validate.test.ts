import { globSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { BadScenario, readScenario, validateScenario } from "./validate.ts";

const here = dirname(fileURLToPath(import.meta.url));
const good = { why: "w", source: "s", sessions: ["a"], steps: [{ by: "a", op: "create", path: "/n" }] };
const withStep = (step: unknown) => ({ ...good, steps: [good.steps[0], step] });

describe("a scenario file", () => {
  test("of the corpus is well-formed, and there are enough of them", () => {
    const files = globSync("*/*.json", { cwd: here }).filter((file) => !file.startsWith("counterexamples"));
    expect(files.length).toBeGreaterThanOrEqual(60);
    for (const file of files) expect(readScenario(`${here}/${file}`).steps.length).toBeGreaterThan(0);
  });

  test.each([
    [{ by: "a", op: "setData", path: { ref: "x", below: "/y" }, data: { hex: "00ff" }, version: { last: -1 } }],
    [{ by: "a", op: "create", path: null, acl: [{ perms: 63, scheme: null, id: null }], flags: 7 }],
    [
      {
        by: "a",
        op: "multi",
        ops: [
          { op: "check", path: "" },
          { op: "getData", path: { exact: "/" } },
        ],
      },
    ],
    [{ by: "a", op: "setWatches", since: { newest: -1 }, data: ["/n", null] }],
    [{ by: "a", op: "reconnect", as: "wrong-password", seen: 0, readOnly: "absent", protocolVersion: 1 }],
    [{ by: "a", op: "raw", hex: "", reply: false }],
  ])("may hold %j", (step) => {
    expect(validateScenario(withStep(step), "f.json").steps).toHaveLength(2);
  });

  test.each([
    [{ ...good, why: " " }, 'f.json: "why" and "source" must say something'],
    [{ ...good, sessions: "a" }, 'f.json: field "sessions": expected a list'],
    [{ ...good, stepz: [] }, 'f.json: unknown field "stepz"'],
    [{ ...good, sessions: ["a", "a"] }, "a session is listed twice"],
    [{ ...good, sessions: [] }, "a scenario needs a session"],
    [withStep({ by: "b", op: "ping" }), 'step 2 (ping): session "b" is not listed'],
    [withStep({ by: "a", op: "creat", path: "/n" }), "step 2 (creat): no such operation"],
    [withStep({ by: "a", op: "toString" }), "step 2 (toString): no such operation"],
    [withStep({ by: "a", op: "create" }), 'step 2 (create): field "path" is missing'],
    [withStep({ by: "a", op: "create", path: "/n", flag: 1 }), 'step 2 (create): unknown field "flag"'],
    [withStep({ by: "a", op: "create", path: "/n", flags: "sequental" }), 'field "flags": expected one of persistent'],
    [withStep({ by: "a", op: "create", path: "/n", data: { hex: "0" } }), 'field "data": expected text'],
    [
      withStep({ by: "a", op: "create", path: "/n", acl: [{ perms: "x", scheme: "world", id: "" }] }),
      'field "acl": entry 1',
    ],
    [
      withStep({ by: "a", op: "setData", path: "/n", version: "1" }),
      'field "version": expected a whole number or {last}',
    ],
    [
      withStep({ by: "a", op: "multi", ops: [{ op: "exists", path: "/n" }] }),
      '"exists" cannot stand inside another step',
    ],
    [withStep({ by: "a", op: "multi", ops: [{ by: "a", op: "delete", path: "/n" }] }), 'unknown field "by"'],
    ["text", "f.json: expected an object"],
  ])("is refused with its place: %#", (value, message) => {
    const check = () => validateScenario(value, "f.json");
    expect(check).toThrow(BadScenario);
    expect(check).toThrow(message);
  });

  test("that is absent or no JSON is named", () => {
    expect(() => readScenario("/nope/x.json")).toThrow(/\/nope\/x\.json: /);
    expect(() => readScenario(`${here}/README.md`)).toThrow(BadScenario);
  });
});
