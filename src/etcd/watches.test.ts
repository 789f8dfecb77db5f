/** Who hears what. Source of every row: zookeeper-semantics sections 8.2 to 8.5. */
import { beforeEach, describe, expect, test } from "vitest";
import { eventTypes, openAcl, watcherTypes } from "../protocol/opcodes.ts";
import { type Watcher, Watches, watchModes } from "./watches.ts";

const names = new Map(Object.entries(eventTypes).map(([name, type]) => [type as number, name]));

/** Remembers what it was told. */
class Ear implements Watcher {
  heard: string[] = [];
  notify(event: { type: number; path: string }): void {
    this.heard.push(`${names.get(event.type)} ${event.path}`);
  }
  take(): string[] {
    const { heard } = this;
    this.heard = [];
    return heard;
  }
}

let ear: Ear;
let watches: Watches;
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** What the tree tells on each transaction, in the tree's order. */
const happen = {
  create(path: string): void {
    watches.created(path, 1, openAcl);
    watches.childrenChanged(parentOf(path), 1, openAcl);
  },
  delete(path: string): void {
    watches.deleted(path, 1, openAcl);
    watches.childrenChanged(parentOf(path), 1, openAcl);
  },
  set(path: string): void {
    watches.dataChanged(path, 1, openAcl);
  },
};

const register = {
  data: (path: string) => watches.data.add(path, ear, watchModes.oneShot),
  child: (path: string) => watches.child.add(path, ear, watchModes.oneShot),
  persistent: (path: string) => watches.addPersistent(path, ear, watchModes.persistent),
  recursive: (path: string) => watches.addPersistent(path, ear, watchModes.recursive),
};
type Registration = keyof typeof register;

describe.each([
  ["3.8", false],
  ["3.9", true],
] as const)("in %s", (_version, modesCoexist) => {
  beforeEach(() => {
    ear = new Ear();
    watches = new Watches(modesCoexist);
  });

  describe("a single watch on /n", () => {
    test.each<[Registration, string[], string[], string[], string[], string[]]>([
      // registered,  create /n,      set /n,             create /n/k,            set /n/k,             delete /n
      ["data", ["created /n"], ["dataChanged /n"], [], [], ["deleted /n"]],
      ["child", [], [], ["childrenChanged /n"], [], ["deleted /n"]],
      ["persistent", ["created /n"], ["dataChanged /n"], ["childrenChanged /n"], [], ["deleted /n"]],
      ["recursive", ["created /n"], ["dataChanged /n"], ["created /n/k"], ["dataChanged /n/k"], ["deleted /n"]],
    ])("by %s", (how, created, set, childCreated, childSet, deleted) => {
      const rows: [() => void, string[]][] = [
        [() => happen.create("/n"), created],
        [() => happen.set("/n"), set],
        [() => happen.create("/n/k"), childCreated],
        [() => happen.set("/n/k"), childSet],
        [() => happen.delete("/n"), deleted],
      ];
      for (const [act, expected] of rows) {
        register[how]("/n");
        act();
        expect(ear.take()).toEqual(expected);
        act();
        expect(ear.take()).toEqual(how === "persistent" || how === "recursive" ? expected : []);
        watches.forget(ear);
        expect(watches.count).toBe(0);
      }
    });
  });

  test("data and child watch on a node and child watch on its parent: one deletion, then the parent's change", () => {
    register.data("/p/n");
    register.child("/p/n");
    register.child("/p");
    happen.delete("/p/n");
    expect(ear.take()).toEqual(["deleted /p/n", "childrenChanged /p"]);
    expect(watches.count).toBe(0);
  });

  test("the root is a parent by its own name", () => {
    register.child("/");
    happen.create("/n");
    expect(ear.take()).toEqual(["childrenChanged /"]);
  });

  test("a recursive watch counts once where it stands in one table, twice where in both", () => {
    register.recursive("/n");
    expect(watches.count).toBe(modesCoexist ? 1 : 2);
  });

  test("a recursive watch on the root hears everything, once", () => {
    register.recursive("/");
    happen.create("/a/b/c");
    happen.delete("/a");
    expect(ear.take()).toEqual(["created /a/b/c", "deleted /a"]);
  });

  test("recursive watches on several ancestors make one event", () => {
    for (const path of ["/", "/a", "/a/b"]) register.recursive(path);
    happen.set("/a/b");
    happen.delete("/a/b/c");
    expect(ear.take()).toEqual(["dataChanged /a/b", "deleted /a/b/c"]);
  });

  test("names that only begin alike are no descendants", () => {
    register.recursive("/a");
    happen.set("/ab");
    expect(ear.take()).toEqual([]);
  });

  test("a recursive watch above, another on the node: both work", () => {
    register.recursive("/p");
    register.persistent("/p/n");
    happen.create("/p/n/k");
    expect(ear.take()).toEqual(["created /p/n/k", "childrenChanged /p/n"]);
  });

  test("registering the same watch again is one watch", () => {
    register.data("/n");
    register.data("/n");
    expect(watches.count).toBe(1);
    happen.set("/n");
    expect(ear.take()).toHaveLength(1);
  });

  test("watches of another connection are its own", () => {
    const other = new Ear();
    watches.data.add("/n", other, watchModes.oneShot);
    register.data("/n");
    watches.forget(ear);
    happen.set("/n");
    expect([ear.take(), other.take()]).toEqual([[], ["dataChanged /n"]]);
  });

  test("one-shot, then persistent, stays", () => {
    register.data("/n");
    register.persistent("/n");
    happen.set("/n");
    happen.set("/n");
    expect(ear.take()).toHaveLength(2);
  });

  test("a watch on the root's alias never fires", () => {
    register.data("");
    register.recursive("");
    happen.set("/");
    happen.create("/x");
    expect(ear.take()).toEqual([]);
  });

  test("a thousand connections that come and go leave nothing behind", () => {
    for (let i = 0; i < 1_000; i++) {
      const one = new Ear();
      watches.data.add(`/n${i}`, one, watchModes.oneShot);
      watches.addPersistent("/shared", one, watchModes.recursive);
      watches.forget(one);
    }
    expect([watches.count, watches.data.pathCount, watches.child.pathCount]).toEqual([0, 0, 0]);
    expect([watches.data.watcherCount, watches.child.watcherCount]).toEqual([0, 0]);
  });
});

/** What a session with these registrations on /n hears of these transactions, one after the other. */
function story(registrations: Registration[]): string[][] {
  for (const how of registrations) register[how]("/n");
  const acts = [
    () => happen.set("/n"),
    () => happen.set("/n"),
    () => happen.create("/n/k"),
    () => happen.set("/n/k"),
    () => happen.delete("/n/k"),
    () => happen.delete("/n"),
  ];
  return acts.map((act) => {
    act();
    return ear.take();
  });
}

const set = "dataChanged /n";
const kids = "childrenChanged /n";
const gone = "deleted /n";
const [kidMade, kidSet, kidGone] = ["created /n/k", "dataChanged /n/k", "deleted /n/k"];

describe("several modes on one path", () => {
  describe("in 3.8, where the last registration wins", () => {
    beforeEach(() => {
      ear = new Ear();
      watches = new Watches(false);
    });
    test.each<[Registration[], string[][]]>([
      [
        ["recursive", "data"],
        [[set], [], [], [], [kidGone], [gone]],
      ],
      [
        ["recursive", "child"],
        [[set], [set], [kidMade, kids], [kidSet], [kidGone], [gone]],
      ],
      [
        ["recursive", "data", "child"],
        [[set], [], [kids], [], [], []],
      ],
      [
        ["persistent", "data"],
        [[set], [], [kids], [], [kids], [gone]],
      ],
      [
        ["persistent", "child"],
        [[set], [set], [kids], [], [], [gone]],
      ],
      [
        ["persistent", "recursive"],
        [[set], [set], [kidMade], [kidSet], [kidGone], [gone]],
      ],
      [
        ["recursive", "persistent"],
        [[set], [set], [kids], [], [kids], [gone]],
      ],
    ])("%j", (registrations, expected) => {
      expect(story(registrations)).toEqual(expected);
    });
  });

  describe("in 3.9, where they live side by side", () => {
    beforeEach(() => {
      ear = new Ear();
      watches = new Watches(true);
    });
    const both = [[set], [set], [kidMade, kids], [kidSet], [kidGone, kids], [gone]];
    test.each<[Registration[], string[][]]>([
      [
        ["recursive", "data"],
        [[set], [set], [kidMade], [kidSet], [kidGone], [gone]],
      ],
      [
        ["recursive", "child"],
        [[set], [set], [kidMade, kids], [kidSet], [kidGone], [gone]],
      ],
      [
        ["persistent", "data"],
        [[set], [set], [kids], [], [kids], [gone]],
      ],
      [
        ["persistent", "child"],
        [[set], [set], [kids], [], [kids], [gone]],
      ],
      [["persistent", "recursive"], both],
      [["recursive", "persistent"], both],
    ])("%j", (registrations, expected) => {
      expect(story(registrations)).toEqual(expected);
    });
  });
});

describe("removeWatches", () => {
  const { children, data, any, persistent, recursive } = watcherTypes;

  test.each<[Registration, number, boolean | undefined, boolean | undefined]>([
    // registered, removed type, 3.8, 3.9
    ["data", data, true, true],
    ["data", children, false, false],
    ["data", any, true, true],
    ["child", children, true, true],
    ["child", data, false, false],
    ["persistent", children, true, false],
    ["persistent", data, true, false],
    ["persistent", any, true, true],
    ["persistent", persistent, undefined, true],
    ["persistent", recursive, undefined, false],
    ["recursive", recursive, undefined, true],
    ["recursive", persistent, undefined, false],
    ["recursive", any, true, true],
    ["data", 0, undefined, undefined],
    ["data", 6, undefined, undefined],
  ])("of %s by type %i answers %s in 3.8, %s in 3.9", (how, type, older, newer) => {
    for (const [modesCoexist, expected] of [
      [false, older],
      [true, newer],
    ] as const) {
      ear = new Ear();
      watches = new Watches(modesCoexist);
      register[how]("/n");
      expect(watches.remove("/n/k", ear, type)).toBe(expected === undefined ? undefined : false);
      expect(watches.remove("/n", new Ear(), type)).toBe(expected === undefined ? undefined : false);
      expect(watches.remove("/n", ear, type)).toBe(expected);
      expect(watches.remove("/n", ear, type)).toBe(expected === undefined ? undefined : false);
    }
  });

  test("takes half of a persistent watch in 3.8", () => {
    ear = new Ear();
    watches = new Watches(false);
    register.persistent("/n");
    watches.remove("/n", ear, children);
    happen.create("/n/k");
    happen.set("/n");
    expect(ear.take()).toEqual([set]);
  });
});

describe("checkWatches", () => {
  const { children, data, any, persistent, recursive } = watcherTypes;

  test("is exact in 3.9: this connection, this path, one-shot for types 1 and 2", () => {
    ear = new Ear();
    watches = new Watches(true);
    register.data("/d");
    register.child("/c");
    register.persistent("/p");
    register.recursive("/r");
    const has = (path: string, who: Watcher = ear) =>
      [children, data, any, persistent, recursive].map((type) => Number(watches.has(path, who, type)));
    expect(has("/d")).toEqual([0, 1, 1, 0, 0]);
    expect(has("/c")).toEqual([1, 0, 1, 0, 0]);
    expect(has("/p")).toEqual([0, 0, 1, 1, 0]);
    expect(has("/r")).toEqual([0, 0, 1, 0, 1]);
    expect(has("/r/k")).toEqual([0, 0, 0, 0, 0]);
    expect(has("/d", new Ear())).toEqual([0, 0, 0, 0, 0]);
    expect(watches.has("/d", ear, 9)).toBeUndefined();
  });

  test("in 3.8 is satisfied by anybody's watch of any mode in the table", () => {
    ear = new Ear();
    watches = new Watches(false);
    register.persistent("/p");
    register.data("/d");
    const other = new Ear();
    expect([children, data, any].map((type) => watches.has("/p", other, type))).toEqual([true, true, true]);
    expect([children, data, any].map((type) => watches.has("/d", other, type))).toEqual([false, true, true]);
    expect([children, data, any].map((type) => watches.has("/p/k", other, type))).toEqual([false, false, false]);
    expect([persistent, recursive].map((type) => watches.has("/p", ear, type))).toEqual([undefined, undefined]);
  });
});
