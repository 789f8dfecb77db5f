import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** One relative import. `how`: `value` and `type` are static; `dynamic` is `import()` or a file named by URL, as workers are. Paths start at
 *  the root and use slashes: `src/jute/codec.ts`. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly how: "value" | "type" | "dynamic";
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Comments blanked out; what looks like one inside a string stays. */
const withoutComments = (source: string) =>
  source.replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_all, text) => text ?? " ");

/** Whether an import clause names types only: `import type`, or braces in which every name is one. */
const isTypeOnly = (clause: string) =>
  /^\s*type\b(?!\s*,)/.test(clause) || /^\s*\{(\s*type\s[^,}]+,?)+\s*\}\s*$/.test(clause);

/** Every specifier that a source imports, packages included. */
function importsOf(source: string): { specifier: string; how: Edge["how"] }[] {
  const text = withoutComments(source);
  const found: { specifier: string; how: Edge["how"] }[] = [];
  for (const [, clause = "", , specifier = ""] of text.matchAll(
    /^\s*(?:import|export)\b([^;"'`()=]*?)\bfrom\s*(["'])([^"'\n]+)\2/gm,
  ))
    found.push({ specifier, how: isTypeOnly(clause) ? "type" : "value" });
  for (const [, specifier = ""] of text.matchAll(/^\s*import\s*["']([^"'\n]+)["']/gm))
    found.push({ specifier, how: "value" });
  for (const [, specifier = ""] of text.matchAll(/\bimport\s*\(\s*["'`]([^"'`\n]+)["'`]/g))
    found.push({ specifier, how: "dynamic" });
  for (const [, specifier = ""] of text.matchAll(/\bnew URL\(\s*["'`](\.[^"'`\n]*\.ts)["'`]\s*,\s*import\.meta\.url/g))
    found.push({ specifier, how: "dynamic" });
  return found;
}

const stages = ["src", "oracle", "scenarios", "reports"];
const sources = stages
  .filter((stage) => existsSync(join(root, stage)))
  .flatMap((stage) =>
    readdirSync(join(root, stage), { recursive: true, encoding: "utf8" }).map((file) => join(stage, file)),
  )
  .map((file) => file.split(sep).join("/"))
  .filter((file) => file.endsWith(".ts") && file !== "src/layers.test.ts");

const imports = sources.flatMap((from) =>
  importsOf(readFileSync(join(root, from), "utf8")).map((each) => ({ from, ...each })),
);
const edges: Edge[] = imports
  .filter(({ specifier }) => specifier.startsWith("."))
  .map(({ from, specifier, how }) => ({
    from,
    to: relative(root, join(root, dirname(from), specifier))
      .split(sep)
      .join("/"),
    how,
  }));

const isTest = (file: string) => file.endsWith(".test.ts");
const isUnder =
  (...places: string[]) =>
  (file: string) =>
    places.some((place) => file === place || (place.endsWith("/") && file.startsWith(place)));
const shown = (wrong: readonly Edge[]) => wrong.map(({ from, to, how }) => `${from} -> ${to} (${how})`);

/** Imports of files under `from` that the rule does not allow. */
const breaking = (from: (file: string) => boolean, isAllowed: (edge: Edge) => boolean) =>
  shown(edges.filter((edge) => from(edge.from) && !isAllowed(edge)));

/** Pieces of test support that lie among the product's files: only tests import them. */
const testSupport = (file: string) =>
  isUnder("src/backend.contract.ts", "src/jute/arbitrary.ts")(file) || file.endsWith(".fixture.ts");

describe("imports run one way", () => {
  test("every import leads to a file of ours", () => {
    expect(shown(edges.filter(({ to }) => !existsSync(join(root, to))))).toEqual([]);
    expect(edges.length).toBeGreaterThan(20);
  });

  test("src/jute imports nothing outside itself", () => {
    expect(breaking(isUnder("src/jute/"), ({ to }) => isUnder("src/jute/")(to))).toEqual([]);
    const product = imports.filter(({ from }) => isUnder("src/jute/")(from) && !isTest(from) && !testSupport(from));
    expect(product.filter(({ specifier }) => !specifier.startsWith("."))).toEqual([]);
  });

  test("src/protocol imports src/jute alone", () => {
    expect(breaking(isUnder("src/protocol/"), ({ to }) => isUnder("src/jute/", "src/protocol/")(to))).toEqual([]);
  });

  test("the product never imports its judge; main.ts may load oracle/live.ts when asked to", () => {
    const isTheDoor = ({ from, to, how }: Edge) =>
      from === "src/main.ts" && to === "oracle/live.ts" && how === "dynamic";
    expect(breaking(isUnder("src/"), (edge) => isUnder("src/")(edge.to) || isTheDoor(edge))).toEqual([]);
  });

  test("server and etcd meet only in backend.ts and main.ts", () => {
    expect(breaking(isUnder("src/server/"), ({ to }) => !isUnder("src/etcd/")(to))).toEqual([]);
    expect(breaking(isUnder("src/etcd/"), ({ to }) => !isUnder("src/server/")(to))).toEqual([]);
    const reaching = (place: string) => new Set(edges.filter(({ to }) => to.startsWith(place)).map(({ from }) => from));
    const both = [...reaching("src/server/")].filter(
      (file) => file.startsWith("src/") && reaching("src/etcd/").has(file),
    );
    expect(both.filter((file) => !isTest(file) && file !== "src/main.ts")).toEqual([]);
  });

  test("oracle imports src; its commands alone know scenarios and reports", () => {
    const isCommand = isUnder("oracle/main.ts", "oracle/live.ts", "oracle/commands/");
    expect(breaking(isUnder("oracle/"), ({ from, to }) => isUnder("src/", "oracle/")(to) || isCommand(from))).toEqual(
      [],
    );
  });

  test("scenarios import src and oracle", () => {
    expect(breaking(isUnder("scenarios/"), ({ to }) => isUnder("src/", "oracle/", "scenarios/")(to))).toEqual([]);
  });

  test("reports read journals: types of oracle, its journal and verdicts, the tables of the wire", () => {
    const isData = isUnder(
      "reports/",
      "oracle/compare/difference.ts",
      "oracle/compare/known.ts",
      "src/protocol/",
      "src/jute/",
      "src/bounded-map.ts",
    );
    const mayUse = ({ to, how }: Edge) =>
      isData(to) ||
      /^oracle\/journal[^/]*\.ts$|^oracle\/journal\//.test(to) ||
      (how === "type" && isUnder("oracle/")(to));
    expect(breaking(isUnder("reports/"), mayUse)).toEqual([]);
  });

  test("test support is imported by tests alone", () => {
    expect(
      breaking(
        (from) => !isTest(from) && !testSupport(from),
        ({ to }) => !testSupport(to),
      ),
    ).toEqual([]);
    expect(shown(edges.filter(({ to }) => isTest(to)))).toEqual([]);
  });

  test("there are no import cycles, but for types between files of one folder", () => {
    const counting = edges.filter(({ from, to, how }) => how !== "type" || dirname(from) !== dirname(to));
    const next = Map.groupBy(counting, ({ from }) => from);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]) => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
      if (trail.includes(file) || done.has(file)) return;
      for (const { to } of next.get(file) ?? []) visit(to, [...trail, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

test("the scanner tells the kinds of imports apart", () => {
  const source = `
    import a, { b } from "./value.ts";
    import "./effect.ts";
    import type { C } from "./type.ts";
    import { type D, type E as F } from "./types.ts";
    import { type G, h } from './mixed.ts';
    import type, { i } from "./named-type.ts";
    import {
      j,
    } from "./lines.ts";
    export * from "./star.ts";
    export type { K } from "./export-type.ts";
    const l = await import("./dynamic.ts"), m = new Worker(new URL("./worker.ts", import.meta.url));
    // import n from "./comment.ts"
    /* import "./block.ts" */
    const o = "// not a comment", p = "import q from './string.ts'";
    export const r = Array.from("abc");
  `;
  const found = Object.fromEntries(importsOf(source).map(({ specifier, how }) => [specifier.slice(2, -3), how]));
  expect(found).toEqual({
    value: "value",
    effect: "value",
    type: "type",
    types: "type",
    mixed: "value",
    "named-type": "value",
    lines: "value",
    star: "value",
    "export-type": "type",
    dynamic: "dynamic",
    worker: "dynamic",
  });
});
