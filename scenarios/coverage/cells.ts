/** Coverage cells: operation × variant × result × state of the znode × of its watches × of the session, each from a small set. Which cells a run of
 *  the generator could reach is declared here, from PrepRequestProcessor and FinalRequestProcessor (3.8, 3.9); `states.ts` says which one a reply
 *  belongs to, and a {@link CellCount} counts. */
import type { CellsLine } from "../../oracle/journal.ts";

/** The znode that the operation names, before it. `outside`: none, not below the case's root, or refused for the request's form alone; `orphan`: the
 *  parent is missing too; `parent`: with children, whatever else it is; `again`: persistent, and not the first of its name. */
export type NodeState =
  | "outside"
  | "orphan"
  | "missing"
  | "persistent"
  | "again"
  | "parent"
  | "container"
  | "ttl"
  | "ephemeral-own"
  | "ephemeral-other";

/** Watches that would see the znode change: the strongest of the session's own, else whether another session has one. */
export type WatchState = "none" | "data" | "children" | "persistent" | "recursive" | "others";

/** The session: `holding` has ephemerals, whatever else; `resumed` was taken up again after a lost connection; `authenticated` has shown a digest. */
export type SessionState = "fresh" | "resumed" | "authenticated" | "holding";

/** What one reply exercised. `op` is `multi/create` and so on inside a multi. */
export interface Cell {
  readonly op: string;
  readonly variant: string;
  readonly result: string;
  readonly node: NodeState;
  readonly watch: WatchState;
  readonly session: SessionState;
}

/** In which states of the znode a result can come. */
type Results = Readonly<Record<string, readonly NodeState[]>>;
/** What an operation's variants can be answered. */
type Variants = Readonly<Record<string, Results>>;

const own: readonly NodeState[] = ["persistent", "again", "container", "ttl", "ephemeral-own", "ephemeral-other"];
const existing: readonly NodeState[] = [...own, "parent"];
const absent: readonly NodeState[] = ["missing", "orphan"];
const anywhere: readonly NodeState[] = [...absent, ...existing];
const outside: readonly NodeState[] = ["outside"];

const unreadable: Results = { MARSHALLINGERROR: outside };
const refusedForm: Results = { BADARGUMENTS: outside, ...unreadable };
/** Of a name that is given. The list of permissions is checked before anything is looked up. */
const creating: Results = {
  ...{ OK: ["missing"], NODEEXISTS: existing, NONODE: ["orphan"], NOCHILDRENFOREPHEMERALS: ["missing"] },
  ...{ NOAUTH: ["missing", ...existing], ...refusedForm },
};
/** Of a name that the server completes: there is no such znode yet. */
const numbering: Results = {
  ...{ OK: ["missing"], NONODE: ["orphan"], NOCHILDRENFOREPHEMERALS: ["missing"], NOAUTH: ["missing"], ...refusedForm },
};
const creates: Variants = {
  persistent: { ...creating, INVALIDACL: anywhere },
  ephemeral: { ...creating, INVALIDACL: anywhere },
  sequential: { ...numbering, INVALIDACL: absent },
  "ephemeral-sequential": { ...numbering, INVALIDACL: absent },
};
/** Also with flags that no create has; the generator keeps them out of multis. */
const oddCreates: Variants = { ...creates, other: { ...creating, INVALIDACL: anywhere } };
const changing: Results = { OK: existing, NONODE: absent, NOAUTH: existing, ...refusedForm };
const versioned = (any: Results): Variants => ({
  any,
  last: { ...any, BADVERSION: existing },
  other: { ...any, BADVERSION: existing },
});
const deleting: Results = { ...changing, OK: own, NOTEMPTY: ["parent"] };
const looking: Results = { OK: existing, NONODE: absent, NOAUTH: existing };
const reading: Results = { ...looking, ...unreadable };
const watching = (results: Results): Variants => ({ plain: results, watch: results });
const always: Results = { OK: outside };
const everywhere: Results = { OK: anywhere };
const listing: Results = { OK: anywhere, NOWATCHER: anywhere };

/** A multi that fails undoes what stands before the failure and does not try what stands behind it; one that cannot be read is refused whole. */
const inMulti = (variants: Variants): Variants =>
  Object.fromEntries(
    Object.entries(variants).map(([variant, { INVALIDACL, MARSHALLINGERROR: _, ...results }]) => {
      const tried = INVALIDACL === undefined ? results : { ...results, INVALIDACL };
      return [variant, { ...tried, undone: results.OK ?? [], RUNTIMEINCONSISTENCY: [...anywhere, ...outside] }];
    }),
  );

const codesOfMulti: Results = {
  ...always,
  ...Object.fromEntries(
    [
      ...["NONODE", "NODEEXISTS", "NOTEMPTY", "BADVERSION", "NOCHILDRENFOREPHEMERALS", "NOAUTH"],
      ...["INVALIDACL", "BADARGUMENTS", "MARSHALLINGERROR"],
    ].map((code) => [code, outside]),
  ),
};

/** What can be reached without the requests of `hazards.ts`, and without what no profile sends unless a file says so. */
export const reachable: Readonly<Record<string, Variants>> = {
  create: oddCreates,
  create2: oddCreates,
  createContainer: { container: creating, other: creating },
  createTTL: { ttl: creating, "ttl-sequential": numbering, other: creating },
  delete: versioned(deleting),
  setData: versioned(changing),
  setACL: versioned({ ...changing, INVALIDACL: anywhere }),
  exists: watching({ OK: existing, NONODE: absent, ...unreadable }),
  getData: watching(reading),
  getChildren: watching(reading),
  getChildren2: watching(reading),
  getACL: { plain: reading },
  getAllChildrenNumber: { plain: reading },
  getEphemerals: { plain: everywhere },
  sync: { plain: everywhere },
  multi: { several: codesOfMulti, one: codesOfMulti, empty: always },
  "multi/create": inMulti(creates),
  "multi/create2": inMulti(creates),
  "multi/createContainer": inMulti({ container: creating, other: creating }),
  "multi/delete": inMulti(versioned(deleting)),
  "multi/setData": inMulti(versioned(changing)),
  "multi/check": inMulti(versioned(changing)),
  multiRead: { several: always, one: always, empty: always },
  "multiRead/getData": watching(looking),
  "multiRead/getChildren": watching(looking),
  addWatch: { persistent: everywhere, recursive: everywhere, other: unreadable },
  removeWatches: { children: listing, data: listing, any: listing, other: unreadable },
  checkWatches: { children: listing, data: listing, any: listing, other: unreadable },
  setWatches: { plain: always },
  setWatches2: { plain: always },
  auth: { digest: { ...always, AUTHFAILED: outside }, other: { ...always, AUTHFAILED: outside } },
  whoAmI: { plain: always },
  ping: { plain: always },
  closeSession: { plain: always },
};

/** Operations that add or remove a child, whom the parent's watches tell of. */
export const isMaking = (op: string): boolean => /(^|\/)(create|delete)/.test(op);

/** Watch states that can go with a znode's state. A watch for children needs a znode to stand on; a missing one's parent will do where children come. */
function watchesOf(op: string, node: NodeState): readonly WatchState[] {
  if (node === "outside") return ["none"];
  const all: readonly WatchState[] = ["none", "data", "children", "persistent", "recursive", "others"];
  const hasNone = node === "orphan" || (node === "missing" && !isMaking(op));
  return hasNone ? all.filter((watch) => watch !== "children") : all;
}

const sessionsOf = (node: NodeState): readonly SessionState[] =>
  node === "ephemeral-own" ? ["holding"] : ["fresh", "resumed", "authenticated", "holding"];

/** The cell's key: its parts in one line. */
const keyOf = (cell: Cell): string =>
  `${cell.op} ${cell.variant} ${cell.result} ${cell.node} ${cell.watch} ${cell.session}`;

/** A pair of operation and result, with its cells by state of the znode. Cells are numbered in this order. */
interface Pair {
  readonly op: string;
  readonly result: string;
  readonly nodes: readonly (readonly [NodeState, readonly string[]])[];
}

/** All declared cells of an operation, by pair. */
function pairsOf(op: string, variants: Variants): Pair[] {
  const results = [...new Set(Object.values(variants).flatMap((each) => Object.keys(each)))];
  return results.map((result) => {
    const nodes = new Map<NodeState, string[]>();
    for (const [variant, each] of Object.entries(variants))
      for (const node of each[result] ?? [])
        for (const watch of watchesOf(op, node))
          for (const session of sessionsOf(node)) {
            const keys = nodes.get(node) ?? [];
            keys.push(keyOf({ op, variant, result, node, watch, session }));
            nodes.set(node, keys);
          }
    return { op, result, nodes: [...nodes] };
  });
}

/** All declared cells, and the number of each. */
interface Declared {
  readonly pairs: readonly Pair[];
  readonly places: ReadonlyMap<string, number>;
}

let known: Declared | undefined;

/** Made when first asked for: it takes a tenth of a second, and most commands count nothing. */
function declared(): Declared {
  if (known !== undefined) return known;
  const pairs = Object.entries(reachable).flatMap(([op, variants]) => pairsOf(op, variants));
  const keys = pairs.flatMap(({ nodes }) => nodes.flatMap(([, own]) => own));
  known = { pairs, places: new Map(keys.map((key, at) => [key, at])) };
  return known;
}

/** How many cells a run could reach. */
export const cellsReachable = (): number => declared().places.size;

/** Cells beyond the declared ones that are told apart, at most: a hostile server can make up any number. */
const beyondMax = 2_000;

/** A block of cells: what one operation, with those inside it, can meet with the znode in one state. */
const blockOf = (op: string, node: string): string => `${op.split("/", 1)[0]} ${node}`;

/** Counts the cells of a run. A reply costs about a microsecond. */
export class CellCount {
  /** Cells that nothing has hit, by block. */
  readonly #unhit = new Map<string, number>();
  readonly #declared = declared();
  readonly #hit = new Uint8Array(Math.ceil(this.#declared.places.size / 8));
  readonly #times = new Map<string, number>();
  readonly #beyond = new Set<string>();
  #cells = 0;

  constructor() {
    for (const { op, nodes } of this.#declared.pairs)
      for (const [node, keys] of nodes) {
        const block = blockOf(op, node);
        this.#unhit.set(block, (this.#unhit.get(block) ?? 0) + keys.length);
      }
  }

  /** Takes the cell of one reply; answers whether it is the first of its kind. */
  add(cell: Cell): boolean {
    const pair = `${cell.op} ${cell.result}`;
    this.#times.set(pair, (this.#times.get(pair) ?? 0) + 1);
    const key = keyOf(cell);
    const at = this.#declared.places.get(key);
    if (at === undefined) {
      if (this.#beyond.size < beyondMax) this.#beyond.add(key);
      return false;
    }
    const byte = at >> 3;
    const bit = 1 << (at & 7);
    const before = this.#hit[byte] ?? 0;
    if ((before & bit) !== 0) return false;
    this.#hit[byte] = before | bit;
    this.#cells++;
    const block = blockOf(cell.op, cell.node);
    this.#unhit.set(block, (this.#unhit.get(block) ?? 0) - 1);
    return true;
  }

  /** Declared cells that were hit. */
  get cells(): number {
    return this.#cells;
  }

  /** Declared cells of an operation, those inside it included, that nothing has hit while the znode was in this state. */
  unhit(op: string, node: NodeState): number {
    return this.#unhit.get(blockOf(op, node)) ?? 0;
  }

  /** Cells that came and are not declared, as text. */
  get beyond(): ReadonlySet<string> {
    return this.#beyond;
  }

  /** The count as the journal has it. */
  line(): CellsLine {
    return {
      event: "cells",
      pairs: this.#declared.pairs.map(({ op, result, nodes }) => ({
        op,
        result,
        times: this.#times.get(`${op} ${result}`) ?? 0,
        nodes: nodes.map(([node, keys]) => [node, keys.length] as const),
      })),
      hit: Buffer.from(this.#hit).toString("hex"),
      beyond: this.#beyond.size,
    };
  }
}
