import { expect, test } from "vitest";
import { Writer } from "../../src/jute/buffers.ts";
import { encodeRequest } from "../../src/protocol/client.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import { type OpName, opcodes, type RequestOf } from "../../src/protocol/opcodes.ts";
import { isPlainWrite, isSlowToShow, parseRequest } from "./request.ts";

const request = <Op extends OpName>(op: Op, body: RequestOf<Op>) =>
  parseRequest(Buffer.from(encodeRequest(new Writer(), 1, op, body)));
const create = (path: string | null, scheme: string | null = "world", id: string | null = "anyone") => ({
  ...{ path, data: null, flags: 0 },
  acl: [{ perms: 31, id: { scheme, id } }],
});
const multi = (body: ReturnType<typeof create>) =>
  request("multi", [multiOp(opcodes.delete.code, { path: "/a", version: -1 }), multiOp(opcodes.create.code, body)]);

test.each<[string, boolean, ReturnType<typeof request>]>([
  ["a multi that is carried out or refused", false, multi(create("/a"))],
  ["a multi with a null scheme", true, multi(create("/a", null))],
  ["a multi with a null id", true, multi(create("/a", "digest", null))],
  ["a multi with a null path", true, multi(create(null))],
  ["a multi with a path that does not begin with a slash", true, multi(create("a"))],
  ["a create with a null scheme, which changes nothing", false, request("create", create("/a", null))],
  ["setACL", false, request("setACL", { path: "/a", acl: create("/a").acl, version: -1 })],
  ["createContainer", false, request("createContainer", { ...create("/a"), flags: 4 })],
  ["createContainer with the ephemeral flag", true, request("createContainer", { ...create("/a"), flags: 1 })],
])("whatever meets %s waits for its answer: %s", (_name, expected, one) => {
  expect(isSlowToShow(one)).toBe(expected);
});

test.each<[string, boolean, ReturnType<typeof request>]>([
  ["a multi that is carried out or refused", true, multi(create("/a"))],
  ["a multi that ZooKeeper stumbles over, whose traces others would meet", false, multi(create("/a", "digest", null))],
])("%s may go in convoy with other connections' writes: %s", (_name, expected, one) => {
  expect(isPlainWrite(one)).toBe(expected);
});
