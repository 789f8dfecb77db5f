/** A walk over any decoded body that names each scalar's path and kind: what comparators, printers and redactors are visitors of. */
import type { FieldType, Kind, Schema, SequenceItem, VectorType } from "./kinds.ts";

/** Where a value stands: `["stat", "mzxid"]`, `["children", 3]`. */
export type FieldPath = readonly (string | number)[];

/** Called for every scalar; lists and records announce themselves through the optional `list`, which may answer `false` to skip the elements. */
export interface Visitor {
  scalar(path: FieldPath, kind: Kind, value: unknown): void;
  list?(path: FieldPath, type: VectorType, value: readonly unknown[] | null): boolean;
}

/** Visits a body in wire order. The value must have the schema's shape. */
export function walk(schema: Schema, value: unknown, visitor: Visitor): void {
  if (schema.is === "record") return walkField(schema, value, [], visitor);
  for (const [index, item] of (value as SequenceItem[]).entries()) {
    walkField(schema.header, item.header, [index], visitor);
    const body = schema.bodyOf(item.header);
    if (body !== undefined) walkField(body, item.body, [index], visitor);
  }
}

function walkField(type: FieldType, value: unknown, path: FieldPath, visitor: Visitor): void {
  if (type.is === "kind") return visitor.scalar(path, type, value);
  if (type.is === "record") {
    for (const [name, field] of Object.entries(type.fields))
      walkField(field, (value as Record<string, unknown>)[name], [...path, name], visitor);
    return;
  }
  const list = value as readonly unknown[] | null;
  if (visitor.list?.(path, type, list) === false) return;
  for (const [index, item] of (list ?? []).entries()) walkField(type.of, item, [...path, index], visitor);
}
