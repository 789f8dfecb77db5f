/** Order of checks and outcomes of writes. Source: zookeeper-semantics section 4; each row names what it shows. */
import { beforeEach, describe, expect, test } from "vitest";
import { errorCodes } from "../protocol/error-codes.ts";
import { openAcl } from "../protocol/opcodes.ts";
import type { Identity } from "./acl.ts";
import { type Change, type ZnodeKind, znodeKinds } from "./changes.ts";
import { Draft } from "./draft.ts";
import {
  type CreateDemand,
  prepareCheck,
  prepareCreate,
  prepareDelete,
  prepareSetAcl,
  prepareSetData,
  sequenceSuffix,
  type WriteContext,
} from "./prepare.ts";
import { Tree } from "./tree.ts";

const codes = new Map(Object.entries(errorCodes).map(([name, code]) => [code as number, name]));
const named = (outcome: { ok: true } | { ok: false; code: number }): string | undefined =>
  outcome.ok ? "OK" : codes.get(outcome.code);

let draft: Draft;
let context: WriteContext;

function add(path: string, options: { acl?: typeof openAcl; kind?: ZnodeKind } = {}): void {
  const parent = draft.get(path.slice(0, path.lastIndexOf("/")));
  const { acl = openAcl, kind = znodeKinds.persistent } = options;
  const owner = kind === znodeKinds.ephemeral ? 9 : 0;
  const creates = (parent?.creates ?? 0) + 1;
  draft.apply({ is: "create", path, data: null, acl, kind, owner, ttlMs: 0, creates }, { zxid: 1, timeMs: 1 });
}

const only = (perms: number) => [{ perms, id: { scheme: "world", id: "anyone" } }];
const mine: Identity = { scheme: "digest", id: "me:h" };

beforeEach(() => {
  draft = new Draft(new Tree());
  context = { draft, session: 9, identities: [mine], policy: { superDigest: null, ipv6: true }, extendedTypes: false };
  add("/a");
  add("/a/child");
  add("/eph", { kind: znodeKinds.ephemeral });
  for (const perms of [0, 1, 2, 4, 8, 16]) add(`/p${perms}`, { acl: only(perms) });
});

const createAs =
  (kindOf: CreateDemand["kindOf"]) =>
  (path: string | null, over: { flags?: number; acl?: typeof openAcl | null; ttlMs?: number } = {}) => {
    const request = {
      path,
      data: null,
      acl: over.acl === undefined ? [...openAcl] : (over.acl as never),
      flags: over.flags ?? 0,
    };
    return prepareCreate({ request, kindOf, ...(over.ttlMs === undefined ? {} : { ttlMs: over.ttlMs }) }, context);
  };
const create = createAs("opcode");
const badAcl = [{ perms: 31, id: { scheme: "foo", id: "" } }];
const nullId = [{ perms: 31, id: { scheme: "world", id: null } }];

describe("create answers the first check that fails", () => {
  test.each<[string, string, () => ReturnType<typeof create>]>([
    ["MARSHALLINGERROR", "null path", () => create(null)],
    ["BADARGUMENTS", "flags 7, before everything", () => create("nope", { flags: 7, acl: [] })],
    ["BADARGUMENTS", "flags -1", () => create("/n", { flags: -1 })],
    ["UNIMPLEMENTED", "TTL flags while not allowed, also with a bad path", () => create("nope", { flags: 5 })],
    ["BADARGUMENTS", "no slash, before a bad ACL", () => create("a", { acl: badAcl })],
    ["BADARGUMENTS", "empty path", () => create("")],
    ["BADARGUMENTS", "U+0000", () => create("/\0", { acl: badAcl })],
    ["INVALIDACL", "bad ACL, before a missing parent", () => create("/nope/x", { acl: badAcl })],
    ["INVALIDACL", "empty ACL on an existing node", () => create("/a", { acl: [] })],
    ["INVALIDACL", "null ACL", () => create("/n", { acl: null })],
    ["MARSHALLINGERROR", "null id of world", () => create("/n", { acl: nullId as never })],
    ["NONODE", "missing parent, before a bad path", () => create("/nope/")],
    ["NONODE", "missing parent, before a bad component", () => create("/nope//x")],
    ["NOAUTH", "no CREATE, before a bad path", () => create("/p1/")],
    ["NOAUTH", "CREATE is the only permission that counts", () => create("/p8/x")],
    ["BADARGUMENTS", "trailing slash below an existing node", () => create("/a/")],
    ["BADARGUMENTS", "two slashes: the parent is the root", () => create("//")],
    ["BADARGUMENTS", "a bad path below an ephemeral", () => create("/eph/.")],
    ["NODEEXISTS", "existing node", () => create("/a")],
    ["NODEEXISTS", "the root", () => create("/")],
    ["NOCHILDRENFOREPHEMERALS", "ephemeral parent", () => create("/eph/x")],
    ["OK", "with CREATE alone", () => create("/p4/x")],
    ["OK", "in /zookeeper", () => create("/zookeeper/x")],
    ["NOAUTH", "below /zookeeper/config", () => create("/zookeeper/config/x")],
  ])("%s: %s", (code, _, attempt) => {
    expect(named(attempt())).toBe(code);
  });
});

const kindNamed = (outcome: ReturnType<typeof create>): string | undefined => {
  if (!outcome.ok || outcome.body.is !== "create") return undefined;
  const { kind } = outcome.body;
  return Object.entries(znodeKinds).find(([, value]) => value === kind)?.[0];
};

describe("the kind of a new znode", () => {
  test.each<[CreateDemand["kindOf"], number, string]>([
    ["opcode", 0, "persistent"],
    ["opcode", 1, "ephemeral"],
    ["opcode", 2, "persistent"],
    ["opcode", 3, "ephemeral"],
    ["opcode", 4, "persistent"],
    ["container", 0, "container"],
    ["container", 1, "container"],
    ["container", 3, "container"],
    ["container", 4, "container"],
    ["flags", 4, "container"],
    ["flags", 1, "ephemeral"],
    ["flags", 0, "persistent"],
  ])("by %s with flags %i: %s", (kindOf, flags, kind) => {
    expect(kindNamed(createAs(kindOf)("/n", { flags }))).toBe(kind);
  });

  test("ephemeral is owned by the session, all others by nobody", () => {
    expect(create("/n", { flags: 1 })).toMatchObject({ body: { owner: 9 } });
    expect(createAs("container")("/n", { flags: 1 })).toMatchObject({ body: { owner: 0 } });
  });
});

describe("TTL", () => {
  beforeEach(() => {
    context = { ...context, extendedTypes: true };
  });
  test.each<[string, CreateDemand["kindOf"], number, number | undefined]>([
    ["OK", "opcode", 5, 1],
    ["OK", "opcode", 6, 2 ** 40 - 1],
    ["BADARGUMENTS", "opcode", 5, 0],
    ["BADARGUMENTS", "opcode", 5, -1],
    ["BADARGUMENTS", "opcode", 5, 2 ** 40],
    ["BADARGUMENTS", "opcode", 5, undefined],
    ["BADARGUMENTS", "container", 5, undefined],
    ["BADARGUMENTS", "opcode", 0, 0],
    ["BADARGUMENTS", "opcode", 0, -1],
    ["OK", "flags", 0, 5],
    ["OK", "flags", 0, -1],
    ["OK", "container", 4, -1],
  ])("%s: by %s, flags %i, ttl %s", (code, kindOf, flags, ttlMs) => {
    expect(named(createAs(kindOf)("/n", { flags, ...(ttlMs === undefined ? {} : { ttlMs }) }))).toBe(code);
  });
  test("a bad ttl comes before a bad path", () => {
    expect(named(create("nope", { flags: 5, ttlMs: 0 }))).toBe("BADARGUMENTS");
  });
});

describe("a sequence number", () => {
  const pathOf = (outcome: ReturnType<typeof create>): string | undefined =>
    outcome.ok && outcome.body.is === "create" ? outcome.body.path : undefined;

  test("counts creations, not children", () => {
    draft.apply({ is: "delete", path: "/a/child" }, { zxid: 2, timeMs: 1 });
    expect(pathOf(create("/a/n-", { flags: 2 }))).toBe("/a/n-0000000001");
  });
  test("may stand alone, or behind a dot", () => {
    expect(pathOf(create("/a/", { flags: 2 }))).toBe("/a/0000000001");
    expect(pathOf(create("/a/..", { flags: 3 }))).toBe("/a/..0000000001");
  });
  test("does not heal a missing parent or two slashes", () => {
    expect(named(create("/a//", { flags: 2 }))).toBe("NONODE");
    expect(named(create("//", { flags: 2 }))).toBe("BADARGUMENTS");
  });
  test("has ten digits, its sign counted where it is negative", () => {
    expect([0, 2 ** 31 - 1, -(2 ** 31), -1].map(sequenceSuffix)).toEqual([
      "0000000000",
      "2147483647",
      "-2147483648",
      "-000000001",
    ]);
  });
  test("stops at the largest int: the counter grows no more, the name repeats", () => {
    const parent = draft.get("/a");
    if (parent !== undefined) parent.creates = 2 ** 31 - 1;
    const first = create("/a/n-", { flags: 2 });
    expect(pathOf(first)).toBe("/a/n-2147483647");
    if (first.ok) draft.apply(first.body, { zxid: 7, timeMs: 1 });
    expect(draft.get("/a")).toMatchObject({ creates: 2 ** 31 - 1, pzxid: 1 });
    expect(named(create("/a/n-", { flags: 2 }))).toBe("NODEEXISTS");
    expect(named(create("/a/plain"))).toBe("OK");
  });
});

describe("delete answers the first check that fails", () => {
  const remove = (path: string | null, version = -1) => prepareDelete({ path, version }, context);
  test.each<[string, string | null, number]>([
    ["MARSHALLINGERROR", null, -1],
    ["BADARGUMENTS", "", -1],
    ["BADARGUMENTS", "a", -1],
    ["BADARGUMENTS", "/\0", -1],
    ["BADARGUMENTS", "/", 7],
    ["BADARGUMENTS", "/zookeeper", 7],
    ["BADARGUMENTS", "/zookeeper/config", -1],
    ["BADARGUMENTS", "/zookeeper/quota", -1],
    ["NONODE", "/nope/x", -1],
    ["NOAUTH", "/p4/missing", -1],
    ["NONODE", "/a/missing", 7],
    ["NONODE", "/a/", -1],
    ["BADVERSION", "/a", 7],
    ["BADVERSION", "/a", -2],
    ["NOTEMPTY", "/a", 0],
    ["OK", "/a/child", 0],
    ["OK", "/p0", -1],
  ])("%s: %j at version %i", (code, path, version) => {
    expect(named(remove(path, version))).toBe(code);
  });
});

describe("setData and check answer the first check that fails", () => {
  const rows: [string, string | null, number][] = [
    ["BADARGUMENTS", null, -1],
    ["BADARGUMENTS", "", -1],
    ["BADARGUMENTS", "/a/", -1],
    ["NONODE", "/nope", 7],
    ["NOAUTH", "/p16", 7],
    ["BADVERSION", "/a", 7],
    ["OK", "/a", 0],
    ["OK", "/", -1],
  ];
  test.each([...rows, ["OK", "/p2", -1], ["NOAUTH", "/p1", -1]] as typeof rows)(
    "setData %s: %s",
    (code, path, version) => {
      expect(named(prepareSetData({ path, data: null, version }, context))).toBe(code);
    },
  );
  test.each([...rows, ["OK", "/p1", -1], ["NOAUTH", "/p2", -1]] as typeof rows)(
    "check %s: %s",
    (code, path, version) => {
      expect(named(prepareCheck({ path, version }, context))).toBe(code);
    },
  );
});

describe("setACL answers the first check that fails", () => {
  test.each<[string, string | null, number, Change | readonly unknown[]]>([
    ["BADARGUMENTS", null, -1, openAcl],
    ["BADARGUMENTS", "/a/", -1, badAcl],
    ["INVALIDACL", "/nope", -1, badAcl],
    ["MARSHALLINGERROR", "/nope", -1, nullId],
    ["NONODE", "/nope", 7, openAcl],
    ["NOAUTH", "/p8", 7, openAcl],
    ["BADVERSION", "/p16", 7, openAcl],
    ["OK", "/p16", 0, openAcl],
    ["OK", "/zookeeper", -1, openAcl],
  ])("%s: %s at aversion %i", (code, path, version, acl) => {
    expect(named(prepareSetAcl({ path, acl: acl as never, version }, context))).toBe(code);
  });
});
