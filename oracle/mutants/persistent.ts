/** Lies about the watches of addWatch. */
import { addWatchModes, eventTypes } from "../../src/protocol/opcodes.ts";
import { parentOf } from "../../src/protocol/paths.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";
import type { Lie, Situation } from "./lying.ts";
import { type Mutant, mutant } from "./mutant.ts";
import { rearmed } from "./watch-past.ts";

/** An event, which always has a path. */
type Told = WatcherEvent & { path: string };

/** What the connection asked addWatch for: mode by path. */
const lasting = ({ memory }: Situation): Map<string, number> => {
  const known = memory.get("lasting") as Map<string, number> | undefined;
  if (known !== undefined) return known;
  const blank = new Map<string, number>();
  memory.set("lasting", blank);
  return blank;
};

/** A lie about events, by a liar that remembers each addWatch. */
const persistentMutant = (
  facts: { name: string; lie: string; rare: boolean },
  tell: (event: Told, watches: ReadonlyMap<string, number>, situation: Situation) => WatcherEvent[],
): Mutant => {
  const lie: Lie = {
    request: ({ op, frame, operations }, situation) => {
      const { path, mode } = operations?.[0]?.fields ?? {};
      if (op === "addWatch") lasting(situation).set(String(path), Number(mode));
      return frame;
    },
    event: (event, situation) => ({
      now: tell({ ...event, path: event.path ?? "" }, lasting(situation), situation),
    }),
  };
  return mutant({ ...facts, class: "persistent" }, lie);
};

/** The nearest recursive watch at or above a path. */
const recursiveAbove = (path: string, watches: ReadonlyMap<string, number>): string | undefined =>
  [...watches].find(
    ([at, mode]) => mode === addWatchModes.recursive && (path === at || path.startsWith(`${at}/`)),
  )?.[0];

const comesOrGoes = ({ type }: WatcherEvent) => type === eventTypes.created || type === eventTypes.deleted;

/** In no order. */
export const persistentMutants: readonly Mutant[] = [
  persistentMutant(
    { name: "persistent-fires-once", lie: "a persistent watch is gone when it has fired", rare: false },
    (event, watches, { memory }) => {
      const isAgain = memory.has(`fired ${event.path}`);
      memory.set(`fired ${event.path}`, true);
      return isAgain && watches.get(event.path) === addWatchModes.persistent ? [] : [event];
    },
  ),
  persistentMutant(
    { name: "persistent-recursive-tells-parent", lie: "a recursive watch also tells of children", rare: false },
    (event, watches) =>
      comesOrGoes(event) && recursiveAbove(event.path, watches) !== undefined
        ? [event, { ...event, type: eventTypes.childrenChanged, path: parentOf(event.path) }]
        : [event],
  ),
  persistentMutant(
    { name: "persistent-recursive-shallow", lie: "a recursive watch sees two levels, no more", rare: true },
    (event, watches) => {
      const above = recursiveAbove(event.path, watches);
      const depth = above === undefined ? 0 : event.path.slice(above.length).split("/").length - 1;
      return depth > 1 ? [] : [event];
    },
  ),
  persistentMutant(
    { name: "persistent-resumed", lie: "addWatch on a resumed session is of no use", rare: true },
    (event, watches, { resumes }) => (resumes > 0 && watches.has(event.path) ? [] : [event]),
  ),
  persistentMutant(
    { name: "persistent-reborn", lie: "a persistent watch ends with the znode", rare: true },
    (event, watches, { memory }) => {
      const isOver = memory.has(`ended ${event.path}`);
      if (event.type === eventTypes.deleted) memory.set(`ended ${event.path}`, true);
      return isOver && watches.get(event.path) === addWatchModes.persistent ? [] : [event];
    },
  ),
  mutant(
    { name: "persistent-rearm", class: "persistent", lie: "setWatches2 forgets the persistent watches", rare: true },
    { request: (request) => rearmed(request, { persistentWatches: [] }) },
  ),
  mutant(
    {
      name: "persistent-rearm-recursive",
      class: "persistent",
      lie: "setWatches2 forgets the recursive ones",
      rare: true,
    },
    { request: (request) => rearmed(request, { persistentRecursiveWatches: [] }) },
  ),
];
