import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalInt64 } from "../jute/int64.ts";
import {
  Keyspace,
  loadedZxid,
  rangeEnd,
  sessionIdOf,
  sessionPassword,
  shardOf,
  storedZxid,
  zxidOf,
  zxidsPerRevision,
} from "./keyspace.ts";

const keys = new Keyspace("/zetcd/");
const path = fc.array(fc.constantFrom("a", "b.c", "é", "ÿ", "lock-0000000001")).map((names) => `/${names.join("/")}`);

describe("a stored zxid", () => {
  test("below a revision's share is a position in the batch that wrote the key", () => {
    const position = fc.integer({ min: 1, max: zxidsPerRevision - 1 });
    const revision = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(fc.property(position, revision, (at, rev) => loadedZxid(storedZxid(at), rev) === zxidOf(rev, at)));
  });

  test("of an earlier batch is the whole zxid, whatever revision wrote the key since", () => {
    const revision = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(
      fc.property(revision, revision, (then, now) => loadedZxid(storedZxid(zxidOf(then, 7)), now) === zxidOf(then, 7)),
    );
  });

  test("may be 0, which reserved znodes have for ever", () => {
    expect(loadedZxid(storedZxid(0), 99)).toBe(0);
  });

  test("stays exact up to revision 2^41", () => {
    expect(Number.isSafeInteger(zxidOf(2 ** 41 - 1, zxidsPerRevision - 1))).toBe(true);
  });
});

describe("keys", () => {
  test("lead back to their paths", () => {
    fc.assert(
      fc.property(path, (one) => keys.pathOf(keys.znode(one)) === one && keys.pathOf(keys.children(one)) === one),
    );
  });

  test("lead back to their proxies, with or without a load", () => {
    expect(keys.proxyOf(keys.proxy("ab12"))).toBe("ab12");
    expect(keys.proxyOf(keys.log("ab12.77"))).toBe("ab12");
  });

  test("lead back to their sessions, negative ids included", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
        const key = keys.session(canonicalInt64(id));
        return sessionIdOf(key.slice(keys.sessions.length)) === canonicalInt64(id);
      }),
    );
  });

  test("of one kind lie in the range of their prefix, those of other kinds do not", () => {
    const isIn = (key: string, prefix: string): boolean => key >= prefix && key < rangeEnd(prefix);
    const all = [keys.fence, keys.secret, keys.log("a.1"), keys.znode("/x"), keys.children("/x"), keys.session(1)];
    expect(all.filter((key) => isIn(key, keys.logs))).toEqual([keys.log("a.1")]);
    expect(all.filter((key) => isIn(key, keys.sessions))).toEqual([keys.session(1)]);
    expect(isIn(keys.proxy("zz"), keys.proxies)).toBe(true);
  });

  test("spread over all shards", () => {
    const shards = new Set(Array.from({ length: 4_000 }, (_, index) => shardOf(`/queue/item-${index}`)));
    expect(shards.size).toBeGreaterThan(250);
  });
});

test("a password depends on the secret and the session, and has sixteen bytes", () => {
  const secret = Buffer.alloc(32, 1);
  expect(sessionPassword(secret, 5)).toHaveLength(16);
  expect(sessionPassword(secret, 5)).toEqual(sessionPassword(secret, 5));
  expect(sessionPassword(secret, 5)).not.toEqual(sessionPassword(secret, 6));
  expect(sessionPassword(secret, 5)).not.toEqual(sessionPassword(Buffer.alloc(32, 2), 5));
});
