/** Everything that can be known of a tree, as plain data: what tests compare when two trees must be equal. */
import type { Tree } from "./tree.ts";
import { statOf } from "./znode.ts";

/** A tree's znodes (with Stat, data, ACL, kind), bundles, sessions and counters. */
export function dumpTree(tree: Tree): Record<string, unknown> {
  const znodes: Record<string, unknown> = {};
  const visit = (path: string): void => {
    const node = tree.get(path);
    if (node === undefined) throw new Error(`a child is listed, but ${path} is not there`);
    const children = [...(node.children ?? [])].sort();
    const { acl, kind, owner, ttlMs, creates } = node;
    const home = node.home === null ? null : `${node.home.bundle.base} ${node.home.entry}`;
    const data = node.data?.toString("latin1") ?? null;
    znodes[path] = { stat: statOf(node), data, acl, kind, owner, ttlMs, creates, children, home };
    for (const child of children) visit(path === "/" ? `/${child}` : `${path}/${child}`);
  };
  visit("/");
  const { zxid, revision, dataBytes, ephemeralsCount, nodeCount } = tree;
  const sessions = [...tree.sessions].map(([id, state]) => ({
    id: String(id),
    ...state,
    ephemerals: [...tree.ephemeralsOf(id)].sort(),
  }));
  sessions.sort((a, b) => (a.id < b.id ? -1 : 1));
  const reapable = [...tree.reapable].sort();
  const bundles = [...tree.bundles.values()].map((bundle) => ({
    ...{ base: bundle.base, revision: bundle.revision, live: bundle.live },
    paths: [...bundle.entries()].map((entry) => bundle.pathOf(entry)),
    gone: bundle.goneBits().toString("hex"),
  }));
  bundles.sort((a, b) => a.base - b.base);
  return { znodes, bundles, sessions, reapable, zxid, revision, dataBytes, ephemeralsCount, nodeCount };
}
