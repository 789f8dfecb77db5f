/** Znodes that a server removes by itself some day, each in its own time: from when on one side may have lost one that the other still has.
 *  An empty container goes once it has had a child, a TTL znode after its time without a change. Source: ContainerManager.getCandidates (3.8). */
import { BoundedMap } from "../../src/bounded-map.ts";
import { createFlags } from "../../src/protocol/opcodes.ts";
import { isWithin } from "../../src/protocol/paths.ts";
import { isReaped, type Operation } from "./request.ts";
import { parentOf } from "./watch-map.ts";

/** Znodes remembered, and parents of such. */
const rememberedMax = 10_000;

/** How much sooner than counted a TTL may be over for a server, ms: its clock may be set, ours too. */
const slackMs = 1_000;

/** A container that has had no child. */
const never = Number.POSITIVE_INFINITY;

/** From when on a znode just created may go by itself: our clock, ms. */
function goesFrom({ op, fields }: Operation, now: number): number {
  const isTtl = op === "createTTL" || (fields.flags as number) > createFlags.container;
  if (!isTtl) return never;
  return now + Math.max(0, Number(fields.ttl ?? 0) - slackMs);
}

const isDue = (from: number | undefined, now: number): boolean => from !== undefined && from <= now;

/** A time in which a znode could go by itself: our clock, ms. */
interface Spell {
  readonly from: number;
  readonly until: number;
}

export class Reapables {
  readonly #goesFrom = new BoundedMap<string, number>(rememberedMax);
  /** Of znodes that did go and were made anew since. */
  readonly #before = new BoundedMap<string, Spell>(rememberedMax);
  /** By parent: the earliest of what is or was below it. */
  readonly #belowFrom = new BoundedMap<string, number>(rememberedMax);

  /** A create that was sent at `sentAt` has taken effect `now`. A container above it may go from then on, as soon as it is empty again. */
  created(operation: Operation, path: string, { sentAt, now }: { sentAt: number; now: number }): void {
    const parent = parentOf(path);
    if (this.#goesFrom.get(parent) === never) this.#set(parent, sentAt);
    const from = this.#goesFrom.get(path);
    if (from !== undefined && isDue(from, now)) this.#before.set(path, { from, until: now });
    if (isReaped(operation)) this.#set(path, goesFrom(operation, sentAt));
    else this.deleted(path);
  }

  /** A delete took effect. What it was to its parent stays: another may have been the earliest. */
  deleted(path: string): void {
    this.#goesFrom.delete(path);
  }

  /** Whether the znode may go by itself at a time, or one that is right below it. `since`: or could at some time from then on. */
  at(path: string, now: number, since = now): "node" | "parent" | undefined {
    if (isDue(this.#goesFrom.get(path), now)) return "node";
    const before = this.#before.get(path);
    if (before !== undefined && before.from <= now && before.until >= since) return "node";
    return this.mayLoseChild(path, now) ? "parent" : undefined;
  }

  /** Whether a znode right below it may just now go. */
  mayLoseChild(path: string, now: number): boolean {
    return isDue(this.#belowFrom.get(path), now);
  }

  /** Whether the znode may just now go, or any below it. */
  isDueWithin(path: string, now: number): boolean {
    for (const [each, from] of this.#goesFrom.entries()) if (from <= now && isWithin(each, path)) return true;
    return false;
  }

  #set(path: string, from: number): void {
    this.#goesFrom.set(path, from);
    const parent = parentOf(path);
    this.#belowFrom.set(parent, Math.min(from, this.#belowFrom.get(parent) ?? never));
  }
}
