/** Quotas as zkCli keeps them: below /zookeeper/quota, a tree like the one they rule, with a znode of limits and one of counts where there is a quota.
 *  Source: SetQuotaCommand, ListQuotaCommand, DelQuotaCommand, StatsTrack (3.9). */
import { parseQuota, printQuota } from "../etcd/quota-text.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { parentOf, quotaNames, quotaRoot } from "../protocol/paths.ts";
import type { Answer } from "./print.ts";
import type { DelQuotaJob, LimitName, ListQuotaJob, SetQuotaJob } from "./quota-verbs.ts";
import { NotPossible, refusal, type Session } from "./session.ts";
import { inTreeOrder, isNoNode, pathsFrom } from "./subtree.ts";
import { deletion, type Operation, transact } from "./transaction.ts";

const limitsName = `/${quotaNames.limits}`;
const statsName = `/${quotaNames.stats}`;

/** In the order of zkCli's flags. */
const limitNames: readonly LimitName[] = ["count", "bytes", "countHardLimit", "byteHardLimit"];

/** Where the quota of a path is kept. */
const placeOf = (path: string): string => (path === "/" ? quotaRoot : quotaRoot + path);

/** The paths that have quotas, out of those below /zookeeper/quota. */
export const ruledBy = (paths: readonly string[]): string[] =>
  paths.filter((path) => path.endsWith(limitsName)).map((path) => parentOf(path).slice(quotaRoot.length) || "/");

/** The quota that forbids one on `path`: zkCli wants none above another. The root's own counts for nothing, as there. */
export const inTheWay = (path: string, ruled: readonly string[]): string | undefined =>
  ruled.find((other) => {
    const below = path === "/" ? "/" : `${path}/`;
    return other !== path && (other.startsWith(below) || (other !== "/" && path.startsWith(`${other}/`)));
  });

/** The text of limits, with some of them replaced: all four are written, −1 for those without. */
export function withLimits(before: Buffer | null, changes: SetQuotaJob["limits"]): Buffer | undefined {
  const quota = parseQuota(before ?? Buffer.alloc(0));
  if (quota === undefined) return undefined;
  const all = { count: quota.count, bytes: quota.bytes, countHardLimit: -1n, byteHardLimit: -1n };
  const values = new Map<string, bigint>([...Object.entries(all), ...quota.values, ...Object.entries(changes)]);
  const [count = -1n, bytes = -1n] = [values.get("count"), values.get("bytes")];
  return printQuota({ count, bytes, values }, { count: 0, bytes: 0 });
}

/** Sets limits. Throws {@link NotPossible} for a znode that is not there or has a quota above or below, and `ServerRefused`. */
export async function setQuota({ path, limits }: SetQuotaJob, session: Session): Promise<Answer> {
  await session.ask("exists", { path, watch: false }, path);
  const other = inTheWay(path, ruledBy(await allPlaces(session)));
  if (other !== undefined)
    throw new NotPossible(`${other} has a quota, and of a znode and those below it only one may have one`);
  const place = placeOf(path);
  const kept = await read(place + limitsName, session);
  const data = withLimits(kept?.data ?? null, limits);
  if (data === undefined) throw new NotPossible(`the quota of ${path} cannot be read; remove it with zkctl delquota`);
  if (kept === undefined) await lay(place, data, session);
  else await session.ask("setData", { path: place + limitsName, data, version: kept.version }, place + limitsName);
  return { text: [], json: { path, limits: limitsJson(data) } };
}

/** The way down first, then limits and counts at once: ZooKeeper takes offence at one without the other. */
async function lay(place: string, limits: Buffer, session: Session): Promise<void> {
  const steps = place.slice(quotaRoot.length).split("/").slice(1);
  const plain = { data: null, acl: openAcl, flags: 0 };
  for (const [index] of steps.entries()) {
    const path = [quotaRoot, ...steps.slice(0, index + 1)].join("/");
    const { header } = await session.reply("create", { path, ...plain });
    const error = header.err === 0 ? undefined : refusal(header.err, path);
    if (error !== undefined && error.name !== "NODEEXISTS") throw error;
  }
  const stats = Buffer.from("count=0,bytes=0");
  await allOrNothing(
    [[place + limitsName, limits] as const, [place + statsName, stats] as const].map(
      ([path, data]): Operation => ({ op: "create", path, body: { path, ...plain, data } }),
    ),
    session,
  );
}

async function allOrNothing(operations: readonly Operation[], session: Session): Promise<void> {
  const outcome = await transact(operations, session);
  if (outcome.is === "refused")
    throw refusal(outcome.codes[outcome.refusedAt] ?? 0, operations[outcome.refusedAt]?.path ?? "");
}

/** The limits and counts of one path, or of all. Throws {@link NotPossible} when the one has none, and `ServerRefused`. */
export async function listQuota({ path }: ListQuotaJob, session: Session): Promise<Answer> {
  if (path !== undefined) {
    const quota = await quotaOf(path, session);
    if (quota === undefined) throw new NotPossible(`${path} has no quota`);
    return { text: [`absolute path is ${placeOf(path)}${limitsName}`, ...quota.text], json: quota.json };
  }
  const ruled = ruledBy(inTreeOrder(await allPlaces(session)));
  const quotas = (await Promise.all(ruled.map((each) => quotaOf(each, session)))).filter((each) => each !== undefined);
  return { text: quotas.flatMap(({ text }) => text), json: { quotas: quotas.map(({ json }) => json) } };
}

async function quotaOf(path: string, session: Session): Promise<Answer | undefined> {
  const [limits, stats] = await Promise.all([limitsName, statsName].map((name) => read(placeOf(path) + name, session)));
  if (limits === undefined) return undefined;
  const lines = [`Output quota for ${path} ${limits.data ?? ""}`];
  if (stats !== undefined) lines.push(`Output stat for ${path} ${stats.data ?? ""}`);
  const used = parseQuota(stats?.data ?? null);
  return {
    text: lines,
    json: {
      path,
      limits: limitsJson(limits.data),
      used: used === undefined ? null : { count: String(used.count), bytes: String(used.bytes) },
    },
  };
}

/** Limits by name, null where there is none. */
function limitsJson(data: Buffer | null): Record<string, string | null> {
  const values = parseQuota(data)?.values;
  return Object.fromEntries(
    limitNames.map((name) => {
      const value = values?.get(name) ?? -1n;
      return [name, value < 0n ? null : String(value)];
    }),
  );
}

/** Takes some limits away, or with none named the quota and what is left empty above it. Throws {@link NotPossible}, `ServerRefused`. */
export async function delQuota({ path, limits }: DelQuotaJob, session: Session): Promise<Answer> {
  const place = placeOf(path);
  const kept = await read(place + limitsName, session);
  if (kept === undefined) throw new NotPossible(`${path} has no quota`);
  if (limits.length > 0) {
    const data = withLimits(kept.data, Object.fromEntries(limits.map((name) => [name, -1n])));
    if (data === undefined) throw new NotPossible(`the quota of ${path} cannot be read; remove all of it`);
    await session.ask("setData", { path: place + limitsName, data, version: kept.version }, place + limitsName);
    return { text: [], json: { path, limits: limitsJson(data) } };
  }
  const stats = await read(place + statsName, session);
  const names = stats === undefined ? [limitsName] : [limitsName, statsName];
  await allOrNothing(
    names.map((name) => deletion(place + name)),
    session,
  );
  for (let empty = place; empty !== quotaRoot; empty = parentOf(empty)) {
    const { header } = await session.reply("delete", { path: empty, version: -1 });
    const error = header.err === 0 ? undefined : refusal(header.err, empty);
    if (error?.name === "NOTEMPTY") break;
    if (error !== undefined && !isNoNode(error)) throw error;
  }
  return { text: [], json: { path, limits: null } };
}

const allPlaces = (session: Session): Promise<string[]> => pathsFrom(quotaRoot, session);

/** A znode's data and version; undefined when there is none. */
async function read(path: string, session: Session): Promise<{ data: Buffer | null; version: number } | undefined> {
  const { header, body } = await session.reply("getData", { path, watch: false });
  if (body !== null) return { data: body.data === null ? null : Buffer.from(body.data), version: body.stat.version };
  const error = refusal(header.err, path);
  if (isNoNode(error)) return undefined;
  throw error;
}
