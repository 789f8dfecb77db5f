import { expect, test } from "vitest";
import { Writer } from "../../src/jute/buffers.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import { eventTypes, type OpName, type RequestOf } from "../../src/protocol/opcodes.ts";
import { armWatches, footprint, slowToShow } from "./footprint.ts";
import { type Mode, Ordering } from "./ordering.ts";
import { isOutOfLine, type Operation, parseRequest } from "./request.ts";
import { WatchMap } from "./watch-map.ts";

interface Owner {
  readonly id: number;
}
const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const request = <Op extends OpName>(op: Op, body: RequestOf<Op>) =>
  parseRequest(Buffer.from(encodeRequest(new Writer(), 1, op, body)));
const create = (path: string, flags = 0) => request("create", { path, data: null, acl, flags });
const get = (path: string, watch = false) => request("getData", { path, watch });

/** Whether two sessions' requests must wait for each other. */
function conflict(
  first: ReturnType<typeof request>,
  second: ReturnType<typeof request>,
  how: { armed?: ReturnType<typeof request>; ephemeralCreates?: readonly Operation[] | undefined } = {},
): boolean {
  const watches = new WatchMap<Owner>();
  const [x, y] = [{ id: 1 }, { id: 2 }];
  if (how.armed !== undefined) armWatches(how.armed, { owner: y, watches, position: 0 });
  const order = new Ordering();
  const started: number[] = [];
  for (const [owner, one] of [
    [x, first],
    [y, second],
  ] as const)
    order.enter({
      owner,
      needs: footprint(one, { owner, watches, ephemeralCreates: [], ...how }),
      start: () => started.push(owner.id),
    });
  return started.length === 1;
}

test.each<[string, boolean, ReturnType<typeof request>, ReturnType<typeof request>]>([
  ["two reads", false, get("/a"), get("/a")],
  ["read and write of one znode", true, get("/a"), request("setData", { path: "/a", data: null, version: -1 })],
  [
    "writes of neighbours",
    false,
    request("setData", { path: "/a", data: null, version: -1 }),
    request("setData", { path: "/b", data: null, version: -1 }),
  ],
  ["creates below one parent", true, create("/p/a"), create("/p/b")],
  ["creates below different parents", false, create("/p/a"), create("/q/a")],
  ["create and reading the parent", true, create("/p/a"), get("/p")],
  ["create and reading the grandparent", false, create("/p/q/a"), get("/p")],
  [
    "setData of a child and reading the parent",
    false,
    request("setData", { path: "/p/a", data: null, version: -1 }),
    get("/p"),
  ],
  ["sequential create and reading any name beside it", true, create("/p/n-", 2), get("/p/n-0000000003")],
  ["plain create and reading another name", false, create("/p/a"), get("/p/b")],
  [
    "counting a tree and a change deep inside",
    true,
    request("getAllChildrenNumber", { path: "/p" }),
    create("/p/q/r/s"),
  ],
  [
    "counting the tree that a sequential create may be about to make",
    true,
    request("getAllChildrenNumber", { path: "/p/n-0000000003" }),
    create("/p/n-", 2),
  ],
  ["counting a tree and a change outside", false, request("getAllChildrenNumber", { path: "/p" }), create("/q/s")],
  [
    "arming a recursive watch and a change inside",
    true,
    request("addWatch", { path: "/p", mode: 1 }),
    request("setData", { path: "/p/q/r", data: null, version: -1 }),
  ],
  ["setACL and reading", true, request("setACL", { path: "/a", acl, version: -1 }), get("/a")],
  ["setACL of a parent and a create below", true, request("setACL", { path: "/p", acl, version: -1 }), create("/p/a")],
  [
    "a multi is the union of its parts",
    true,
    request("multi", [multiOp(1, { path: "/x", data: null, acl, flags: 0 }), multiOp(13, { path: "/a", version: 1 })]),
    request("delete", { path: "/a", version: -1 }),
  ],
  ["the root by its two names", true, get(""), create("/a")],
  ["what a quota counts and a create in its tree", true, get("/zookeeper/quota/b/zookeeper_stats"), create("/b/c/d")],
  [
    "what a quota counts and a create beside its tree",
    false,
    get("/zookeeper/quota/a/zookeeper_stats"),
    create("/b/c"),
  ],
  ["the root's quota and any create", true, get("/zookeeper/quota/zookeeper_stats"), create("/b/c")],
  [
    "a limit and a change of what it is for",
    true,
    create("/zookeeper/quota/b/zookeeper_limits"),
    request("setData", { path: "/b", data: null, version: -1 }),
  ],
  ["room for a quota and a change of what it is for", false, create("/zookeeper/quota/b"), create("/b/c")],
  [
    "setWatches and a change of a listed znode",
    true,
    request("setWatches", { relativeZxid: 1, dataWatches: ["/a"], existWatches: [], childWatches: [] }),
    request("setData", { path: "/a", data: null, version: -1 }),
  ],
  [
    // Up to 3.8 checkWatches also tells of other connections' watches.
    "setWatches2 with a recursive watch and another session's checkWatches",
    true,
    request("setWatches2", {
      ...{ relativeZxid: 1, dataWatches: [], existWatches: [], childWatches: [] },
      ...{ persistentWatches: [], persistentRecursiveWatches: ["/a"] },
    }),
    request("checkWatches", { path: "/a", type: 3 }),
  ],
  ["ping and a write", false, request("ping", {}), create("/a")],
  ["auth and a write", false, request("auth", { type: 0, scheme: "digest", auth: null }), create("/a")],
])("%s: conflict %s", (_name, expected, first, second) => {
  expect(conflict(first, second)).toBe(expected);
  expect(conflict(second, first)).toBe(expected);
});

test("a write that may fire another session's watch waits for that session's requests", () => {
  const write = request("setData", { path: "/a", data: null, version: -1 });
  expect(conflict(write, get("/elsewhere"))).toBe(false);
  expect(conflict(write, get("/elsewhere"), { armed: get("/a", true) })).toBe(true);
  expect(
    conflict(create("/p/new"), get("/elsewhere"), { armed: request("getChildren", { path: "/p", watch: true }) }),
  ).toBe(true);
  expect(
    conflict(create("/p/n-", 3), get("/elsewhere"), {
      armed: request("exists", { path: "/p/n-0000000000", watch: true }),
    }),
  ).toBe(true);
  expect(conflict(create("/p/q/r"), get("/elsewhere"), { armed: request("addWatch", { path: "/p", mode: 1 }) })).toBe(
    true,
  );
});

test("a new identity waits for its own session's requests, whose events it might let through, and nothing waits for it", () => {
  const watches = new WatchMap<Owner>();
  const owner = { id: 1 };
  const order = new Ordering();
  const started: string[] = [];
  const enter = (one: ReturnType<typeof request>) => {
    const needs = footprint(one, { owner, watches, ephemeralCreates: [] });
    const ticket = { owner, needs, isAhead: isOutOfLine(one), start: () => started.push(one.op ?? "") };
    order.enter(ticket);
    return ticket;
  };
  const first = enter(create("/a"));
  enter(request("auth", { type: 0, scheme: "digest", auth: null }));
  expect(started).toEqual(["create"]);
  order.leave(first);
  enter(get("/a"));
  expect(started).toEqual(["create", "auth", "getData"]);
});

test("behind a setACL only what is validated by the list waits for its answer", () => {
  const watches = new WatchMap<Owner>();
  const owner = { id: 1 };
  const startedBehind = (second: ReturnType<typeof request>): boolean => {
    const order = new Ordering();
    let started = 0;
    for (const one of [request("setACL", { path: "/p", acl, version: -1 }), second]) {
      const needs = footprint(one, { owner, watches, ephemeralCreates: [] });
      order.enter({ owner, needs, slow: slowToShow(one, needs), start: () => void started++ });
    }
    return started === 2;
  };
  expect(startedBehind(get("/p"))).toBe(true);
  expect(startedBehind(request("getACL", { path: "/p" }))).toBe(true);
  expect(startedBehind(create("/q"))).toBe(true);
  expect(startedBehind(create("/p/a"))).toBe(false);
  expect(startedBehind(request("delete", { path: "/p/a", version: -1 }))).toBe(false);
  expect(startedBehind(request("setData", { path: "/p", data: null, version: -1 }))).toBe(false);
  expect(startedBehind(request("setACL", { path: "/p", acl, version: -1 }))).toBe(false);
});

test("closing a session waits for those who could see its ephemerals go", () => {
  const close = request("closeSession", {});
  expect(conflict(close, get("/a"))).toBe(false);
  expect(conflict(close, get("/a"), { ephemeralCreates: undefined })).toBe(true);
  const closing = (second: ReturnType<typeof request>, armed?: ReturnType<typeof request>) =>
    conflict(close, second, {
      ephemeralCreates: [...(create("/p/e", 1).operations ?? []), ...(create("/q/n-", 3).operations ?? [])],
      ...(armed === undefined ? {} : { armed }),
    });
  expect(closing(get("/p/e"))).toBe(true);
  expect(closing(get("/p"))).toBe(true);
  expect(closing(get("/q/n-0000000007"))).toBe(true);
  expect(closing(request("getAllChildrenNumber", { path: "/" }))).toBe(true);
  expect(closing(get("/p/f"))).toBe(false);
  expect(closing(get("/elsewhere"))).toBe(false);
  expect(closing(get("/elsewhere"), get("/p/e", true))).toBe(true);
  expect(closing(get("/elsewhere"), get("/q/n-0000000007", true))).toBe(true);
});

test("a session's list of its own waits for whoever may touch what it created, and for all where nobody knows what that is", () => {
  const list = request("getEphemerals", { prefixPath: "/" });
  const remove = (path: string) => request("delete", { path, version: -1 });
  expect(conflict(list, create("/a/b"))).toBe(false);
  expect(conflict(list, create("/a/b"), { ephemeralCreates: undefined })).toBe(true);
  const ephemeralCreates = [...(create("/p/e", 1).operations ?? []), ...(create("/q/n-", 3).operations ?? [])];
  const listing = (second: ReturnType<typeof request>) => conflict(list, second, { ephemeralCreates });
  expect(listing(remove("/p/e"))).toBe(true);
  expect(listing(create("/p/e"))).toBe(true);
  expect(listing(remove("/q/n-0000000007"))).toBe(true);
  expect(listing(remove("/p/f"))).toBe(false);
  expect(listing(get("/q/n-0000000007"))).toBe(false);
});

test("what cannot be decoded waits for everything, an unknown opcode for nobody else", () => {
  expect(conflict(parseRequest(Buffer.from("0000000100000001", "hex")), get("/a"))).toBe(true);
  expect(conflict(parseRequest(Buffer.from("0000000100000063", "hex")), get("/a"))).toBe(false);
});

test("a fired watch is forgotten only if no later request set it again", () => {
  const watches = new WatchMap<Owner>();
  const owner = { id: 1 };
  const event = { type: eventTypes.dataChanged, state: 3, path: "/a" };
  const watchers = () => [...watches.watchers("/a", false)];
  armWatches(get("/a", true), { owner, watches, position: 0 });
  armWatches(get("/a", true), { owner, watches, position: 3 });
  watches.fired(owner, event, 2);
  expect(watchers()).toEqual([owner]);
  watches.fired(owner, event, 4);
  expect(watchers()).toEqual([]);
});

test("a data event leaves the child watch, a deletion takes both, the end of the connection all", () => {
  const watches = new WatchMap<Owner>();
  const owner = { id: 1 };
  const fire = (type: number) => watches.fired(owner, { type, state: 3, path: "/a" }, 9);
  for (const [position, op] of (["getData", "getChildren"] as const).entries())
    armWatches(request(op, { path: "/a", watch: true }), { owner, watches, position });
  fire(eventTypes.dataChanged);
  expect([...watches.watchers("/a", true)]).toEqual([owner]);
  fire(eventTypes.deleted);
  expect([...watches.watchers("/a", true)]).toEqual([]);
  expect([...watches.watchersBelow("/")]).toEqual([]);
  armWatches(request("addWatch", { path: "/a", mode: 0 }), { owner, watches, position: 3 });
  fire(eventTypes.deleted);
  expect([...watches.watchers("/a", true)]).toEqual([owner]);
  watches.drop(owner);
  expect([...watches.watchers("/a", true)]).toEqual([]);
});

test("modes of one resource in one request add up to the strongest", () => {
  const needs = footprint(
    request("multi", [multiOp(13, { path: "/a", version: 1 }), multiOp(2, { path: "/a", version: -1 })]),
    {
      owner: { id: 1 },
      watches: new WatchMap<Owner>(),
      ephemeralCreates: [],
    },
  );
  expect(needs.get("node /a")).toBe<Mode>("write");
});
