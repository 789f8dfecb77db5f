/** What an audit has found, grouped by field: all counted, the first ones kept. */
import type { Both } from "../compare/difference.ts";
import { type AuditField, auditFields, type Mismatch } from "./fields.ts";

/** A disagreement and its znode. */
export interface AuditDifference extends Both<string> {
  readonly path: string;
}

/** One field's differences. */
export interface FieldFindings {
  readonly field: AuditField;
  readonly count: number;
  readonly first: readonly AuditDifference[];
}

/** The result of an audit. `unreadable` znodes were refused by both sides alike; `changed` ones would not hold still. */
export interface AuditResult {
  readonly verdict: "same" | "differs" | "undecided";
  /** Why it is undecided; empty otherwise. */
  readonly reasons: readonly string[];
  readonly znodes: number;
  readonly differingZnodes: number;
  readonly ephemerals: number;
  readonly sessions: number;
  readonly differences: readonly FieldFindings[];
  readonly changed: { readonly count: number; readonly first: readonly string[] };
  readonly unreadable: { readonly count: number; readonly first: readonly string[] };
  readonly durationMs: number;
}

/** Counts, and the first few. */
class Few {
  count = 0;
  readonly first: string[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(path: string): void {
    this.count++;
    if (this.first.length < this.#max) this.first.push(path);
  }
}

/** Gathers what an audit finds. */
export class Findings {
  readonly #max: number;
  readonly #ignored: ReadonlySet<AuditField>;
  readonly #fields = new Map<AuditField, { count: number; first: AuditDifference[] }>();
  readonly changed: Few;
  readonly unreadable: Few;
  differingZnodes = 0;

  /** Of each field `max` differences are kept. */
  constructor(max: number, ignored: ReadonlySet<AuditField>) {
    this.#max = max;
    this.#ignored = ignored;
    this.changed = new Few(max);
    this.unreadable = new Few(max);
  }

  /** What of a znode's mismatches is not ignored. */
  relevant(found: readonly Mismatch[]): Mismatch[] {
    return found.filter(({ field }) => !this.#ignored.has(field));
  }

  isIgnored(field: AuditField): boolean {
    return this.#ignored.has(field);
  }

  /** Takes a znode's mismatches. */
  add(path: string, found: readonly Mismatch[]): void {
    if (found.length > 0) this.differingZnodes++;
    for (const { field, candidate, oracle } of found) {
      const entry = this.#fields.get(field) ?? { count: 0, first: [] };
      this.#fields.set(field, entry);
      entry.count++;
      if (entry.first.length < this.#max) entry.first.push({ path, candidate, oracle });
    }
  }

  get differences(): FieldFindings[] {
    return auditFields.flatMap((field) => {
      const entry = this.#fields.get(field);
      return entry === undefined ? [] : [{ field, ...entry }];
    });
  }
}
