/** A request as a scenario step, so that what the journal shows can be pasted into a scenario. */

import { addWatchModes, permBits, watcherTypes } from "../../src/protocol/opcodes.ts";
import type { ACL } from "../../src/protocol/records.ts";
import { data as dataKind } from "../../src/protocol/records.ts";
import type { PrintOptions } from "../compare/print.ts";
import { printValue } from "../compare/print.ts";
import { flagName, isCreate, type Operation, type Request } from "./request.ts";

/** The name of a number in a table, or the number where it has none. */
const nameIn = (table: Readonly<Record<string, number>>, value: unknown): unknown =>
  Object.keys(table).find((name) => table[name] === value) ?? value;

/** A step without its `by`. Paths are `exact`. Data is text or hex when revealed, a digest in words when not; an auth
 *  packet's secret is never shown. */
export function stepOf(request: Request, print: PrintOptions): Record<string, unknown> {
  const { op, operations, frame } = request;
  if (op === undefined || operations === undefined || op === "sasl")
    return { op: "raw", hex: print.reveal && op !== "sasl" && op !== "auth" ? frame.toString("hex") : "", reply: true };
  if (op === "multi" || op === "multiRead") return { op, ops: operations.map((inner) => operationStep(inner, print)) };
  const only = operations[0];
  return only === undefined ? { op } : operationStep(only, print);
}

function operationStep({ op, fields }: Operation, print: PrintOptions): Record<string, unknown> {
  const step: Record<string, unknown> = { op };
  for (const [name, value] of Object.entries(fields)) {
    if (name === "path" || name === "prefixPath") step.path = exactly(value);
    else if (name === "acl") step.acl = aclOf(value as ACL[] | null);
    else if (name === "flags") step.flags = isCreate(op) ? flagName(value) : value;
    else if (name === "data") step.data = dataOf(value as Uint8Array | null, print);
    else if (name === "watch") step.watch = value;
    else if (name === "ttl") step.ttl = Number(value);
    else if (name === "mode") step.mode = nameIn(addWatchModes, value);
    else if (name === "auth") step.auth = value === null ? null : "<secret>";
    else if (name === "type" && op !== "auth") step.type = nameIn(watcherTypes, value);
    else if (name === "relativeZxid") step.since = Number(value);
    else if (name.endsWith("Watches"))
      step[watchLists[name] ?? name] = (value as string[] | null)?.map(exactly) ?? null;
    else if (name === "version" || name === "scheme") step[name] = value;
  }
  return step;
}

const watchLists: Readonly<Record<string, string>> = {
  dataWatches: "data",
  existWatches: "exist",
  childWatches: "child",
  persistentWatches: "persistent",
  persistentRecursiveWatches: "recursive",
};

const exactly = (path: unknown) => (typeof path === "string" ? { exact: path } : null);

function dataOf(data: Uint8Array | null, print: PrintOptions): unknown {
  if (data === null) return null;
  if (!print.reveal) return printValue(dataKind, data, print);
  const text = Buffer.from(data).toString("utf8");
  return /^[ -~]*$/.test(text) ? text : { hex: Buffer.from(data).toString("hex") };
}

/** Entries as scenarios write them; `open` for the usual one. An id loses its digest. */
function aclOf(acl: readonly ACL[] | null): unknown {
  if (acl === null) return null;
  const [first] = acl;
  if (acl.length === 1 && first?.perms === permBits.all && first.id.scheme === "world" && first.id.id === "anyone")
    return "open";
  return acl.map(({ perms, id }) => ({
    perms: letters(perms),
    scheme: id.scheme,
    id: id.id === null ? null : id.id.replace(/:.*$/s, ":x"),
  }));
}

const letters = (perms: number): string | number =>
  (perms & ~permBits.all) !== 0
    ? perms
    : (["read", "write", "create", "delete", "admin"] as const)
        .map((name) => (perms & permBits[name] ? (name === "admin" ? "a" : name.slice(0, 1)) : ""))
        .join("");
