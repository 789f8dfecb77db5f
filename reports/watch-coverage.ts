/** Which kind of watch saw which kind of event. A journal names events by type and path only, so the watches that steps arm are remembered and
 *  matched against the events that follow, by ZooKeeper's own rules of what each kind is told. Source: WatcherType and DataTree (3.9). */
import type { NotificationLine, StepLine } from "../oracle/journal.ts";
import { BoundedMap } from "../src/bounded-map.ts";
import { bounds } from "./bounds.ts";
import { eventName } from "./wording.ts";

/** What each kind of watch can be told, and whether it is gone afterwards. */
const kinds = {
  data: { events: ["dataChanged", "deleted"], once: true },
  exists: { events: ["created", "dataChanged", "deleted"], once: true },
  child: { events: ["childrenChanged", "deleted"], once: true },
  persistent: { events: ["created", "dataChanged", "deleted", "childrenChanged"], once: false },
  recursive: { events: ["created", "dataChanged", "deleted"], once: false },
  /** Watches set again after a reconnect; journals do not name their paths. */
  setWatches: { events: ["created", "dataChanged", "deleted", "childrenChanged"], once: true },
} as const;

/** The kinds of watch a client can ask for. */
type WatchKind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as WatchKind[];
const eventTypes = ["created", "deleted", "dataChanged", "childrenChanged"];

/** One kind of watch. `armed` counts the calls that asked for it; a count is `null` where this kind is never told of such an event. */
export interface WatchRow {
  readonly kind: string;
  readonly armed: number;
  readonly events: readonly (readonly [type: string, count: number | null])[];
}

/** The matrix of watches, and how many events could not be matched with a call (a session taken over, calls forgotten). */
export interface WatchView {
  readonly rows: readonly WatchRow[];
  readonly unmatched: number;
}

/** Collects steps and events in journal order. Remembers the `bounds.watchesMax` watches that were armed last. */
export class WatchCoverage {
  readonly #armed = new BoundedMap<string, Set<WatchKind>>(bounds.watchesMax);
  readonly #arms = new Map<WatchKind, number>();
  readonly #seen = new Map<string, number>();
  /** Events of a session that none of its calls explains. What a setWatches finds changed is told before its own reply, so they wait here. */
  readonly #strays = new BoundedMap<string, { isReset: boolean; readonly types: string[] }>(bounds.watchesMax);
  #unmatched = 0;

  step(step: StepLine): void {
    if (step.op === "setWatches" || step.op === "setWatches2") return this.#setAgain(step);
    const kind = kindAsked(step);
    if (kind === undefined || step.path === undefined) return;
    this.#arms.set(kind, (this.#arms.get(kind) ?? 0) + 1);
    const key = keyOf(step, step.path);
    const watches = this.#armed.get(key) ?? new Set();
    this.#armed.set(key, watches.add(kind));
  }

  event(line: NotificationLine): void {
    const type = eventName(line.type);
    const path = String(line.path);
    let matched = false;
    for (let at: string = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
      const key = keyOf(line, at === "" ? "/" : at);
      const watches = this.#armed.get(key);
      for (const kind of watches ?? []) {
        if (at !== path && kind !== "recursive") continue;
        if (!(kinds[kind].events as readonly string[]).includes(type)) continue;
        matched = true;
        this.#saw(kind, type);
        if (kinds[kind].once) watches?.delete(kind);
      }
      if (watches?.size === 0) this.#armed.delete(key);
      // A path of a megabyte has half a million ancestors; nobody watches those.
      if (at === "" || at === "/" || path.length > 1_000) break;
    }
    if (!matched) this.#stray(line, type);
  }

  #saw(kind: WatchKind, type: string): void {
    this.#seen.set(`${kind} ${type}`, (this.#seen.get(`${kind} ${type}`) ?? 0) + 1);
  }

  #setAgain(step: StepLine): void {
    if (step.err?.oracle !== "OK") return;
    this.#arms.set("setWatches", (this.#arms.get("setWatches") ?? 0) + 1);
    const strays = this.#straysOf(step);
    strays.isReset = true;
    for (const type of strays.types.splice(0)) {
      this.#saw("setWatches", type);
      this.#unmatched -= 1;
    }
  }

  #stray(line: NotificationLine, type: string): void {
    const strays = this.#straysOf(line);
    if (strays.isReset) return this.#saw("setWatches", type);
    this.#unmatched += 1;
    if (strays.types.length < bounds.namesMax) strays.types.push(type);
  }

  #straysOf(line: { readonly case: string; readonly session: string }): { isReset: boolean; readonly types: string[] } {
    const key = keyOf(line, "");
    const strays = this.#strays.get(key) ?? { isReset: false, types: [] };
    this.#strays.set(key, strays);
    return strays;
  }

  view(): WatchView {
    const rows = kindNames.map((kind) => ({
      kind,
      armed: this.#arms.get(kind) ?? 0,
      events: eventTypes.map((type) => {
        const told = (kinds[kind].events as readonly string[]).includes(type);
        return [type, told ? (this.#seen.get(`${kind} ${type}`) ?? 0) : null] as const;
      }),
    }));
    return { rows, unmatched: this.#unmatched };
  }
}

const keyOf = (line: { readonly case: string; readonly session: string }, path: string): string =>
  `${line.case}\0${line.session}\0${path}`;

/** The watch that a step left behind, judged by the oracle's answer. exists leaves one on a missing znode too. */
function kindAsked(step: StepLine): WatchKind | undefined {
  const shape = step.shape ?? "";
  const err = step.err?.oracle;
  if (err !== "OK" && !(step.op === "exists" && err === "NONODE")) return undefined;
  if (step.op === "addWatch") return /recursive|mode=1/i.test(shape) ? "recursive" : "persistent";
  if (!/\bwatch\b(?!=false)/.test(shape)) return undefined;
  if (step.op === "exists") return err === "NONODE" ? "exists" : "data";
  if (step.op === "getData") return "data";
  return step.op === "getChildren" || step.op === "getChildren2" ? "child" : undefined;
}
