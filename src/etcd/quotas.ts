/** Quotas as znodes keep them: limits in `/zookeeper/quota/<path>/zookeeper_limits`, what is used in `zookeeper_stats` beside it. A path has a quota
 *  as long as its limits are there, so there is no index that could differ between proxies or after a reload. What a transaction does to the
 *  statistics is worked out once, by the draft it is prepared on, and travels as a change of its own: the other proxies and etcd are told, not
 *  trusted to count alike. Source: DataTree.updateQuotaStat, ZooKeeperServer.checkQuota, StatsTrack (3.9); zookeeper-semantics 11.1. */
import { countedAt, parentOf, quotaNames, quotaRoot } from "../protocol/paths.ts";
import { parseQuota, printQuota, type QuotaText } from "./quota-text.ts";
import type { Znode } from "./znode.ts";

/** How many znodes, and how much data in them. */
export interface Size {
  readonly count: number;
  readonly bytes: number;
}

/** What quotas are read from. */
export interface QuotaView {
  get(path: string): Znode | undefined;
  /** A znode and everything below it; nothing where it does not exist. */
  sizeOf(path: string): Size;
}

const limitsOf = (path: string): string => `${quotaRoot}${path}/${quotaNames.limits}`;
const statsOf = (path: string): string => `${quotaRoot}${path}/${quotaNames.stats}`;

/** The deepest path with a quota, at `path` or above it: the only one that counts. The root cannot have one. */
export function quotaAbove(path: string, view: Pick<QuotaView, "get">): string | undefined {
  if (view.get(quotaRoot)?.childCount === 0) return undefined;
  for (let at = path; at !== ""; at = parentOf(at)) if (view.get(limitsOf(at)) !== undefined) return at;
  return undefined;
}

function textOf(path: string, view: Pick<QuotaView, "get">): QuotaText | undefined {
  const node = view.get(path);
  return node === undefined ? undefined : parseQuota(node.data);
}

/** What the statistics above `path` become when znodes or data come or go there: the znode and its new text. Statistics that are missing, or
 *  cannot be read, stay as they are (a ZooKeeper would end itself over the latter). */
export function adjustedStats(
  path: string,
  by: Size,
  view: Pick<QuotaView, "get">,
): { path: string; data: Buffer } | undefined {
  const quota = quotaAbove(path, view);
  const stats = quota === undefined ? undefined : textOf(statsOf(quota), view);
  if (quota === undefined || stats === undefined) return undefined;
  return { path: statsOf(quota), data: printQuota(stats, by) };
}

/** The text that a new znode gets instead of what it was created with, if it is the statistics of a path: a fresh count. */
export function countedStats(path: string, view: QuotaView): Buffer | undefined {
  const counted = countedAt(path);
  if (counted === undefined) return undefined;
  const { count, bytes } = view.sizeOf(counted);
  return printQuota({ values: new Map(), count: BigInt(count), bytes: BigInt(bytes) }, { count: 0, bytes: 0 });
}

/** Whether a hard limit forbids this growth. Only what grows or shrinks is held against its limit; limits or statistics that are missing or
 *  cannot be read forbid nothing. */
export function exceedsQuota(path: string, by: Size, view: Pick<QuotaView, "get">): boolean {
  const quota = quotaAbove(path, view);
  if (quota === undefined) return false;
  const limits = textOf(limitsOf(quota), view);
  const stats = textOf(statsOf(quota), view);
  if (limits === undefined || stats === undefined) return false;
  const isAbove = (limit: bigint | undefined, used: bigint, more: number): boolean =>
    more !== 0 && limit !== undefined && limit > -1n && used + BigInt(more) > limit;
  return (
    isAbove(limits.values.get("countHardLimit"), stats.count, by.count) ||
    isAbove(limits.values.get("byteHardLimit"), stats.bytes, by.bytes)
  );
}
