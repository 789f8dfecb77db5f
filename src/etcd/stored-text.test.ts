/** What is stored must come back, in this process, in another proxy and after a reload. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Writer } from "../jute/buffers.ts";
import { encodeRequest } from "../protocol/client.ts";
import { changeToRecord } from "./changes.ts";
import { keys, settle, startCore, TestClient } from "./core.fixture.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { ChangeRecord, decodeRecord, encodeRecord, SessionRecord } from "./keyspace.ts";

test("any string comes back as it was, unpaired surrogates too", () => {
  const owner = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  );
  fc.assert(
    fc.property(owner, (text) => {
      expect(decodeRecord(SessionRecord, encodeRecord(SessionRecord, { timeoutMs: 1, owner: text })).owner).toBe(text);
    }),
  );
});

test("what stands behind the end of a record is not passed over", () => {
  const bytes = encodeRecord(ChangeRecord, changeToRecord({ is: "delete", path: "/a" }, true));
  expect(() => decodeRecord(ChangeRecord, Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/1 bytes behind/);
});

test("an ACL's id means the same on every proxy and after a reload", async () => {
  const id = "grüße\u{1f600}\ufffd:h";
  const acl = [{ perms: 31, id: { scheme: "digest", id } }];
  const etcd = new FakeEtcd();
  const a = await startCore(etcd, "a");
  const b = await startCore(etcd, "b");
  const client = await TestClient.open(a, 100);
  // As clients send it that are not written in Java: four bytes of UTF-8.
  const asked = [{ perms: 31, id: { scheme: "digest", id: id.replace("\u{1f600}", "####") } }];
  const frame = encodeRequest(new Writer(), 1, "create", { path: "/a", data: null, acl: asked, flags: 0 });
  client.session.submit(
    Buffer.from(Buffer.from(frame).toString("latin1").replace("####", "\xf0\x9f\x98\x80"), "latin1"),
  );
  await settle();
  const late = await startCore(etcd, "late");
  expect([a, b, late].map((core) => core.tree.get("/a")?.acl)).toEqual([acl, acl, acl]);
  expect(etcd.data.has(keys.znode("/a"))).toBe(true);
  for (const core of [a, b, late]) core.close();
});
