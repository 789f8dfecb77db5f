/** `cp` and `mirror`: a subtree onto another place, or onto another server. */
import { errorName } from "../protocol/error-codes.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { parentOf } from "../protocol/paths.ts";
import { type CopiedZnode, hidesDigests, isSameAcl, isSameData, readZnode } from "./copied-znode.ts";
import { type CopyJob, isWithin } from "./copy-verbs.ts";
import { deleteSubtree } from "./delete-all.ts";
import { NotPossible, refusal, ServerRefused, type Session } from "./session.ts";
import { childOf, isNoNode } from "./subtree.ts";
import { workOff } from "./work-off.ts";

/** Znodes under way at once; each is at most as large as a znode may be, 1 MiB by default. */
export const znodesAtOnce = 128;

/** The two ends of a copy. */
export interface CopyEnds {
  readonly from: Session;
  readonly to: Session;
}

/** What became of the znodes, by number where nothing more needs to be said. Paths are those of the target, `ephemerals` of the source. */
export interface CopyTally {
  created: number;
  updated: number;
  unchanged: number;
  deleted: number;
  bytes: number;
  readonly ephemerals: string[];
  readonly failed: { readonly path: string; readonly why: string }[];
}

/** A tally of nothing. */
export const emptyTally = (): CopyTally => ({
  ...{ created: 0, updated: 0, unchanged: 0, deleted: 0, bytes: 0 },
  ...{ ephemerals: [], failed: [] },
});

/** The name that a copy never takes along: below the root, ZooKeeper keeps it for itself. */
export const isReserved = (path: string): boolean => isWithin(path, "/zookeeper");

/** A znode on its way. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** The pairs below a pair, without what is ZooKeeper's own on either side. */
export const pairsBelow = ({ source, target }: Pair, children: readonly string[]): Pair[] =>
  children
    .map((name) => ({ source: childOf(source, name), target: childOf(target, name) }))
    .filter((pair) => !(source === "/" && isReserved(pair.source)) && !isReserved(pair.target));

/** Copies, parents first, and counts into `tally` as it goes. A znode that one side refuses is listed there, and what is below it left out; what
 *  vanishes meanwhile is left out. Throws {@link ServerRefused} when the source or the target's parent is missing, {@link NotPossible} for a target
 *  inside its source, `Unreachable`. */
export async function copyTree(job: CopyJob, ends: CopyEnds, tally: CopyTally): Promise<void> {
  await refuseOverlap(job, ends);
  const first = await readZnode(job.source, ends.from);
  if (first.isEphemeral) throw new NotPossible(`${job.source} is ephemeral; a copy would not be`);
  await prepareParent(job, ends.to);
  await workOff<Pair>([job], znodesAtOnce, async (pair, add) => {
    try {
      const znode = pair === job ? first : await readZnode(pair.source, ends.from);
      if (znode.isEphemeral) tally.ephemerals.push(pair.source);
      else if (await copyZnode(pair, znode, { ...ends, tally, deletes: job.deletes }))
        for (const below of pairsBelow(pair, znode.children)) add(below);
    } catch (cause) {
      if (!(cause instanceof ServerRefused)) throw cause;
      if (!isNoNode(cause)) tally.failed.push({ path: pair.target, why: `${cause.name}, reading ${pair.source}` });
    }
  });
}

/** A copy into itself would never end. Two names may lead to one server, so its znodes are asked. */
async function refuseOverlap({ source, target }: CopyJob, { from, to }: CopyEnds): Promise<void> {
  if (!isWithin(source, target) && !isWithin(target, source)) return;
  await Promise.all([from, to].map((session) => session.ask("sync", { path: source }, source)));
  const { children } = await from.ask("getChildren", { path: source, watch: false }, source);
  const path = source === "/" ? (children ?? []).map((name) => `/${name}`).find((each) => !isReserved(each)) : source;
  if (path === undefined) return;
  const [here, there] = await Promise.all(
    [from, to].map(async (session) => (await session.reply("exists", { path, watch: false })).body?.stat),
  );
  if (here !== undefined && here.czxid === there?.czxid && here.ctime === there.ctime)
    throw new NotPossible(`${source} and ${target} overlap, and both servers show the same tree`);
}

async function prepareParent({ target, parents }: CopyJob, to: Session): Promise<void> {
  const parent = parentOf(target);
  if (target === "/" || parent === "") return;
  if (!parents) return void (await to.ask("exists", { path: parent, watch: false }, parent));
  const names = parent.split("/").slice(1);
  for (const [index] of names.entries()) {
    const path = `/${names.slice(0, index + 1).join("/")}`;
    const { header } = await to.reply("create", { path, data: null, acl: openAcl, flags: 0 });
    if (header.err !== 0 && errorName(header.err) !== "NODEEXISTS") throw refusal(header.err, path);
  }
}

/** Where one znode goes, and who counts. */
interface Destination {
  readonly to: Session;
  readonly tally: CopyTally;
  readonly deletes: boolean;
}

/** Whether the target now is there, so that children may follow. */
async function copyZnode({ target }: Pair, znode: CopiedZnode, { to, tally, deletes }: Destination): Promise<boolean> {
  const fail = (why: string): false => {
    tally.failed.push({ path: target, why });
    return false;
  };
  if (hidesDigests(znode.acl)) return fail("its ACL hides a digest; show a credential that may administer it");
  // The root is there, and some servers call its creation a bad argument.
  const { data, acl } = znode;
  const code =
    target === "/" ? undefined : (await to.reply("create", { path: target, data, acl, flags: 0 })).header.err;
  tally.bytes += znode.data?.length ?? 0;
  if (code === 0) tally.created += 1;
  if (code === 0) return true;
  if (code !== undefined && errorName(code) !== "NODEEXISTS") return fail(errorName(code));
  try {
    return await overwrite(target, znode, { to, tally, deletes }, fail);
  } catch (cause) {
    if (cause instanceof ServerRefused) return fail(cause.name);
    throw cause;
  }
}

/** Makes what is there already the same. */
async function overwrite(
  target: string,
  znode: CopiedZnode,
  { to, tally, deletes }: Destination,
  fail: (why: string) => false,
): Promise<boolean> {
  const there = await readZnode(target, to);
  if (there.isEphemeral) return fail("there is an ephemeral znode");
  const isOtherData = !isSameData(there.data, znode.data);
  const isOtherAcl = !isSameAcl(there.acl, znode.acl);
  if (isOtherData) await to.ask("setData", { path: target, data: znode.data, version: -1 }, target);
  if (isOtherAcl) await to.ask("setACL", { path: target, acl: znode.acl, version: -1 }, target);
  if (isOtherData || isOtherAcl) tally.updated += 1;
  else tally.unchanged += 1;
  if (deletes) await deleteExtras(target, { kept: znode.children, there: there.children }, { to, tally });
  return true;
}

async function deleteExtras(
  target: string,
  children: { readonly kept: readonly string[]; readonly there: readonly string[] },
  { to, tally }: Pick<Destination, "to" | "tally">,
): Promise<void> {
  const kept = new Set(children.kept);
  for (const name of children.there) {
    const path = childOf(target, name);
    if (kept.has(name) || isReserved(path)) continue;
    try {
      tally.deleted += await deleteSubtree(path, to);
    } catch (cause) {
      if (!(cause instanceof ServerRefused)) throw cause;
      if (!isNoNode(cause)) tally.failed.push({ path, why: `${cause.name}, deleting it` });
    }
  }
}
