/** Paths of a znode and everything below it. */
import { ServerRefused, type Session } from "./session.ts";
import { workOff } from "./work-off.ts";

/** Questions under way while walking a tree. */
const askedAtOnce = 128;

/** A child's path. */
export const childOf = (parent: string, name: string): string => (parent === "/" ? `/${name}` : `${parent}/${name}`);

/** Whether the server's answer was that there is no such znode. */
export const isNoNode = (cause: unknown): boolean => cause instanceof ServerRefused && cause.name === "NONODE";

/** The root's path and all below it, every parent before its children, in no other order. What vanishes during the walk is left out; throws
 *  {@link ServerRefused} when the root is not there. */
export async function pathsFrom(root: string, session: Session): Promise<string[]> {
  const paths: string[] = [];
  await workOff([root], askedAtOnce, async (path, add) => {
    try {
      const { children } = await session.ask("getChildren", { path, watch: false }, path);
      paths.push(path);
      for (const name of children ?? []) add(childOf(path, String(name)));
    } catch (cause) {
      if (path === root || !isNoNode(cause)) throw cause;
    }
  });
  return paths;
}

/** Sorts paths as a tree is read: each znode in front of what is below it, siblings by name. */
export function inTreeOrder(paths: readonly string[]): string[] {
  const keyed = paths.map((path) => ({ path, key: path === "/" ? "" : path.replaceAll("/", "\0") }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ path }) => path);
}
