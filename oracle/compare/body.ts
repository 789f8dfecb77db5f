/** Two decoded bodies, field by field along their schema. */
import type { FieldType, Infer, RecordSchema, Schema, SequenceItem, VectorType } from "../../src/jute/kinds.ts";
import { ClientInfo, ErrorResponse, Stat } from "../../src/protocol/records.ts";
import type { Both, Difference } from "./difference.ts";
import { type PrintOptions, printField, printValue } from "./print.ts";
import { type KindTag, relations } from "./relations.ts";
import { eachOf } from "./sides.ts";
import { compareStats, type StatScene } from "./stat-rules.ts";

/** Where two bodies are compared. */
export interface BodyScene extends StatScene {
  readonly print: PrintOptions;
  /** The client is elsewhere, so the two servers see different peers: `ip` identities in whoAmI are not compared. */
  readonly hidesPeer: boolean;
  /** Paths of a multi's operations, for the Stats in its results. */
  readonly paths?: readonly (string | undefined)[];
}

/** Collects differences; paths are dotted from the reply's root. */
export function compareBodies(schema: Schema, candidate: unknown, oracle: unknown, scene: BodyScene): Difference[] {
  const out: Difference[] = [];
  if (schema.is === "record") compareRecord(schema, { candidate, oracle }, "", scene, out);
  else compareResults(candidate as SequenceItem[], oracle as SequenceItem[], schema.bodyOf, scene, out);
  return out;
}

const join = (at: string, name: string | number): string => (at === "" ? String(name) : `${at}.${name}`);

function compareRecord(schema: RecordSchema, pair: Both<unknown>, at: string, scene: BodyScene, out: Difference[]) {
  const candidate = pair.candidate as Record<string, unknown>;
  const oracle = pair.oracle as Record<string, unknown>;
  for (const [name, type] of Object.entries(schema.fields))
    compareField(type, { candidate: candidate[name], oracle: oracle[name] }, join(at, name), scene, out);
  if (schema !== Stat) return;
  const stats = { candidate: candidate as unknown as Stat, oracle: oracle as unknown as Stat };
  const reported = new Set(out.map((difference) => difference.at));
  out.push(...compareStats(stats, at, scene).filter((difference) => !reported.has(difference.at)));
}

function compareField(type: FieldType, pair: Both<unknown>, at: string, scene: BodyScene, out: Difference[]): void {
  if (type.is === "record") return compareRecord(type, pair, at, scene, out);
  if (type.is === "vector") return compareVector(type, pair as Both<readonly unknown[] | null>, at, scene, out);
  const relation = relations[type.tag as KindTag];
  const field = at.slice(at.lastIndexOf(".") + 1);
  if (relation.holds(pair.candidate, pair.oracle, { witness: scene.witness, field })) return;
  const shown = eachOf(pair, (value) => printValue(type, value, scene.print));
  // A digest is never shown, and it may be all that differs.
  const hidden = shown.candidate === shown.oracle ? " (what is hidden of it differs)" : "";
  out.push({
    is: "value",
    at,
    kind: type.tag,
    candidate: shown.candidate + hidden,
    oracle: shown.oracle,
    relation: relation.words,
  });
}

type Lists = Both<readonly unknown[] | null>;

function compareVector(type: VectorType, lists: Lists, at: string, scene: BodyScene, out: Difference[]): void {
  const { candidate, oracle } = lists;
  if (candidate === null || oracle === null) {
    if (candidate === oracle) return;
    const shown = (list: readonly unknown[] | null) => (list === null ? "null" : `${list.length} elements`);
    out.push({
      is: "value",
      at,
      kind: "vector",
      candidate: shown(candidate),
      oracle: shown(oracle),
      relation: "equal",
    });
  } else if (type.unordered || candidate.length !== oracle.length)
    compareMembers(type, { candidate, oracle }, at, scene, out);
  else
    for (const [index, item] of candidate.entries())
      compareField(type.of, { candidate: item, oracle: oracle[index] }, join(at, index), scene, out);
}

/** As multisets: each element of one side takes its equal on the other; equal means equal in clear, shown is the redacted form. */
function compareMembers(
  type: VectorType,
  lists: Both<readonly unknown[]>,
  at: string,
  scene: BodyScene,
  out: Difference[],
) {
  const isCompared = (item: unknown) =>
    !(scene.hidesPeer && type.of === ClientInfo && (item as Infer<typeof ClientInfo>).authScheme === "ip");
  const only = { candidate: [] as unknown[], oracle: lists.oracle.filter(isCompared) };
  const left = new Map<string, unknown[]>();
  for (const item of only.oracle) {
    const key = clearText(item);
    const same = left.get(key);
    if (same === undefined) left.set(key, [item]);
    else same.push(item);
  }
  for (const item of lists.candidate.filter(isCompared)) {
    const same = left.get(clearText(item));
    if (same === undefined || same.pop() === undefined) only.candidate.push(item);
  }
  only.oracle = [...left.values()].flat();
  if (only.candidate.length === 0 && only.oracle.length === 0) return;
  const shown = (items: unknown[]) =>
    items.map((item) => {
      const printed = printField(type.of, item, scene.print);
      return typeof printed === "string" ? printed : JSON.stringify(printed);
    });
  out.push({ is: "members", at, only: { candidate: shown(only.candidate), oracle: shown(only.oracle) } });
}

const clearText = (item: unknown): string => JSON.stringify(item, (_name, v) => (typeof v === "bigint" ? `${v}n` : v));

/** Operation by operation. Where two results are of different types, their bodies have nothing in common. */
function compareResults(
  candidate: readonly SequenceItem[],
  oracle: readonly SequenceItem[],
  bodyOf: (header: Readonly<Record<string, unknown>>) => RecordSchema | undefined,
  scene: BodyScene,
  out: Difference[],
): void {
  if (candidate.length !== oracle.length) {
    const [c, o] = [String(candidate.length), String(oracle.length)];
    out.push({ is: "value", at: "results.length", kind: "count", candidate: c, oracle: o, relation: "equal" });
  }
  for (const [index, item] of candidate.entries()) {
    const other = oracle[index];
    if (other === undefined) return;
    const at = `results.${index}`;
    const before = out.length;
    for (const [name, kind] of [
      ["type", "opcode"],
      ["err", "errorCode"],
    ] as const)
      compareField(
        { is: "kind", tag: kind, wire: "int" },
        { candidate: item.header[name], oracle: other.header[name] },
        join(at, name),
        scene,
        out,
      );
    const body = bodyOf(item.header);
    if (body === undefined || item.header.type !== other.header.type) continue;
    const path = scene.paths?.[index];
    const { path: _outer, ...rest } = scene;
    const inner = path === undefined ? rest : { ...rest, path };
    if (body !== ErrorResponse) compareRecord(body, { candidate: item.body, oracle: other.body }, at, inner, out);
    else if (out.length === before)
      compareField(
        { is: "kind", tag: "errorCode", wire: "int" },
        { candidate: item.body.err, oracle: other.body.err },
        join(at, "code"),
        scene,
        out,
      );
  }
}
