/** Two decoded bodies, field by field along their schema. */
import type { FieldType, Infer, Kind, RecordSchema, Schema, SequenceItem, VectorType } from "../../src/jute/kinds.ts";
import { ClientInfo, ErrorResponse, errorCode, opcode, Stat } from "../../src/protocol/records.ts";
import type { Both, Difference } from "./difference.ts";
import { type PrintOptions, printField, printValue } from "./print.ts";
import { type KindTag, relations } from "./relations.ts";
import { compareStats, type StatScene } from "./stat-rules.ts";

/** Where two bodies are compared. */
export interface BodyScene extends StatScene {
  readonly print: PrintOptions;
  /** The client is elsewhere, so the two servers see different peers: `ip` identities in whoAmI are not compared. */
  readonly hidesPeer: boolean;
  /** Paths of a multi's operations, for the Stats in its results. */
  readonly paths?: readonly (string | undefined)[];
}

/** Differences in the order of the fields; paths are dotted from the reply's root. */
export function compareBodies(schema: Schema, candidate: unknown, oracle: unknown, scene: BodyScene): Difference[] {
  const comparison = new BodyComparison(scene, []);
  if (schema.is === "record") comparison.record(schema, candidate, oracle, "");
  else comparison.results(candidate as SequenceItem[], oracle as SequenceItem[], schema.bodyOf);
  return comparison.out;
}

const join = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

/** Walks down two values. Nearly all fields of nearly all replies are as they should be, so what only a difference needs is made for one. */
class BodyComparison {
  readonly #scene: BodyScene;
  readonly out: Difference[];

  constructor(scene: BodyScene, out: Difference[]) {
    this.#scene = scene;
    this.out = out;
  }

  record(schema: RecordSchema, candidate: unknown, oracle: unknown, at: string): void {
    const [c, o] = [candidate as Record<string, unknown>, oracle as Record<string, unknown>];
    for (const name in schema.fields) this.#field(schema.fields[name] as FieldType, c[name], o[name], at, name);
    if (schema === Stat) this.#stat({ candidate: candidate as Stat, oracle: oracle as Stat }, at);
  }

  #stat(stats: Both<Stat>, at: string): void {
    const found = compareStats(stats, at, this.#scene);
    if (found.length === 0) return;
    const reported = new Set(this.out.map((difference) => difference.at));
    this.out.push(...found.filter((difference) => !reported.has(difference.at)));
  }

  #field(type: FieldType, candidate: unknown, oracle: unknown, at: string, name: string): void {
    if (type.is === "kind") this.#scalar(type, candidate, oracle, at, name);
    else if (type.is === "record") this.record(type, candidate, oracle, join(at, name));
    else this.#list(type, { candidate, oracle } as Lists, join(at, name));
  }

  #scalar(kind: Kind, candidate: unknown, oracle: unknown, at: string, name: string): void {
    const { witness, print } = this.#scene;
    const relation = relations[kind.tag as KindTag];
    if (relation.holds(candidate, oracle, witness, name)) return;
    const shown = { candidate: printValue(kind, candidate, print), oracle: printValue(kind, oracle, print) };
    // A digest is never shown, and it may be all that differs.
    const hidden = shown.candidate === shown.oracle ? " (what is hidden of it differs)" : "";
    this.out.push({
      is: "value",
      at: join(at, name),
      kind: kind.tag,
      candidate: shown.candidate + hidden,
      oracle: shown.oracle,
      relation: relation.words,
    });
  }

  #list(type: VectorType, { candidate, oracle }: Lists, at: string): void {
    if (candidate === null || oracle === null) {
      if (candidate === oracle) return;
      const shown = (list: readonly unknown[] | null) => (list === null ? "null" : `${list.length} elements`);
      this.out.push({
        is: "value",
        at,
        kind: "vector",
        candidate: shown(candidate),
        oracle: shown(oracle),
        relation: "equal",
      });
    } else if (type.unordered || candidate.length !== oracle.length) this.#members(type, { candidate, oracle }, at);
    else for (const [index, item] of candidate.entries()) this.#field(type.of, item, oracle[index], at, String(index));
  }

  /** As multisets: each element of one side takes its equal on the other; equal means equal in clear, shown is the redacted form. */
  #members(type: VectorType, lists: Both<readonly unknown[]>, at: string): void {
    const isHidden = (item: unknown) =>
      this.#scene.hidesPeer && type.of === ClientInfo && (item as Infer<typeof ClientInfo>).authScheme === "ip";
    const left = new Map<string, unknown[]>();
    for (const item of lists.oracle) {
      if (isHidden(item)) continue;
      const key = clearText(item);
      const same = left.get(key);
      if (same === undefined) left.set(key, [item]);
      else same.push(item);
    }
    const only = { candidate: [] as unknown[], oracle: [] as unknown[] };
    for (const item of lists.candidate) {
      if (isHidden(item)) continue;
      const same = left.get(clearText(item));
      if (same === undefined || same.pop() === undefined) only.candidate.push(item);
    }
    for (const items of left.values()) only.oracle.push(...items);
    if (only.candidate.length === 0 && only.oracle.length === 0) return;
    const shown = (items: unknown[]) =>
      items.map((item) => {
        const printed = printField(type.of, item, this.#scene.print);
        return typeof printed === "string" ? printed : JSON.stringify(printed);
      });
    this.out.push({ is: "members", at, only: { candidate: shown(only.candidate), oracle: shown(only.oracle) } });
  }

  /** A multi's, operation by operation. Where two results are of different types, their bodies have nothing in common. */
  results(
    candidate: readonly SequenceItem[],
    oracle: readonly SequenceItem[],
    bodyOf: (header: Readonly<Record<string, unknown>>) => RecordSchema | undefined,
  ): void {
    if (candidate.length !== oracle.length) {
      const [c, o] = [String(candidate.length), String(oracle.length)];
      this.out.push({ is: "value", at: "results.length", kind: "count", candidate: c, oracle: o, relation: "equal" });
    }
    for (const [index, item] of candidate.entries()) {
      const other = oracle[index];
      if (other === undefined) return;
      const at = `results.${index}`;
      const before = this.out.length;
      this.#scalar(opcode, item.header.type, other.header.type, at, "type");
      this.#scalar(errorCode, item.header.err, other.header.err, at, "err");
      const body = bodyOf(item.header);
      if (body === undefined || item.header.type !== other.header.type) continue;
      if (body !== ErrorResponse) this.#ofOperation(index).record(body, item.body, other.body, at);
      else if (this.out.length === before) this.#scalar(errorCode, item.body.err, other.body.err, at, "code");
    }
  }

  /** For the result of one operation, whose path is the one that counts. */
  #ofOperation(index: number): BodyComparison {
    const { path: _outer, ...rest } = this.#scene;
    const path = rest.paths?.[index];
    return new BodyComparison(path === undefined ? rest : { ...rest, path }, this.out);
  }
}

type Lists = Both<readonly unknown[] | null>;

const clearText = (item: unknown): string => JSON.stringify(item, (_name, v) => (typeof v === "bigint" ? `${v}n` : v));
