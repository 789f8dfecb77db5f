import { expect, test } from "vitest";
import { kind, type RecordSchema, record, type SequenceSchema, unorderedVector, vector } from "./kinds.ts";
import { type Visitor, walk } from "./walk.ts";

const Pair = record("Pair", { left: kind("name", "ustring"), right: kind("count", "int") });
const Tree = record("Tree", {
  id: kind("id", "long"),
  pair: Pair,
  pairs: vector(Pair),
  set: unorderedVector(kind("name", "ustring")),
});

/** One line per call, in order. */
function lines(schema: RecordSchema | SequenceSchema, value: unknown, enterLists = true): string[] {
  const seen: string[] = [];
  const visitor: Visitor = {
    scalar: (path, { tag }, scalar) => void seen.push(`${path.join(".")} ${tag} ${scalar}`),
    list(path, type, list) {
      seen.push(`${path.join(".")} [${list?.length ?? "null"}]${type.unordered ? " unordered" : ""}`);
      return enterLists;
    },
  };
  walk(schema, value, visitor);
  return seen;
}

const tree = {
  id: 7n,
  pair: { left: "a", right: 1 },
  pairs: [
    { left: "b", right: 2 },
    { left: null, right: 3 },
  ],
  set: null,
};

test("visits every scalar in wire order with path and kind", () => {
  expect(lines(Tree, tree)).toEqual([
    "id id 7",
    "pair.left name a",
    "pair.right count 1",
    "pairs [2]",
    "pairs.0.left name b",
    "pairs.0.right count 2",
    "pairs.1.left name null",
    "pairs.1.right count 3",
    "set [null] unordered",
  ]);
});

test("a list whose visitor answers false keeps its elements to itself", () => {
  expect(lines(Tree, tree, false)).toEqual([
    "id id 7",
    "pair.left name a",
    "pair.right count 1",
    "pairs [2]",
    "set [null] unordered",
  ]);
});

test("without a list visitor elements are visited", () => {
  const seen: unknown[] = [];
  walk(Tree, tree, { scalar: (_path, _kind, value) => void seen.push(value) });
  expect(seen).toEqual([7n, "a", 1, "b", 2, null, 3]);
});

test("walks headers and bodies of a sequence under their index", () => {
  const Header = record("Header", { type: kind("type", "int") });
  const Many: SequenceSchema = {
    is: "sequence",
    name: "Many",
    header: Header,
    end: { type: -1 },
    endsAt: (header) => header.type === -1,
    bodyOf: (header) => (header.type === 1 ? Pair : undefined),
  };
  const items = [
    { header: { type: 1 }, body: { left: "x", right: 4 } },
    { header: { type: 2 }, body: {} },
  ];
  expect(lines(Many, items)).toEqual(["0.type type 1", "0.left name x", "0.right count 4", "1.type type 2"]);
});
