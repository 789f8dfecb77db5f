/** Answers as text and as JSON. 64-bit numbers are decimal text in JSON, because its readers lose digits. */
import { int64Hex } from "../jute/int64.ts";
import type { ACL, Stat } from "../protocol/records.ts";
import { printAcl, printPerms } from "./acl-text.ts";

/** One answer in both forms; `text` holds bytes where znode data is printed as it is. */
export interface Answer {
  readonly text: readonly (string | Uint8Array)[];
  readonly json: Readonly<Record<string, unknown>>;
  /** Why this is no success, in one line for stderr; empty where the answer itself says it. */
  readonly refused?: string;
}

const time = (ms: number | bigint): string => {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
};

/** A Stat with zkCli's names, one field a line. */
export const statLines = (stat: Stat): string[] => [
  `cZxid = ${int64Hex(stat.czxid)}`,
  `ctime = ${time(stat.ctime)}`,
  `mZxid = ${int64Hex(stat.mzxid)}`,
  `mtime = ${time(stat.mtime)}`,
  `pZxid = ${int64Hex(stat.pzxid)}`,
  `cversion = ${stat.cversion}`,
  `dataVersion = ${stat.version}`,
  `aclVersion = ${stat.aversion}`,
  `ephemeralOwner = ${int64Hex(stat.ephemeralOwner)}`,
  `dataLength = ${stat.dataLength}`,
  `numChildren = ${stat.numChildren}`,
];

/** A Stat under the names of zookeeper.jute. */
export const statJson = (stat: Stat): Record<string, string | number> => ({
  czxid: String(stat.czxid),
  mzxid: String(stat.mzxid),
  ctime: String(stat.ctime),
  mtime: String(stat.mtime),
  version: stat.version,
  cversion: stat.cversion,
  aversion: stat.aversion,
  ephemeralOwner: String(stat.ephemeralOwner),
  dataLength: stat.dataLength,
  numChildren: stat.numChildren,
  pzxid: String(stat.pzxid),
});

/** Data as text, where it is text, and always as hex; null stays null. */
export function dataJson(data: Uint8Array | null): { data: string | null; hex: string | null } {
  if (data === null) return { data: null, hex: null };
  const bytes = Buffer.from(data);
  const text = bytes.toString("utf8");
  return { data: Buffer.from(text).equals(bytes) ? text : null, hex: bytes.toString("hex") };
}

/** An access control list, one entry a line. */
export const aclLines = (acl: readonly ACL[]): string[] => acl.map(printAcl);

/** An access control list with its permissions as letters. */
export const aclJson = (acl: readonly ACL[]): Record<string, string>[] =>
  acl.map(({ perms, id }) => ({ scheme: String(id.scheme), id: String(id.id), perms: printPerms(perms) }));
