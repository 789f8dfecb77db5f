/** The znode tree that one side must hold after a story's steps, judged by that side's own answers: what the tree scrubber shows. */
import type { Answer } from "../oracle/journal.ts";
import { bounds, shortened } from "./bounds.ts";
import { znodePath } from "./wording.ts";

/** What the story says about a znode: who owns it, what it holds, and the Stat fields that a reply named last. */
export interface TreeNode {
  readonly path: string;
  /** Printed facts in a fixed order: `version`, `cversion`, `data`, `owner` … */
  readonly facts: Readonly<Record<string, string>>;
}

/** A change of the tree: a znode's new state, or the path of one that went. */
export type TreeEffect = TreeNode | { readonly path: string; readonly gone: true };

/** Loosely typed, because a journal may come from a newer generator than this reader. */
type Request = Readonly<Record<string, unknown>>;

/** Stat fields worth showing that a reply may name. Zxids and clocks differ between the sides by right. */
const statFacts = ["version", "cversion", "aversion", "numChildren", "dataLength"] as const;
const creates = new Set(["create", "create2", "createContainer", "createTTL"]);

/** One side's tree. Feed it the story's steps in order; each call answers what changed. */
export class SideTree {
  readonly #nodes = new Map<string, Record<string, string>>();
  readonly #bound = new Map<string, string>();

  /** Applies a step as far as this side said that it worked. A refused write changes nothing; a read may still tell a znode's Stat. */
  apply(by: string, request: Request, answer: Answer): TreeEffect[] {
    const changed = new Set<string>();
    const worked = answer.is === "reply" && (answer.err === undefined || answer.err === "OK");
    const op = String(request.op);
    if (op === "closeSession" ? worked : op === "expire") this.#endSession(by, changed);
    else if (worked && op === "multi") this.#multi(by, request, answer, changed);
    else if (worked) this.#one(by, request, answer.body, changed);
    return [...changed].slice(0, bounds.rowsMax).map((path) => {
      const facts = this.#nodes.get(path);
      return facts === undefined
        ? { path: shortened(path, 200), gone: true }
        : { path: shortened(path, 200), facts: { ...facts } };
    });
  }

  #one(by: string, request: Request, body: unknown, changed: Set<string>): void {
    const op = String(request.op);
    const asked = this.#path(request.path);
    if (asked === undefined) return;
    const path = creates.has(op) ? createdPath(asked, request, body) : asked;
    if (creates.has(op)) {
      const ephemeral = String(request.flags ?? "").includes("ephemeral");
      this.#nodes.set(path, {
        data: printedData(request.data),
        version: "0",
        ...(ephemeral ? { owner: shortened(by, 40) } : {}),
      });
      if (typeof request.bind === "string") this.#bound.set(request.bind, path);
      changed.add(path);
    } else if (op === "delete" || op === "deleteContainer") {
      this.#nodes.delete(path);
      changed.add(path);
    } else if (op === "setData") {
      const before = this.#nodes.get(path);
      const version = before?.version;
      this.#nodes.set(path, {
        ...before,
        data: printedData(request.data),
        ...(version === undefined ? {} : { version: String(Number(version) + 1) }),
      });
      changed.add(path);
    }
    this.#told(path, body, changed);
  }

  #multi(by: string, request: Request, answer: Answer, changed: Set<string>): void {
    const ops = Array.isArray(request.ops) ? (request.ops as Request[]) : [];
    const results = resultsOf(answer.body);
    // A multi that failed answers OK in its header and errors in its results; it applied nothing.
    if (results.some((result) => [-1, "-1", "error"].includes(fieldOf(result, "type") as string | number))) return;
    for (const [at, op] of ops.slice(0, bounds.rowsMax).entries()) this.#one(by, op, results[at], changed);
  }

  #endSession(by: string, changed: Set<string>): void {
    for (const [path, facts] of this.#nodes) {
      if (facts.owner !== shortened(by, 40)) continue;
      this.#nodes.delete(path);
      changed.add(path);
    }
  }

  /** A reply with a Stat is the server's own word on a znode and replaces what was merely implied. */
  #told(path: string, body: unknown, changed: Set<string>): void {
    const stat = fieldOf(body, "stat");
    if (typeof stat !== "object" || stat === null) return;
    const facts = { ...this.#nodes.get(path) };
    for (const name of statFacts) {
      const value = fieldOf(stat, name);
      if (typeof value === "number" || typeof value === "string") facts[name] = shortened(String(value), 40);
    }
    this.#nodes.set(path, facts);
    changed.add(path);
  }

  #path(value: unknown): string | undefined {
    const known = znodePath(value);
    if (known !== undefined) return known;
    const ref = fieldOf(value, "ref");
    const below = fieldOf(value, "below");
    const base = typeof ref === "string" ? this.#bound.get(ref) : undefined;
    return base === undefined ? undefined : base + (typeof below === "string" ? below : "");
  }
}

/** The path that a create made, below the case's root: the server names the absolute one, of which a sequential create needs the suffix. */
function createdPath(asked: string, request: Request, body: unknown): string {
  const flags = String(request.flags ?? "");
  const answered = fieldOf(body, "path");
  const sequential = flags.includes("sequential") || ["2", "3", "6"].includes(flags);
  if (!sequential || typeof answered !== "string") return asked;
  const at = answered.lastIndexOf(asked);
  return at < 0 ? asked + answered.slice(-10) : answered.slice(at);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A multi's results, whether the body is the list itself or a record with it. */
function resultsOf(body: unknown): readonly unknown[] {
  const list = Array.isArray(body) ? body : fieldOf(body, "results");
  return Array.isArray(list) ? list.map((item) => fieldOf(item, "body") ?? item) : [];
}

/** A DataValue of the scenario format in a few characters. */
function printedData(value: unknown): string {
  if (value === null) return "null";
  // A create without data makes an empty znode; null data is something else and is written out.
  if (value === undefined) return "“”";
  if (typeof value === "string") return `“${shortened(value, 60)}”`;
  const hex = fieldOf(value, "hex");
  if (typeof hex === "string") return `0x${shortened(hex, 60)}`;
  return `“${shortened(String(fieldOf(value, "repeat") ?? ""), 20)}” × ${String(fieldOf(value, "times") ?? "?")}`;
}
