import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import { junitOf } from "./junit.ts";
import { cleanRun, diedRun, divergingRun, hostileRun, sideLostRun } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  isArray: (name) => ["testsuite", "testcase", "property"].includes(name),
});

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly failure?: { message: string; type: string; "#text": string };
  readonly error?: { message: string };
  readonly skipped?: { message: string };
}
interface Suite {
  readonly name: string;
  readonly tests: string;
  readonly failures: string;
  readonly errors: string;
  readonly skipped: string;
  readonly testcase: readonly Case[];
  readonly properties: { readonly property: readonly { name: string; value: string }[] };
}

/** Parses, and fails where a strict validator would. */
function parsed(xml: string): {
  name: string;
  tests: string;
  failures: string;
  errors: string;
  skipped: string;
  testsuite: readonly Suite[];
} {
  expect(XMLValidator.validate(xml)).toBe(true);
  return parser.parse(xml).testsuites;
}
const suiteOf = (xml: string, name: string) => parsed(xml).testsuite.find((suite) => suite.name === name);
const known = [{ id: "D-007", why: "no pzxid", issue: "https://example.org/7" }];

describe("junit.xml", () => {
  test("a divergence is a failure, a known one is skipped with its issue, an operation without any passes", () => {
    const xml = junitOf(viewOf(divergingRun()), known);
    expect(parsed(xml)).toMatchObject({ failures: "4", errors: "0", skipped: "1" });
    const [passed, failed] = suiteOf(xml, "getData")?.testcase ?? [];
    expect(passed).toMatchObject({ name: "120 replies agree", classname: "zetcd.getData" });
    expect(failed?.failure).toMatchObject({ message: "stat.cversion is not the same", type: "major" });
    expect(failed?.failure?.["#text"]).toContain("replay: bin/xchk replay zx1:1234567:mixed:12:4:0:2");
    expect(suiteOf(xml, "create2")?.testcase[1]?.skipped?.message).toBe("known: D-007 https://example.org/7 no pzxid");
    expect(suiteOf(xml, "sync")?.testcase).toHaveLength(1);
  });

  test("the counts add up, suite by suite", () => {
    const root = parsed(junitOf(viewOf(divergingRun()), known));
    const sum = (field: "tests" | "failures" | "errors" | "skipped") =>
      root.testsuite.reduce((total, suite) => total + Number(suite[field]), 0);
    for (const field of ["tests", "failures", "errors", "skipped"] as const)
      expect(sum(field)).toBe(Number(root[field]));
    for (const suite of root.testsuite) {
      expect(suite.testcase).toHaveLength(Number(suite.tests));
      expect(suite.testcase.filter((test) => test.failure !== undefined)).toHaveLength(Number(suite.failures));
    }
  });

  test("every suite names seed, replay token and versions", () => {
    for (const suite of parsed(junitOf(viewOf(cleanRun()))).testsuite) {
      const properties = Object.fromEntries(suite.properties.property.map(({ name, value }) => [name, value]));
      expect(properties).toMatchObject({
        verdict: "conforms",
        seed: "1234567",
        replay: "zx1:1234567:mixed:12",
        candidate: "zetcd 0.1.0 on etcd 3.5.16",
        oracle: "ZooKeeper 3.9.3",
      });
    }
  });

  test.each([
    ["a run that died", diedRun(), "the run died"],
    ["a side lost for good", sideLostRun(false), "never came back"],
    ["no journal at all", [], "no header"],
  ] as const)("%s is an error of the harness", (_, lines, words) => {
    const xml = junitOf(viewOf(lines));
    expect(Number(parsed(xml).errors)).toBeGreaterThan(0);
    expect(
      suiteOf(xml, "harness")
        ?.testcase.map((test) => test.error?.message ?? "")
        .join(),
    ).toContain(words);
  });

  test("a clean run has neither failure nor error", () => {
    expect(parsed(junitOf(viewOf(cleanRun())))).toMatchObject({ failures: "0", errors: "0", skipped: "0" });
  });

  test("hostile text stays text", () => {
    const xml = junitOf(viewOf(hostileRun()));
    expect(parsed(xml).failures).toBe("7");
    expect(xml).not.toContain("<script>");
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
    expect(xml.length).toBeLessThan(200_000);
  });
});
