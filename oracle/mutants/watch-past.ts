/** Lies about watches that need more than one watch, one firing or one life of a znode. */
import { Writer } from "../../src/jute/buffers.ts";
import { write } from "../../src/jute/codec.ts";
import { eventTypes, opcodes, watcherTypes } from "../../src/protocol/opcodes.ts";
import { SetWatches, SetWatches2, type WatcherEvent } from "../../src/protocol/records.ts";
import type { Request } from "../crosscheck/request.ts";
import { nth, type Situation } from "./lying.ts";
import { type Mutant, mutant } from "./mutant.ts";

/** A lie that keeps some events back. */
const silent = (
  name: string,
  lie: string,
  isLost: (event: WatcherEvent, situation: Situation) => boolean,
  rare = true,
): Mutant =>
  mutant(
    { name, class: "watch", lie, rare },
    { event: (event, situation) => ({ now: isLost(event, situation) ? [] : [event] }) },
  );

/** setWatches and setWatches2 with other fields than the client's. */
export const rearmed = ({ op, frame, operations }: Request, changes: Partial<SetWatches2>): Buffer => {
  const [asked] = operations ?? [];
  if ((op !== "setWatches" && op !== "setWatches2") || asked === undefined) return frame;
  const writer = new Writer(frame.length);
  writer.raw(frame.subarray(0, 8));
  const fields = { ...asked.fields, ...changes } as SetWatches2;
  if (op === "setWatches") write(SetWatches, writer, fields);
  else write(SetWatches2, writer, fields);
  return writer.copy();
};

/** A rare lie: a removeWatches of that type is taken for another request. */
const mistaken = (name: string, lie: string, type: number, change: (frame: Buffer) => void): Mutant =>
  mutant(
    { name, class: "watch", lie, rare: true },
    {
      request: ({ op, frame, operations }) => {
        if (op !== "removeWatches" || operations?.[0]?.fields.type !== type) return frame;
        const other = Buffer.from(frame);
        change(other);
        return other;
      },
    },
  );

/** A session that nothing is heard of for so long is waited for, ms: nobody asks for a shorter timeout than four seconds. */
const expiredAfterMs = 3_000;

/** In no order. */
export const pastWatchMutants: readonly Mutant[] = [
  silent("watch-created-lost", "NodeCreated is never sent", ({ type }) => type === eventTypes.created, false),
  silent(
    "watch-second-fire",
    "a path's second event is not sent",
    ({ path }, { memory }) => nth(memory, `events of ${path}`) === 2,
  ),
  silent(
    "watch-second-watcher",
    "a path that two sessions watched is watched no more",
    ({ path }, { world }) => world.at(path).watchers.size > 1,
  ),
  silent(
    "watch-third-watcher",
    "a path that three sessions watched is watched no more",
    ({ path }, { world }) => world.at(path).watchers.size > 2,
  ),
  silent(
    "watch-reborn",
    "a znode's second creation is not told",
    ({ type, path }, { world }) => type === eventTypes.created && world.at(path).deaths > 0,
  ),
  silent("watch-session-end", "ephemerals that go with their session go silently", ({ type, path }, { world }) => {
    const { owner } = world.at(path);
    return type === eventTypes.deleted && owner !== undefined && world.closing.has(owner);
  }),
  silent("watch-expiry", "ephemerals whose session has expired go silently", ({ type, path }, { world }) => {
    const { owner } = world.at(path);
    return type === eventTypes.deleted && owner !== undefined && world.silentMs(owner) > expiredAfterMs;
  }),
  silent(
    "watch-expiry-unconnected",
    "ephemerals of a session that expires while nobody is connected to it go silently",
    ({ type, path }, { world }) => {
      const { owner } = world.at(path);
      return type === eventTypes.deleted && owner !== undefined && world.leftMs(owner) > expiredAfterMs;
    },
  ),
  silent("watch-own-goodbye", "a session that closes hears nothing of it", (_event, { world, session }) =>
    world.closing.has(session),
  ),
  silent(
    "watch-multi",
    "what a multi does to existing znodes is not told",
    ({ type, path }, { world }) => type === eventTypes.dataChanged && world.at(path).isTriedByMulti,
  ),
  silent(
    "watch-resumed",
    "who has resumed its session is told no deletions",
    ({ type }, { resumes }) => type === eventTypes.deleted && resumes > 0,
  ),
  mutant(
    { name: "watch-rearm-children", class: "watch", lie: "setWatches forgets the child watches", rare: true },
    { request: (request) => rearmed(request, { childWatches: [] }) },
  ),
  mutant(
    { name: "watch-rearm-exists", class: "watch", lie: "setWatches forgets the exists watches", rare: true },
    { request: (request) => rearmed(request, { existWatches: [] }) },
  ),
  mutant(
    { name: "watch-no-catching-up", class: "watch", lie: "setWatches tells nothing that was missed", rare: true },
    { request: (request) => rearmed(request, { relativeZxid: Number.MAX_SAFE_INTEGER }) },
  ),
  mistaken("watch-remove-any", "removing all watches of a path removes no child watch", watcherTypes.any, (frame) =>
    frame.writeInt32BE(watcherTypes.data, frame.length - 4),
  ),
  mistaken(
    "watch-remove-data",
    "removing the data watch of a path removes its child watch, too",
    watcherTypes.data,
    (frame) => frame.writeInt32BE(watcherTypes.any, frame.length - 4),
  ),
  mistaken("watch-removed-fires", "a data watch that was removed fires all the same", watcherTypes.data, (frame) =>
    frame.writeInt32BE(opcodes.checkWatches.code, 4),
  ),
];
