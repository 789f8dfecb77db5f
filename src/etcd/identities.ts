/** The identities of a connection, in the order in which ZooKeeper walks them. It keeps them in a hash set, so that order shows wherever an `auth`
 *  entry is expanded, and is a pure function of the identities. Source: ServerCnxn.authInfo (3.9), ConcurrentHashMap, Id.hashCode. */
import type { Identity } from "./acl.ts";

/** Java's String.hashCode. */
function stringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** The hash of a jute-generated Id record, spread as ConcurrentHashMap does. */
function spreadHash({ scheme, id }: Identity): number {
  const hash = (Math.imul(37, (Math.imul(37, 17) + stringHash(scheme)) | 0) + stringHash(id)) | 0;
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}

/** Adds identities that are not there yet and puts all in hash order; those of one bucket stay in order of arrival. */
export function withIdentities(known: readonly Identity[], shown: readonly Identity[]): readonly Identity[] {
  const fresh = shown.filter(({ scheme, id }) => !known.some((one) => one.scheme === scheme && one.id === id));
  const all = [...known, ...fresh];
  let buckets = 16;
  while (all.length >= buckets * 0.75) buckets *= 2;
  const bucketOf = (identity: Identity): number => spreadHash(identity) & (buckets - 1);
  return all.sort((a, b) => bucketOf(a) - bucketOf(b));
}
