/** Path rules. Source: PathUtils.validatePath, PrepRequestProcessor.checkPathForSpecialNodes… (3.9); zookeeper-semantics 4.1. */

/** Whether a code unit may not stand in a path: control characters, surrogates, private use, specials. */
const isForbidden = (unit: number): boolean =>
  unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;

/** The full validator, applied by create (after the sequence suffix), setData, setACL and check. Violations answer BADARGUMENTS. */
export function isValidPath(path: string | null): path is string {
  if (path === null || path.length === 0 || path.charCodeAt(0) !== 0x2f) return false;
  if (path.length === 1) return true;
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? 0x2f : path.charCodeAt(i);
    if (unit === 0x2f) {
      const length = i - start;
      if (length === 0) return false;
      if (path.charCodeAt(start) === 0x2e && (length === 1 || (length === 2 && path.charCodeAt(start + 1) === 0x2e)))
        return false;
      start = i + 1;
    } else if (isForbidden(unit)) return false;
  }
  return true;
}

/** The parent's path: the text before the last slash; "" for a child of the root (and the root's alias). Call only when a slash is there. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** The name below the parent. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether a path is another one or lies below it. */
export const isWithin = (path: string, above: string): boolean =>
  path === above || path.startsWith(above === "/" ? above : `${above}/`);

/** Below it a tree like the one that the quotas rule, and in it, where there is a quota, a znode of limits and one of what is used.
 *  Source: Quotas (3.8). */
export const quotaRoot = "/zookeeper/quota";
export const quotaNames = { limits: "zookeeper_limits", stats: "zookeeper_stats" } as const;

/** The path whose tree a quota is for, if a path is that of the quota's limits or statistics; "" for the root. */
export function ruledBy(path: string): string | undefined {
  const name = nameOf(path);
  const isOfQuota = name === quotaNames.limits || name === quotaNames.stats;
  return isOfQuota && path.startsWith(`${quotaRoot}/`) ? parentOf(path).slice(quotaRoot.length) : undefined;
}

/** What the statistics of a quota count, if a path is theirs; the root's count nothing. */
export const countedAt = (path: string): string | undefined =>
  nameOf(path) === quotaNames.stats ? ruledBy(path) || undefined : undefined;

/** The four nodes that every server has and nobody may delete. */
export const reservedPaths: ReadonlySet<string> = new Set(["/", "/zookeeper", quotaRoot, "/zookeeper/config"]);
