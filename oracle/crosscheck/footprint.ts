/** What a request reads, changes and may make others see: the resources that put it in order with other sessions' requests.
 *  `node PATH` is a znode with its Stat and list of children, `names PATH` the names that may come to exist below it, `tree PATH` everything
 *  from it downwards, `acl PATH` its permissions as writes are validated by, `events N` the stream of events to connection N, `all` the server. */
import { ruledBy } from "../../src/protocol/paths.ts";
import type { Mode, Needs } from "./ordering.ts";
import { isCreate, isOutOfLine, isSequential, isSlowToShow, type Operation, pathOf, type Request } from "./request.ts";
import { parentOf, upwards, type WatchMap, type WatchTable } from "./watch-map.ts";

/** A connection, as far as ordering goes. */
export interface Watcher {
  readonly id: number;
}

/** The surroundings of a request. `ephemeralCreates`: the requests for znodes of its session's own, undefined when nobody knows them all. */
export interface FootprintScene<Owner extends Watcher> {
  readonly owner: Owner;
  readonly watches: WatchMap<Owner>;
  readonly ephemeralCreates: readonly Operation[] | undefined;
}

/** Alone on both servers: what cannot be bounded, and every request of a serial run. */
export const everything: Needs = new Map([["all", "write"]]);

/** The needs of one request. */
export function footprint<Owner extends Watcher>(request: Request, scene: FootprintScene<Owner>): Needs {
  const needs = new Map<string, Mode>([
    ["all", "add"],
    [`events ${scene.owner.id}`, isOutOfLine(request) ? "write" : "read"],
  ]);
  const use = (name: string, mode: Mode) => {
    const before = needs.get(name);
    needs.set(name, before === undefined || before === mode ? mode : "write");
  };
  if (request.op === undefined) return needs;
  if (request.operations === undefined || request.op === "reconfig") return everything;
  // A znode's removal needs what its creation did.
  const operations = request.op === "closeSession" ? scene.ephemeralCreates : request.operations;
  if (operations === undefined) return everything;
  for (const operation of operations) {
    addOperation(operation, use, scene);
    // Every write in a quota's tree may change what the statistics say, and who counts is told by the limits. No watch sees it.
    // Source: DataTree.createNode and updateQuotaStat (3.8).
    const ruled = ruledBy(pathOf(operation) ?? "");
    if (ruled !== undefined) use(`tree ${ruled || "/"}`, "read");
  }
  return needs;
}

const nothing: ReadonlySet<string> = new Set();

/** What its own connection's later requests have to wait for, where others need only be sent in order: behind a setACL writes are still validated by
 *  the old list, because its outstanding record has none. Reads are not. Source: PrepRequestProcessor.pRequest2Txn (setACL, 3.8). */
export function slowToShow(request: Request, needs: Needs): ReadonlySet<string> {
  if (isSlowToShow(request)) return new Set(needs.keys());
  const [operation] = request.operations ?? [];
  return operation?.op === "setACL" ? new Set([`acl ${pathOf(operation)}`]) : nothing;
}

type Use = (name: string, mode: Mode) => void;

function addOperation<Owner extends Watcher>(operation: Operation, use: Use, scene: FootprintScene<Owner>): void {
  const path = pathOf(operation);
  const { op, fields } = operation;
  if (op === "getEphemerals") return addOwnEphemerals(scene.ephemeralCreates, use);
  if (op === "setWatches" || op === "setWatches2") return addSetWatches(fields, use);
  if (path === undefined) return;
  if (isCreate(op)) return addCreate(operation, path, use, scene);
  const parent = parentOf(path);
  switch (op) {
    case "delete":
    case "deleteContainer":
      use(`acl ${parent}`, "read");
      use(`node ${parent}`, "write");
      return addChange(path, true, use, scene);
    case "setData":
      use(`acl ${path}`, "read");
      return addChange(path, false, use, scene);
    case "setACL":
      use(`acl ${path}`, "write");
      use(`node ${path}`, "write");
      return use(`names ${parent}`, "read");
    case "getAllChildrenNumber":
    case "addWatch":
      use(`tree ${path}`, "read");
      return addRead(path, use);
    case "checkWatches":
      // Up to 3.8 the answer depends on other connections' watches on the same path.
      return use(`node ${path}`, "write");
    case "sync":
      return;
    case "check":
      use(`acl ${path}`, "read");
      return addRead(path, use);
    default:
      return addRead(path, use);
  }
}

/** A session's list of its own changes with what it creates itself, and with what others delete of that. */
function addOwnEphemerals(creates: readonly Operation[] | undefined, use: Use): void {
  if (creates === undefined) return use("tree /", "read");
  for (const create of creates) {
    const path = pathOf(create);
    if (path !== undefined) use(isSequential(create) ? `tree ${parentOf(path)}` : `node ${path}`, "read");
  }
}

function addRead(path: string, use: Use): void {
  use(`node ${path}`, "read");
  use(`names ${parentOf(path)}`, "read");
}

function addChange<Owner extends Watcher>(
  path: string,
  comesOrGoes: boolean,
  use: Use,
  scene: FootprintScene<Owner>,
): void {
  use(`node ${path}`, "write");
  use(`names ${parentOf(path)}`, "read");
  for (const at of upwards(path)) use(`tree ${at}`, "add");
  addEvents(scene.watches.watchers(path, comesOrGoes), use, scene.owner);
}

function addCreate<Owner extends Watcher>(
  operation: Operation,
  path: string,
  use: Use,
  scene: FootprintScene<Owner>,
): void {
  const parent = parentOf(path);
  use(`acl ${parent}`, "read");
  use(`node ${parent}`, "write");
  if (!isSequential(operation)) return addChange(path, true, use, scene);
  // The name is the server's choice: it may collide with any name below the parent.
  use(`names ${parent}`, "write");
  for (const at of upwards(parent)) use(`tree ${at}`, "add");
  addEvents(scene.watches.watchersBelow(parent), use, scene.owner);
}

/** An event that another session gets must fall between the same two of its replies on both sides. */
function addEvents<Owner extends Watcher>(watchers: Iterable<Owner>, use: Use, owner: Owner): void {
  for (const watcher of watchers) if (watcher !== owner) use(`events ${watcher.id}`, "write");
}

const watchLists = ["dataWatches", "existWatches", "childWatches", "persistentWatches"];

function addSetWatches(fields: Operation["fields"], use: Use): void {
  for (const name of watchLists) for (const path of listOf(fields[name])) addRead(path || "/", use);
  for (const path of listOf(fields.persistentRecursiveWatches)) {
    use(`tree ${path || "/"}`, "read");
    addRead(path || "/", use);
  }
}

const listOf = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((path): path is string => typeof path === "string") : [];

/** Which table each vector of setWatches re-registers in; `exist` watches are data watches of missing znodes. */
const setWatchesTables = {
  dataWatches: "data",
  existWatches: "data",
  childWatches: "children",
  persistentWatches: "lasting",
  persistentRecursiveWatches: "lasting",
} as const satisfies Record<string, WatchTable>;

/** The watches that a request may leave behind. */
export function watchesOf(request: Request): readonly { readonly path: string; readonly table: WatchTable }[] {
  const [operation] = request.operations ?? [];
  if (operation === undefined || request.isOurs) return [];
  const { op, fields } = operation;
  if (op === "setWatches" || op === "setWatches2")
    return Object.entries(setWatchesTables).flatMap(([name, table]) =>
      listOf(fields[name]).map((path) => ({ path, table })),
    );
  const path = pathOf(operation);
  if (path === undefined) return [];
  if (op === "addWatch") return [{ path, table: "lasting" }];
  if (fields.watch !== true || request.op === "multiRead") return [];
  return [{ path, table: op === "exists" || op === "getData" ? "data" : "children" }];
}

/** Notes them. `position` counts the connection's requests. */
export function armWatches<Owner extends Watcher>(
  request: Request,
  { owner, watches, position }: { owner: Owner; watches: WatchMap<Owner>; position: number },
): void {
  for (const watch of watchesOf(request)) watches.arm(owner, { ...watch, position });
}
