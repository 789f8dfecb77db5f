import { expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { parseAcl, printAcl, printPerms } from "./acl-text.ts";

test("reads and prints lists, with colons inside the id", () => {
  const text = "world:anyone:cdrwa,digest:joe:aGFzaA==:r,ip:10.0.0.0/8:cr,x509:CN=a\\:b:w";
  const acl = parseAcl(text) ?? [];
  expect(acl.map(({ perms }) => perms)).toEqual([31, 1, 5, 2]);
  expect(acl[1]?.id).toEqual({ scheme: "digest", id: "joe:aGFzaA==" });
  expect(acl.map(printAcl).join(",")).toBe(text);
  expect(parseAcl("world:anyone:cdrwa")).toEqual(openAcl);
});

test("letters may come in any order; an id may be empty", () => {
  expect(parseAcl("auth::arw")).toEqual([{ perms: 19, id: { scheme: "auth", id: "" } }]);
});

test.each(["", "world", "world:anyone", "world:anyone:", "world:anyone:x", ":anyone:r", "a:b:r,"])(
  "refuses %j",
  (text) => {
    expect(parseAcl(text)).toBeUndefined();
  },
);

test("a mask without letters prints none", () => {
  expect([printPerms(0), printPerms(31), printPerms(8)]).toEqual(["", "cdrwa", "d"]);
});
