import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadSync } from "@grpc/proto-loader";
import type { ICompare, IRequestOp } from "etcd3";
import { expect, test } from "vitest";
import { decodeTxn, encodeTxn } from "./txn-codec.ts";

/** etcd's own description of the messages, read by the library that the client uses. */
const proto = join(dirname(createRequire(import.meta.url).resolve("etcd3")), "..", "proto", "rpc.proto");
const kv = loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true })[
  "etcdserverpb.KV"
] as unknown as {
  Txn: {
    requestSerialize(value: object): Buffer;
    responseSerialize(value: object): Buffer;
  };
};

const key = Buffer.from("/zetcd/f");
const guard: ICompare[] = [{ key, result: "Equal", target: "Mod", mod_revision: 2 ** 40 + 7 }];
const look: IRequestOp[] = [{ request_range: { key } }];
const put = (name: string, value: string): IRequestOp => ({
  request_put: { key: Buffer.from(name), value: Buffer.from(value) },
});

test.each<[string, ICompare[], IRequestOp[]]>([
  ["a batch", guard, [put("/zetcd/n/00/a", "x"), put("/zetcd/l/1", ""), { request_delete_range: { key } }]],
  ["nothing but a look", guard, look],
  ["a creation guard", [{ key, result: "Equal", target: "Create", create_revision: 0 }], [put("k", "v")]],
  ["a presence", [{ key, result: "Greater", target: "Create", create_revision: -1 }], [put("p", "1")]],
  ["a nested batch", guard, [{ request_txn: { compare: [], success: [put("a", "b"), put("c", "d")], failure: [] } }]],
])("%s is encoded as the generic encoder does", (_, compare, success) => {
  const generic = kv.Txn.requestSerialize({ compare, success, failure: look });
  expect(encodeTxn(compare, success, look).toString("hex")).toBe(generic.toString("hex"));
});

test("a lease beyond 2^53 keeps its digits", () => {
  const success: IRequestOp[] = [{ request_put: { key, value: key, lease: "7587889462847103337" } }];
  const generic = kv.Txn.requestSerialize({ compare: [], success, failure: [] });
  expect(encodeTxn([], success, []).toString("hex")).toBe(generic.toString("hex"));
});

test("an answer tells its revision, whatever the operations answered", () => {
  const header = { cluster_id: "1", member_id: "2", revision: String(2 ** 40), raft_term: "3" };
  const responses = [{ response_put: { header } }, { response_range: { header, kvs: [{ key, mod_revision: "9" }] } }];
  const answer = kv.Txn.responseSerialize({ header, succeeded: true, responses });
  expect(decodeTxn(answer)).toMatchObject({ succeeded: true, revision: 2 ** 40 });
});

test("a failed guard tells where its key stands", () => {
  const header = { revision: "50", raft_term: "3" };
  const kvs = [{ key, create_revision: "3", mod_revision: "41", version: "7", value: key }];
  const answer = kv.Txn.responseSerialize({
    header,
    succeeded: false,
    responses: [{ response_range: { header, kvs, count: "1" } }],
  });
  expect(decodeTxn(answer)).toEqual({ succeeded: false, revision: 50, guardRevision: 41 });
});

test("a failed guard on a key that is not there stands at 0", () => {
  const answer = kv.Txn.responseSerialize({ header: { revision: "5" }, responses: [{ response_range: {} }] });
  expect(decodeTxn(answer)).toEqual({ succeeded: false, revision: 5, guardRevision: 0 });
});
