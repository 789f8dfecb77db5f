/** The operations whose effects the behaviour table shows: what is done first, what is observed, what is done then. */

import type { Reply } from "../../src/protocol/client.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import type { OpName } from "../../src/protocol/opcodes.ts";
import { createFlags, opcodes, permBits } from "../../src/protocol/opcodes.ts";
import type { ACL } from "../../src/protocol/records.ts";
import type { Caller } from "./caller.ts";

/** The znodes of one probe: `node` is below `parent`, `child` below `node`. Only `parent` is there from the start. */
export interface Place {
  readonly parent: string;
  readonly node: string;
  readonly child: string;
}

/** Asks one thing. */
export type Ask = (caller: Caller, place: Place) => Promise<Reply<OpName>>;

/** One operation of the table. `act` is what is observed on `node` and `parent`; `by: "other"` has both steps done by a session of its own. */
export interface Probe {
  readonly operation: string;
  readonly prepare: readonly Ask[];
  readonly act: Ask;
  readonly by?: "other";
}

const openAcl: ACL[] = [{ perms: permBits.all, id: { scheme: "world", id: "anyone" } }];
const otherAcl: ACL[] = [{ perms: permBits.all & ~permBits.admin, id: { scheme: "world", id: "anyone" } }];
const data = Buffer.from("abc");
const longer = Buffer.from("abcde");
/** Far beyond the run's end, ms. */
const ttl = 3_600_000;

type Where = keyof Place;

const create =
  (where: Where, flags: number = createFlags.persistent, value: Buffer | null = data): Ask =>
  (caller, place) =>
    caller.call("create", { path: place[where], data: value, acl: openAcl, flags });
const remove =
  (where: Where, version = -1): Ask =>
  (caller, place) =>
    caller.call("delete", { path: place[where], version });
const set =
  (where: Where, value: Buffer | null = longer, version = -1): Ask =>
  (caller, place) =>
    caller.call("setData", { path: place[where], data: value, version });
const setAcl =
  (where: Where, version = -1): Ask =>
  (caller, place) =>
    caller.call("setACL", { path: place[where], acl: otherAcl, version });

/** One operation of a multi. */
type Inner = (place: Place) => ReturnType<typeof multiOp>;
const inCreate =
  (where: Where, suffix = "", flags: number = createFlags.persistent): Inner =>
  (place) =>
    multiOp(opcodes.create.code, { path: place[where] + suffix, data, acl: openAcl, flags });
const inDelete =
  (where: Where, suffix = ""): Inner =>
  (place) =>
    multiOp(opcodes.delete.code, { path: place[where] + suffix, version: -1 });
const inSet =
  (where: Where): Inner =>
  (place) =>
    multiOp(opcodes.setData.code, { path: place[where], data: longer, version: -1 });
const inCheck =
  (where: Where, version: number): Inner =>
  (place) =>
    multiOp(opcodes.check.code, { path: place[where], version });
const multi =
  (...inner: readonly Inner[]): Ask =>
  (caller, place) =>
    caller.call(
      "multi",
      inner.map((one) => one(place)),
    );

const probe = (operation: string, prepare: readonly Ask[], act: Ask): Probe => ({ operation, prepare, act });
const closing: Ask = (caller) => caller.call("closeSession", {});

/** In the order of the table. */
export const probes: readonly Probe[] = [
  probe("create", [], create("node")),
  probe("create without data", [], create("node", createFlags.persistent, null)),
  probe("create beside a sibling", [(c, p) => create("node")(c, { ...p, node: `${p.node}0` })], create("node")),
  probe("create again after delete", [create("node"), remove("node")], create("node")),
  probe("create2", [], (caller, { node }) =>
    caller.call("create2", { path: node, data, acl: openAcl, flags: createFlags.persistent }),
  ),
  probe("create sequential", [], create("node", createFlags.persistentSequential)),
  probe("create ephemeral", [], create("node", createFlags.ephemeral)),
  probe("create ephemeral sequential", [], create("node", createFlags.ephemeralSequential)),
  probe("createContainer", [], (caller, { node }) =>
    caller.call("createContainer", { path: node, data, acl: openAcl, flags: createFlags.container }),
  ),
  probe("createTTL", [], (caller, { node }) =>
    caller.call("createTTL", { path: node, data, acl: openAcl, flags: createFlags.persistentTTL, ttl }),
  ),
  probe("createTTL sequential", [], (caller, { node }) =>
    caller.call("createTTL", { path: node, data, acl: openAcl, flags: createFlags.persistentSequentialTTL, ttl }),
  ),
  probe("delete", [create("node")], remove("node")),
  probe("delete at a version", [create("node"), set("node")], remove("node", 1)),
  probe("delete beside a sibling", [create("node"), create("node", createFlags.persistentSequential)], remove("node")),
  probe("delete ephemeral", [create("node", createFlags.ephemeral)], remove("node")),
  { ...probe("closeSession removes ephemeral", [create("node", createFlags.ephemeral)], closing), by: "other" },
  probe("setData", [create("node")], set("node")),
  probe("setData at a version", [create("node")], set("node", longer, 0)),
  probe("setData of the same data", [create("node")], set("node", data)),
  probe("setData to nothing", [create("node")], set("node", null)),
  probe("setData on a znode with children", [create("node"), create("child")], set("node")),
  probe("setData on ephemeral", [create("node", createFlags.ephemeral)], set("node")),
  probe("setACL", [create("node")], setAcl("node")),
  probe("setACL at a version", [create("node")], setAcl("node", 0)),
  probe("create child", [create("node")], create("child")),
  probe("delete child", [create("node"), create("child")], remove("child")),
  probe("setData on child", [create("node"), create("child")], set("child")),
  probe("setACL on child", [create("node"), create("child")], setAcl("child")),
  probe("getData", [create("node")], (caller, { node }) => caller.call("getData", { path: node, watch: false })),
  probe("getChildren2", [create("node")], (caller, { node }) =>
    caller.call("getChildren2", { path: node, watch: false }),
  ),
  probe("sync", [create("node")], (caller, { node }) => caller.call("sync", { path: node })),
  probe("multi: create", [], multi(inCreate("node"))),
  probe("multi: create two siblings", [], multi(inCreate("node"), inCreate("node", "0"))),
  probe("multi: create with its child", [], multi(inCreate("node"), inCreate("child"))),
  probe("multi: create, setData", [], multi(inCreate("node"), inSet("node"))),
  probe("multi: create, delete", [], multi(inCreate("node"), inDelete("node"))),
  probe("multi: delete, create", [create("node")], multi(inDelete("node"), inCreate("node"))),
  probe("multi: setData twice", [create("node")], multi(inSet("node"), inSet("node"))),
  probe("multi: check", [create("node")], multi(inCheck("node", 0))),
  probe("multi: fails at its start", [create("node")], multi(inCheck("node", 7), inSet("node"), inCreate("child"))),
  probe("multi: fails at its end", [create("node")], multi(inSet("node"), inCreate("child"), inCheck("node", 7))),
  probe("create of what is there", [create("node")], create("node")),
  probe("create without a parent", [], create("child")),
  probe("create below ephemeral", [create("node", createFlags.ephemeral)], create("child")),
  probe("delete of nothing", [], remove("node")),
  probe("delete of a parent", [create("node"), create("child")], remove("node")),
  probe("delete at a wrong version", [create("node")], remove("node", 7)),
  probe("setData of nothing", [], set("node")),
  probe("setData at a wrong version", [create("node")], set("node", longer, 7)),
  probe("setACL at a wrong version", [create("node")], setAcl("node", 7)),
];
