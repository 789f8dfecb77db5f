import { expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { makesEphemerals, multiAnswer } from "./multi.ts";
import { parseOperations } from "./multi-verbs.ts";

test("reads operations, with their flags, quotes and versions", () => {
  const lines = [
    "create /a",
    `create -e /a/b "two words"`,
    "create -t 9 /t",
    "",
    " # nothing",
    "create -c /c x world:anyone:r",
  ];
  const creation = { data: null, acl: openAcl, flags: 0 };
  expect(parseOperations([...lines, "set /a '' 3", "delete /a", "delete -v 2 /a", "check /a 0"])).toEqual([
    { op: "create", path: "/a", body: { path: "/a", ...creation } },
    { op: "create", path: "/a/b", body: { path: "/a/b", ...creation, data: Buffer.from("two words"), flags: 1 } },
    { op: "createTTL", path: "/t", body: { path: "/t", ...creation, flags: 5, ttl: 9 } },
    {
      ...{ op: "createContainer", path: "/c" },
      body: {
        path: "/c",
        data: Buffer.from("x"),
        acl: [{ perms: 1, id: { scheme: "world", id: "anyone" } }],
        flags: 4,
      },
    },
    { op: "setData", path: "/a", body: { path: "/a", data: Buffer.alloc(0), version: 3 } },
    { op: "delete", path: "/a", body: { path: "/a", version: -1 } },
    { op: "delete", path: "/a", body: { path: "/a", version: 2 } },
    { op: "check", path: "/a", body: { path: "/a", version: 0 } },
  ]);
});

test.each([
  [[], /wants operations/],
  [["# none"], /wants operations/],
  [["create /a", "get /a"], /^operation 2: .*get/],
  [["set /a"], /^operation 1: .*value/],
  [["check /a"], /version/],
  [["check /a x"], /whole number/],
  [["delete /a 1 2"], /^operation 1: /],
  [['set /a "x'], /quote/],
  [["create -e --hold /a"], /--hold/],
])("%j is refused", (lines, message) => {
  expect(() => parseOperations(lines)).toThrow(message);
});

test("tells results in order, or which operation was refused", () => {
  const operations = parseOperations(["create -s /a/n-", "delete /b", "check /c 1"]);
  const done = multiAnswer(operations, { is: "done", results: [{ path: "/a/n-0000000001" }, {}, {}] });
  expect(done.text).toEqual(["create /a/n-0000000001: done", "delete /b: done", "check /c: done"]);
  expect(done.refused).toBeUndefined();
  const refused = multiAnswer(operations, { is: "refused", codes: [0, -101, -2], refusedAt: 1 });
  expect(refused.text).toEqual(["create /a/n-: not done", "delete /b: NONODE", "check /c: not done"]);
  expect(refused.json).toMatchObject({
    results: [{ error: "OK" }, { error: "NONODE" }, { error: "RUNTIMEINCONSISTENCY" }],
  });
  expect(refused.refused).toMatch(/^NONODE: operation 2 \(delete \/b\)/);
});

test("knows when a session must outlive the multi", () => {
  expect(makesEphemerals(parseOperations(["create /a", "create -e -s /b"]))).toBe(true);
  expect(makesEphemerals(parseOperations(["create -s /a", "create -c /b", "delete /c"]))).toBe(false);
});
