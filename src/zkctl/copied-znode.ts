/** A znode with all that a copy takes along. */
import type { ACL } from "../protocol/records.ts";
import { printAcl } from "./acl-text.ts";
import type { Session } from "./session.ts";

/** Data, ACL, and the names of its children in no order. Which znodes are containers or have a TTL, servers tell nobody.
 *  Source: DataNode.getClientEphemeralOwner (3.9). */
export interface CopiedZnode {
  readonly data: Buffer | null;
  readonly acl: ACL[];
  readonly isEphemeral: boolean;
  readonly children: readonly string[];
}

/** Reads a znode. Three questions, so a znode written meanwhile may come out mixed. Throws `ServerRefused`, with NONODE when it is not there. */
export async function readZnode(path: string, session: Session): Promise<CopiedZnode> {
  const [{ data, stat }, { acl }] = await Promise.all([
    session.ask("getData", { path, watch: false }, path),
    session.ask("getACL", { path }, path),
  ]);
  const listed = stat.numChildren === 0 ? null : await session.ask("getChildren", { path, watch: false }, path);
  return {
    data: data === null ? null : Buffer.from(data),
    acl: acl ?? [],
    isEphemeral: stat.ephemeralOwner !== 0,
    children: (listed?.children ?? []).map(String),
  };
}

/** Whether an ACL shows `x` for a password's digest: servers hide digests from those without the ADMIN permission. */
export const hidesDigests = (acl: readonly ACL[]): boolean =>
  acl.some(({ id }) => id.scheme === "digest" && String(id.id).endsWith(":x"));

/** No data and empty data are two things. */
export const isSameData = (a: Buffer | null, b: Buffer | null): boolean =>
  a === null || b === null ? a === b : a.equals(b);

/** Entry by entry, in order. */
export const isSameAcl = (a: readonly ACL[], b: readonly ACL[]): boolean =>
  a.map(printAcl).join() === b.map(printAcl).join();
