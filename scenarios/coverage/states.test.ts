import { describe, expect, test } from "vitest";
import type { RequestStep } from "../encode.ts";
import type { Action } from "../format.ts";
import type { Cell } from "./cells.ts";
import { CaseStates } from "./states.ts";

const codes = {
  OK: 0,
  NONODE: -101,
  BADVERSION: -103,
  NODEEXISTS: -110,
  AUTHFAILED: -115,
  undone: 0,
  RUNTIME: -2,
} as const;
type Code = keyof typeof codes;

/** A case that has begun: its root stands. `tell` answers the cell of a reply. */
function begun() {
  const cells: Cell[] = [];
  const states = new CaseStates("/x/r", (cell) => cells.push(cell));
  const pathOf = (path: unknown) =>
    typeof path === "string" ? `/x/r${path}` : path === null ? null : (path as { exact: string }).exact;
  const tell = (
    by: string,
    action: Exclude<Action, { op: "drop" | "reconnect" | "expire" | "raw" }>,
    err: Code = "OK",
    body?: unknown,
  ) => {
    states.reply({ by, ...action } as RequestStep, { err: codes[err], body }, pathOf);
    return cells.at(-1);
  };
  tell("a", { op: "create", path: "" });
  return { states, tell, cells };
}

describe("the state of the znode", () => {
  test("missing, and without a parent", () => {
    const { tell } = begun();
    expect(tell("a", { op: "exists", path: "/n" }, "NONODE")?.node).toBe("missing");
    expect(tell("a", { op: "exists", path: "/n/m" }, "NONODE")?.node).toBe("orphan");
    expect(tell("a", { op: "exists", path: null }, "NONODE")?.node).toBe("outside");
    expect(tell("a", { op: "exists", path: { exact: "/zookeeper" } })?.node).toBe("outside");
  });

  test("by the way it was made, and a parent before all else", () => {
    const { tell } = begun();
    const look = (path: string) => tell("a", { op: "getData", path })?.node;
    tell("a", { op: "create", path: "/p" });
    tell("a", { op: "createContainer", path: "/c" });
    tell("a", { op: "createTTL", path: "/t", flags: "ttl", ttl: 1 });
    tell("a", { op: "create", path: "/e", flags: "ephemeral" });
    tell("b", { op: "create", path: "/o", flags: "ephemeral" });
    expect(["/p", "/c", "/t", "/e", "/o"].map(look)).toEqual([
      "persistent",
      "container",
      "ttl",
      "ephemeral-own",
      "ephemeral-other",
    ]);
    tell("a", { op: "create", path: "/c/x" });
    expect(look("/c")).toBe("parent");
    tell("a", { op: "delete", path: "/c/x" });
    expect(look("/c")).toBe("container");
  });

  test("made again", () => {
    const { tell } = begun();
    tell("a", { op: "create", path: "/n" });
    tell("a", { op: "delete", path: "/n" });
    tell("a", { op: "create", path: "/n" });
    expect(tell("a", { op: "setData", path: "/n" })?.node).toBe("again");
  });

  test("a completed name is known from the reply", () => {
    const { tell } = begun();
    const made = tell("a", { op: "create", path: "/s", flags: "sequential" }, "OK", { path: "/x/r/s0000000000" });
    expect(made).toMatchObject({ node: "missing", variant: "sequential" });
    expect(tell("a", { op: "getData", path: "/s0000000000" })?.node).toBe("persistent");
  });

  test("a refused write changes nothing", () => {
    const { tell } = begun();
    tell("a", { op: "create", path: "/n" });
    tell("a", { op: "delete", path: "/n", version: 7 }, "BADVERSION");
    expect(tell("a", { op: "create", path: "/n" }, "NODEEXISTS")?.node).toBe("persistent");
  });
});

describe("a multi", () => {
  const ok = (type: number, body = {}) => ({ header: { type, done: false, err: 0 }, body });
  const failed = (err: number) => ({ header: { type: -1, done: false, err }, body: { err } });
  const ops = [
    { op: "create", path: "/n" },
    { op: "setData", path: "/n" },
    { op: "delete", path: "/n", version: 9 },
  ] as const;

  test("is a step for each of its operations", () => {
    const { tell, cells } = begun();
    tell("a", { op: "multi", ops }, "OK", [ok(1), ok(5), ok(2)]);
    expect(cells.slice(1).map(({ op, result, node }) => `${op} ${result} ${node}`)).toEqual([
      ...["multi OK outside", "multi/create OK missing", "multi/setData OK persistent", "multi/delete OK persistent"],
    ]);
    expect(tell("a", { op: "exists", path: "/n" }, "NONODE")?.node).toBe("missing");
  });

  test("that fails leaves nothing and has its failure's code", () => {
    const { tell, cells } = begun();
    tell("a", { op: "multi", ops: [...ops, ops[1]] }, "OK", [failed(0), failed(0), failed(-103), failed(-2)]);
    expect(cells.slice(1).map(({ op, result }) => `${op} ${result}`)).toEqual([
      ...["multi BADVERSION", "multi/create undone", "multi/setData undone", "multi/delete BADVERSION"],
      "multi/setData RUNTIMEINCONSISTENCY",
    ]);
    expect(tell("a", { op: "exists", path: "/n" }, "NONODE")?.node).toBe("missing");
  });
});

describe("the state of watches", () => {
  test("one's own before others', the strongest first", () => {
    const { tell } = begun();
    tell("a", { op: "create", path: "/n" });
    const look = (by: string) => tell(by, { op: "getACL", path: "/n" })?.watch;
    expect(look("a")).toBe("none");
    tell("a", { op: "getChildren", path: "/n", watch: true });
    expect([look("a"), look("b")]).toEqual(["children", "others"]);
    tell("a", { op: "getData", path: "/n", watch: true });
    expect(look("a")).toBe("data");
    tell("a", { op: "addWatch", path: "/n", mode: "persistent" });
    expect(look("a")).toBe("persistent");
    tell("a", { op: "addWatch", path: "", mode: "recursive" });
    expect(look("a")).toBe("recursive");
    tell("a", { op: "removeWatches", path: "", type: "any" });
    tell("a", { op: "removeWatches", path: "/n", type: "any" });
    expect(look("a")).toBe("none");
  });

  test("a one-shot watch is gone when it has told", () => {
    const { tell } = begun();
    tell("a", { op: "exists", path: "/n", watch: true }, "NONODE");
    expect(tell("b", { op: "create", path: "/n" })?.watch).toBe("others");
    expect(tell("b", { op: "setData", path: "/n" })?.watch).toBe("none");
  });

  test("a new child is what its parent's watches are for", () => {
    const { tell } = begun();
    tell("a", { op: "getChildren", path: "", watch: true });
    expect(tell("a", { op: "create", path: "/n" })?.watch).toBe("children");
    expect(tell("a", { op: "create", path: "/m" })?.watch).toBe("none");
  });

  test("those of a lost connection are lost", () => {
    const { tell, states } = begun();
    tell("a", { op: "getData", path: "", watch: true });
    states.fault({ by: "a", op: "drop" });
    expect(tell("a", { op: "getData", path: "" })?.watch).toBe("none");
  });
});

describe("the state of the session", () => {
  const look = (tell: ReturnType<typeof begun>["tell"], by = "a") => tell(by, { op: "ping" })?.session;

  test("resumed after a drop, and without the identity it had", () => {
    const { tell, states } = begun();
    expect(look(tell)).toBe("fresh");
    tell("a", { op: "auth", scheme: "digest", auth: "u:p" });
    expect(look(tell)).toBe("authenticated");
    states.fault({ by: "a", op: "drop" });
    expect(look(tell)).toBe("resumed");
    expect(look(tell, "b")).toBe("fresh");
  });

  test("holds ephemerals until they are deleted", () => {
    const { tell } = begun();
    tell("a", { op: "create", path: "/e", flags: "ephemeral" });
    expect(look(tell)).toBe("holding");
    tell("b", { op: "delete", path: "/e" });
    expect(look(tell)).toBe("fresh");
  });

  test("a new one under the same label leaves its ephemerals to another; a closed one takes them along", () => {
    const { tell, states } = begun();
    tell("a", { op: "create", path: "/e", flags: "ephemeral" });
    states.fault({ by: "a", op: "reconnect", as: "new" });
    expect(tell("a", { op: "getData", path: "/e" })).toMatchObject({ node: "ephemeral-other", session: "fresh" });
    tell("b", { op: "create", path: "/f", flags: "ephemeral" });
    expect(tell("b", { op: "closeSession" })?.session).toBe("holding");
    expect(tell("b", { op: "exists", path: "/f" }, "NONODE")).toMatchObject({ node: "missing", session: "fresh" });
  });
});
