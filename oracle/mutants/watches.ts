/** Lies about watches. */
import { addWatchModes, eventTypes, opcodes } from "../../src/protocol/opcodes.ts";
import type { WatcherEvent } from "../../src/protocol/records.ts";
import { type Lie, nth, type Situation } from "./lying.ts";
import { type Mutant, mutant } from "./mutant.ts";

const watchMutant = (name: string, lie: string, event: NonNullable<Lie["event"]>, rare = false): Mutant =>
  mutant({ name, class: "watch", lie, rare }, { event });

/** Every third event, counted per connection. */
const isThird = (memory: Situation["memory"]): boolean => nth(memory, "events") % 3 === 0;

/** Requests of this operation leave no watch. */
const deaf = (op: "exists" | "getData" | "getChildren"): Lie => ({
  request: ({ op: asked, frame, operations }) => {
    if (asked !== op || operations?.[0]?.fields.watch !== true) return frame;
    const silent = Buffer.from(frame);
    silent[silent.length - 1] = 0;
    return silent;
  },
});

export const watchMutants: readonly Mutant[] = [
  watchMutant("watch-lost", "every third event is not sent", (event, { memory }) => ({
    now: isThird(memory) ? [] : [event],
  })),
  watchMutant("watch-twice", "every third event is sent twice", (event, { memory }) => ({
    now: isThird(memory) ? [event, event] : [event],
  })),
  watchMutant("watch-fires-again", "a one-shot watch fires once more, a little later", (event, { memory }) => ({
    now: [event],
    later: isThird(memory) ? [event] : [],
  })),
  watchMutant("watch-late", "events come behind the reply that they belong before", (event) => ({
    now: [],
    later: [event],
  })),
  watchMutant("watch-wrong-type", "a deleted znode is reported as changed", (event) => ({
    now: [event.type === eventTypes.deleted ? { ...event, type: eventTypes.dataChanged } : event],
  })),
  watchMutant("watch-wrong-path", "child events name the parent's parent", (event) => ({
    now: [event.type === eventTypes.childrenChanged ? { ...event, path: "/" } : event],
  })),
  watchMutant("watch-wrong-state", "events bear state Disconnected", (event) => ({ now: [{ ...event, state: 0 }] })),
  watchMutant("watch-children-lost", "NodeChildrenChanged is never sent", (event) => ({
    now: event.type === eventTypes.childrenChanged ? [] : [event],
  })),
  watchMutant(
    "watch-swapped",
    "two events in a row change places",
    (event, { memory }) => {
      const held = memory.get("held") as WatcherEvent | undefined;
      memory.delete("held");
      if (held !== undefined) return { now: [event, held] };
      if (event.type !== eventTypes.deleted) return { now: [event] };
      memory.set("held", event);
      return { now: [] };
    },
    true,
  ),
  mutant({ name: "watch-exists-deaf", class: "watch", lie: "exists leaves no watch" }, deaf("exists")),
  mutant({ name: "watch-data-deaf", class: "watch", lie: "getData leaves no watch" }, deaf("getData")),
  mutant({ name: "watch-children-deaf", class: "watch", lie: "getChildren leaves no watch" }, deaf("getChildren")),
  mutant(
    { name: "watch-recursive-flat", class: "watch", lie: "a recursive watch is taken for a persistent one" },
    {
      request: ({ op, frame, operations }) => {
        if (op !== "addWatch" || operations?.[0]?.fields.mode !== addWatchModes.recursive) return frame;
        const flat = Buffer.from(frame);
        flat.writeInt32BE(addWatchModes.persistent, flat.length - 4);
        return flat;
      },
    },
  ),
  mutant(
    { name: "watch-remove-ignored", class: "watch", lie: "removeWatches removes nothing" },
    {
      // checkWatches asks the same question and leaves everything as it is.
      request: ({ op, frame }) => {
        if (op !== "removeWatches") return frame;
        const check = Buffer.from(frame);
        check.writeInt32BE(opcodes.checkWatches.code, 4);
        return check;
      },
    },
  ),
];
