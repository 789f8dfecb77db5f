/** Changes: the smallest effects a transaction has on the tree. Preparing makes them, the log carries them, the tree applies them; so every
 *  proxy arrives at the same state by the same code. */
import type { Int64 } from "../jute/int64.ts";
import type { ACL } from "../protocol/records.ts";
import type { ChangeRecord } from "./keyspace.ts";

/** What a znode is: decides who removes it and what `ephemeralOwner` shows. */
export const znodeKinds = { persistent: 0, ephemeral: 1, container: 2, ttl: 3 } as const;
export type ZnodeKind = (typeof znodeKinds)[keyof typeof znodeKinds];

/** An access control list as stored: never empty, shared between znodes, never mutated. */
export type AclEntries = readonly ACL[];

/** `creates` is the parent's creation counter after this creation; `owner` the session of an ephemeral znode, else 0; `ttlMs` 0 unless kind is ttl. */
export interface CreateChange {
  readonly is: "create";
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: AclEntries;
  readonly kind: ZnodeKind;
  readonly owner: Int64;
  readonly ttlMs: number;
  readonly creates: number;
}

/** Quota statistics as a transaction leaves them: the data of their znode, without version, time or watch. */
export interface StatsChange {
  readonly is: "setStats";
  readonly path: string;
  readonly data: Buffer | null;
}

/** One effect. A session's end is one change: its ephemerals, named here, go with it. */
export type Change =
  | CreateChange
  | { readonly is: "delete"; readonly path: string }
  | { readonly is: "setData"; readonly path: string; readonly data: Buffer | null }
  | { readonly is: "setAcl"; readonly path: string; readonly acl: AclEntries }
  | StatsChange
  | { readonly is: "openSession"; readonly session: Int64; readonly timeoutMs: number; readonly owner: string }
  | { readonly is: "closeSession"; readonly session: Int64 };

const types = ["create", "delete", "setData", "setAcl", "openSession", "closeSession", "setStats"] as const;

const blank: ChangeRecord = {
  type: 0,
  path: null,
  inline: true,
  data: null,
  acl: null,
  kind: 0,
  isBundled: false,
  session: 0,
  amount: 0,
  text: null,
};

/** The form a change has in the log. `inline` says whether its data travels along, `isBundled` whether what it creates is in the batch's bundle. */
export function changeToRecord(change: Change, inline: boolean, isBundled = false): ChangeRecord {
  const record = { ...blank, type: types.indexOf(change.is) };
  switch (change.is) {
    case "create":
      return {
        ...record,
        path: change.path,
        inline,
        data: inline ? change.data : null,
        acl: change.acl as ACL[],
        kind: change.kind,
        isBundled,
        session: change.owner,
        amount: change.ttlMs,
        text: String(change.creates),
      };
    case "delete":
      return { ...record, path: change.path };
    case "setData":
      return { ...record, path: change.path, inline, data: inline ? change.data : null };
    case "setAcl":
      return { ...record, path: change.path, acl: change.acl as ACL[] };
    case "setStats":
      return { ...record, path: change.path, data: change.data };
    case "openSession":
      return { ...record, session: change.session, amount: change.timeoutMs, text: change.owner };
    case "closeSession":
      return { ...record, session: change.session };
  }
}

/** The change behind a log entry; `dataOf` supplies what did not travel along. */
export function changeFromRecord(record: ChangeRecord, dataOf: (path: string) => Buffer | null): Change {
  const path = record.path ?? "";
  const data = record.inline ? copied(record.data) : dataOf(path);
  switch (types[record.type]) {
    case "create":
      return {
        is: "create",
        path,
        data,
        acl: record.acl ?? [],
        kind: record.kind as ZnodeKind,
        owner: record.session,
        ttlMs: Number(record.amount),
        creates: Number(record.text),
      };
    case "delete":
      return { is: "delete", path };
    case "setData":
      return { is: "setData", path, data };
    case "setAcl":
      return { is: "setAcl", path, acl: record.acl ?? [] };
    case "setStats":
      return { is: "setStats", path, data };
    case "openSession":
      return {
        is: "openSession",
        session: record.session,
        timeoutMs: Number(record.amount),
        owner: record.text ?? "",
      };
    case "closeSession":
      return { is: "closeSession", session: record.session };
    default:
      throw new Error(`the log holds a change of type ${record.type}, written by a newer version`);
  }
}

/** Data that outlives the frame it was received in: a kept view would pin the whole chunk. */
export const copied = (data: Uint8Array | null): Buffer | null => (data === null ? null : Buffer.from(data));
