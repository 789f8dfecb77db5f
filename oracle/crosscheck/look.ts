/** Whether a read differs because a child has gone on one side and not yet on the other: the same question again, between two listings of the children.
 *  When both listings of a side agree, its answer in the middle was about just these children. */
import { decodeAnswer } from "../compare/decode.ts";
import type { Both, Difference, Side } from "../compare/difference.ts";
import { eachOf, otherSide, sides } from "../compare/sides.ts";
import { isOfOrder } from "./judge.ts";
import type { Exchange } from "./lane.ts";
import type { Request } from "./request.ts";

/** What a look tells. `unclear`: a child that may go is gone on one side, or something happened meanwhile. */
export type Sight = "agrees" | "differs" | "unclear";

/** How to look. */
export interface Looking {
  readonly path: string;
  /** Two of the kind, each a request of its own. */
  readonly listings: readonly [Request, Request];
  readonly repeat: Request;
  /** Whether a znode may go by itself just now. */
  readonly mayGo: (path: string) => boolean;
}

export class Look {
  readonly #how: Looking;
  readonly #lists = new Map<Request, Both<readonly string[]>>();
  #differs: boolean | undefined;
  #left = 3;

  constructor(how: Looking) {
    this.#how = how;
  }

  /** To be asked in this order. */
  get requests(): readonly Request[] {
    const [before, after] = this.#how.listings;
    return [before, this.#how.repeat, after];
  }

  /** All has been answered. */
  get isOver(): boolean {
    return this.#left === 0;
  }

  /** Takes the answers to one of the requests; `differences` is undefined where there are none. The sight, when it was the last. */
  take(asked: Exchange, differences: readonly Difference[] | undefined): Sight | undefined {
    this.#left--;
    if (asked.request === this.#how.repeat) this.#differs = differences && !isOfOrder(differences);
    else {
      const [candidate, oracle] = [childrenIn(asked, "candidate"), childrenIn(asked, "oracle")];
      if (candidate !== undefined && oracle !== undefined) this.#lists.set(asked.request, { candidate, oracle });
    }
    return this.isOver ? this.#conclude() : undefined;
  }

  #conclude(): Sight {
    if (this.#differs === false) return "agrees";
    const [before, after] = this.#how.listings.map((listing) => this.#lists.get(listing));
    if (this.#differs === undefined || before === undefined || after === undefined) return "unclear";
    if (sides.some((side) => before[side].join("/") !== after[side].join("/"))) return "unclear";
    const names = eachOf(after, (list) => new Set(list));
    const onOneSide = sides.flatMap((side) => after[side].filter((name) => !names[otherSide(side)].has(name)));
    const { path, mayGo } = this.#how;
    const below = path === "/" ? "" : path;
    return onOneSide.length > 0 && onOneSide.every((name) => mayGo(`${below}/${name}`)) ? "unclear" : "differs";
  }
}

/** The names in a side's answer to a listing, in one order; undefined where it refused. */
function childrenIn({ request, replies }: Exchange, side: Side): readonly string[] | undefined {
  const frame = replies[side]?.frame;
  if (frame === undefined) return undefined;
  const { body } = decodeAnswer(request.op, frame);
  const { children } = (body ?? {}) as { readonly children?: readonly string[] | null };
  return children?.toSorted();
}
