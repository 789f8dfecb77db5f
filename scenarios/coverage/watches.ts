/** What each kind of watch is told of each operation, on its own znode and on a child of it, and which case of the corpus shows it.
 *  Source: DataTree, WatchManager.triggerWatch (3.8, 3.9). */
import type { eventTypes } from "../../src/protocol/opcodes.ts";

/** An event by the name that the protocol table has for it, silence, or a meeting that cannot be: the watch needs the znode that the operation makes. */
export type Told = keyof typeof eventTypes | "nothing" | "cannot meet";

/** How a watch is left. */
export type WatchKind = "getData" | "exists" | "getChildren" | "getChildren2" | "persistent" | "recursive";

/** What may change or touch a znode. A multi tells what its operations tell and is shown with several. */
export type Touch =
  | "create"
  | "create2"
  | "createContainer"
  | "createTTL"
  | "delete"
  | "setData"
  | "setACL"
  | "check"
  | "multi"
  | "closeSession"
  | "expire";

/** What is told when the znode itself is touched, and when a child is. */
export type Meeting = readonly [itself: Told, child: Told];

const creating: Readonly<Record<WatchKind, Meeting>> = {
  getData: ["cannot meet", "nothing"],
  exists: ["created", "nothing"],
  getChildren: ["cannot meet", "childrenChanged"],
  getChildren2: ["cannot meet", "childrenChanged"],
  persistent: ["created", "childrenChanged"],
  recursive: ["created", "created"],
};
const deleting: Readonly<Record<WatchKind, Meeting>> = {
  getData: ["deleted", "nothing"],
  exists: ["deleted", "nothing"],
  getChildren: ["deleted", "childrenChanged"],
  getChildren2: ["deleted", "childrenChanged"],
  persistent: ["deleted", "childrenChanged"],
  recursive: ["deleted", "deleted"],
};
const setting: Readonly<Record<WatchKind, Meeting>> = {
  getData: ["dataChanged", "nothing"],
  exists: ["dataChanged", "nothing"],
  getChildren: ["nothing", "nothing"],
  getChildren2: ["nothing", "nothing"],
  persistent: ["dataChanged", "nothing"],
  recursive: ["dataChanged", "dataChanged"],
};
const looking: Readonly<Record<WatchKind, Meeting>> = {
  getData: ["nothing", "nothing"],
  exists: ["nothing", "nothing"],
  getChildren: ["nothing", "nothing"],
  getChildren2: ["nothing", "nothing"],
  persistent: ["nothing", "nothing"],
  recursive: ["nothing", "nothing"],
};

/** The rule of every pair. A multi has none of its own. */
export const told: Readonly<Record<Exclude<Touch, "multi">, Readonly<Record<WatchKind, Meeting>>>> = {
  ...{ create: creating, create2: creating, createContainer: creating, createTTL: creating },
  ...{ delete: deleting, closeSession: deleting, expire: deleting, setData: setting, setACL: looking, check: looking },
};

const ownCases: Readonly<Record<WatchKind, string>> = {
  getData: "watch/getdata-meets-every-change",
  exists: "watch/exists-meets-every-change",
  getChildren: "watch/getchildren-meets-every-change",
  getChildren2: "watch/getchildren2-meets-every-change",
  persistent: "watch/persistent-meets-every-change",
  recursive: "watch/recursive-meets-every-change",
};
const everyKind = (name: string): Readonly<Record<WatchKind, string>> => ({
  ...{ getData: name, exists: name, getChildren: name, getChildren2: name, persistent: name, recursive: name },
});
const creationCases: Readonly<Record<WatchKind, string>> = {
  getData: "watch/getdata-and-every-kind-of-child",
  exists: "watch/exists-meets-every-kind-of-creation",
  getChildren: "watch/children-meet-every-kind-of-creation",
  getChildren2: "watch/children-meet-every-kind-of-creation",
  persistent: "watch/persistent-meets-every-kind-of-creation",
  recursive: "watch/recursive-meets-every-kind-of-creation",
};

/** The case that shows a pair. */
export const shownBy: Readonly<Record<Touch, Readonly<Record<WatchKind, string>>>> = {
  ...{ create: creationCases, create2: creationCases, createContainer: creationCases, createTTL: creationCases },
  ...{ delete: ownCases, setData: ownCases, setACL: ownCases },
  check: { ...everyKind("watch/a-check-tells-nobody") },
  multi: {
    ...everyKind("watch/a-multi-for-one-shot-watches"),
    persistent: "watch/a-multi-for-persistent-watches",
    recursive: "watch/a-multi-for-recursive-watches",
  },
  closeSession: everyKind("watch/a-close-meets-every-kind"),
  expire: everyKind("watch/an-expiry-meets-every-kind"),
};
