import { describe, expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { type Change, changeFromRecord, changeToRecord } from "./changes.ts";
import { ChangeRecord, decodeRecord, encodeRecord } from "./keyspace.ts";

const digest = [{ perms: 5, id: { scheme: "digest", id: "u:h" } }];
const data = Buffer.from("large");
const nothing = (): never => {
  throw new Error("the data travelled along, nobody has to fetch it");
};
const written = (change: Change, inline: boolean): ChangeRecord =>
  decodeRecord(ChangeRecord, encodeRecord(ChangeRecord, changeToRecord(change, inline)));

const plain = { is: "create", path: "/é", acl: openAcl, kind: 0, owner: 0, ttlMs: 0, creates: 1 } as const;
const session = 2n ** 56n + 5n;

describe("a change read back from the log is the change that was written", () => {
  test.each<Change>([
    { ...plain, data: null },
    { ...plain, data: Buffer.alloc(0), acl: digest },
    { ...plain, data, kind: 1, owner: session, creates: 2 ** 31 - 1 },
    { ...plain, data, kind: 1, owner: -3, creates: -(2 ** 31) },
    { ...plain, data, kind: 3, ttlMs: 2 ** 40 - 1 },
    { is: "delete", path: "/a/b" },
    { is: "setData", path: "/a", data: null },
    { is: "setData", path: "/a", data },
    { is: "setAcl", path: "/a", acl: digest },
    { is: "openSession", session, timeoutMs: 40_000, owner: "ab12" },
    { is: "closeSession", session },
  ])("$is $path", (change) => {
    expect(changeFromRecord(written(change, true), nothing)).toEqual(change);
  });
});

test("data that does not travel along is asked for by path", () => {
  const record = written({ is: "setData", path: "/a", data }, false);
  expect(record.data).toBeNull();
  expect(changeFromRecord(record, (path) => Buffer.from(`of ${path}`))).toMatchObject({ data: Buffer.from("of /a") });
});

test("data is copied out of the frame it came in", () => {
  const frame = encodeRecord(ChangeRecord, changeToRecord({ is: "setData", path: "/a", data }, true));
  const change = changeFromRecord(decodeRecord(ChangeRecord, frame), nothing);
  frame.fill(0);
  expect(change).toMatchObject({ data });
});

test("a type that this version does not know is not guessed at", () => {
  const record = { ...changeToRecord({ is: "delete", path: "/a" }, true), type: 77 };
  expect(() => changeFromRecord(record, nothing)).toThrow(/newer version/);
});
