/** The second look at a copy: both sides are read again and compared. */
import { type CopiedZnode, isSameAcl, isSameData, readZnode } from "./copied-znode.ts";
import { type CopyEnds, isReserved, type Pair, pairsBelow, znodesAtOnce } from "./copy.ts";
import type { CopyJob } from "./copy-verbs.ts";
import { ServerRefused, type Session } from "./session.ts";
import { childOf, isNoNode } from "./subtree.ts";
import { workOff } from "./work-off.ts";

/** How a target differs from its source. `extra` is told by mirrors alone. */
export interface CopyDifference {
  readonly path: string;
  readonly in: "missing" | "extra" | "unreadable" | "data" | "acl" | "ephemeral";
}

/** Znodes compared, and the differences sorted by path. Ephemerals of the source are left out on both sides. */
export async function verifyCopy(
  job: CopyJob,
  { from, to }: CopyEnds,
  onCompared: () => void,
): Promise<CopyDifference[]> {
  await Promise.all([
    from.ask("sync", { path: job.source }, job.source),
    to.ask("sync", { path: job.target }, job.target),
  ]);
  const found: CopyDifference[] = [];
  await workOff<Pair>([job], znodesAtOnce, async (pair, add) => {
    const [source, target] = await Promise.all([look(pair.source, from), look(pair.target, to)]);
    if (source === "missing" && pair !== job) return;
    if (typeof source === "object" && source.isEphemeral) return;
    onCompared();
    found.push(...differencesAt(pair.target, source, target));
    if (typeof source !== "object" || typeof target !== "object") return;
    for (const below of pairsBelow(pair, source.children)) add(below);
    if (job.deletes) found.push(...extras(pair.target, source, target));
  });
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

type Look = CopiedZnode | "missing" | "unreadable";

async function look(path: string, session: Session): Promise<Look> {
  try {
    return await readZnode(path, session);
  } catch (cause) {
    if (!(cause instanceof ServerRefused)) throw cause;
    return isNoNode(cause) ? "missing" : "unreadable";
  }
}

/** Compares one znode with its copy. */
export function differencesAt(path: string, source: Look, target: Look): CopyDifference[] {
  if (source === "unreadable" || target === "unreadable") return [{ path, in: "unreadable" }];
  if (source === "missing" || target === "missing") return [{ path, in: "missing" }];
  const found: CopyDifference[] = [];
  if (!isSameData(source.data, target.data)) found.push({ path, in: "data" });
  if (!isSameAcl(source.acl, target.acl)) found.push({ path, in: "acl" });
  if (target.isEphemeral) found.push({ path, in: "ephemeral" });
  return found;
}

function extras(path: string, source: CopiedZnode, target: CopiedZnode): CopyDifference[] {
  const kept = new Set(source.children);
  return target.children
    .filter((name) => !kept.has(name) && !isReserved(childOf(path, name)))
    .map((name) => ({ path: childOf(path, name), in: "extra" }));
}
