/** What is left to visit of two trees: depth first, so that what is held is the path down and its siblings, never the tree. */
import { SiblingOrder } from "./sibling-order.ts";

/** A parent whose children are being read. `order` gathers them; `left` counts those not read yet. */
export interface Family {
  readonly path: string;
  readonly names: readonly string[];
  readonly order: SiblingOrder;
  left: number;
}

/** A parent whose children are not listed yet; `size` is how many there were. */
export interface Unlisted {
  readonly path: string;
  readonly size: number;
}

/** What to do next. */
export type Task =
  | { readonly is: "list"; readonly unlisted: Unlisted }
  | { readonly is: "read"; readonly family: Family; readonly at: number };

/** Bounds of what is held beside the largest single family, which the protocol lists in one piece. */
const frontierLimits = { namesMax: 200_000, unlistedMax: 10_000 } as const;

/** Hands out tasks. */
export class Frontier {
  readonly #unlisted: Unlisted[] = [];
  readonly #families: { readonly family: Family; next: number }[] = [];
  /** Names listed or being listed, and not handed out. */
  #held = 0;
  #largest = 0;
  #listing = 0;

  /** A znode with children was met. */
  push(unlisted: Unlisted): void {
    this.#unlisted.push(unlisted);
  }

  /** The children of a `list` task have come; undefined when there are none any more. */
  listed({ path, size }: Unlisted, names: readonly string[]): void {
    this.#listing--;
    this.#held += names.length - size;
    this.#largest = Math.max(this.#largest, names.length);
    if (names.length === 0) return;
    const family = { path, names, order: new SiblingOrder(names.length), left: names.length };
    this.#families.push({ family, next: 0 });
  }

  /** The next task; undefined when there is none, or none before a listing has come. */
  next(): Task | undefined {
    return this.#list(false) ?? this.#read() ?? this.#list(true);
  }

  #list(force: boolean): Task | undefined {
    const unlisted = this.#unlisted.at(-1);
    if (unlisted === undefined) return undefined;
    const fits = this.#held + unlisted.size <= frontierLimits.namesMax + this.#largest;
    if (!fits && !(force && this.#listing === 0)) return undefined;
    this.#unlisted.pop();
    this.#listing++;
    this.#held += unlisted.size;
    return { is: "list", unlisted };
  }

  #read(): Task | undefined {
    const top = this.#families.at(-1);
    if (top === undefined || this.#unlisted.length >= frontierLimits.unlistedMax) return undefined;
    const at = top.next++;
    this.#held--;
    if (top.next === top.family.names.length) this.#families.pop();
    return { is: "read", family: top.family, at };
  }
}
