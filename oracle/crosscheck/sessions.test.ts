import { serialize } from "node:v8";
import { expect, test } from "vitest";
import { createFlags } from "../../src/protocol/opcodes.ts";
import { Witness } from "../compare/witness.ts";
import { type HeaderPair, rememberEphemerals, rememberHeaders, SessionBook, translateZxid } from "./sessions.ts";

/** What a zxid of the oracle's is on the candidate, to a session that was told these headers. */
function translated(zxid: number, headers: readonly HeaderPair[]): unknown {
  const witness = new Witness();
  for (const { oracle, candidate } of [
    { oracle: 10, candidate: 110 },
    { oracle: 20, candidate: 120 },
  ])
    witness.writes.record({ oracle, candidate }, 0);
  witness.sawHeader("oracle", 20);
  witness.sawHeader("candidate", 125);
  const record = new SessionBook("oracle", 0, () => false).draft({ case: "c", session: "a" }, false);
  for (const pair of headers) rememberHeaders(record, pair);
  return translateZxid(zxid, { witness, truth: "oracle", record });
}

const read = (oracle: number, candidate: number): HeaderPair => ({ oracle, candidate, isOfWrite: false });
const write = (oracle: number, candidate: number): HeaderPair => ({ oracle, candidate, isOfWrite: true });

test.each<[string, number, HeaderPair[], number]>([
  ["nothing", 0, [], 0],
  ["the same reply's", 15, [read(15, 113)], 113],
  ["its own write's, whatever reads next to it bore", 10, [read(10, 109), write(10, 110), read(10, 114)], 110],
  ["another's write's", 10, [read(9, 108)], 110],
  ["as far ahead of the newest", 25, [], 130],
])("a zxid that a client quotes is %s", (_whose, zxid, headers, expected) => {
  expect(translated(zxid, headers)).toBe(expected);
});

test("a session must be over on both sides some time after its last sign of life, or after a server has come back", () => {
  const ages = (awayAgoMs: number, silentMs: number) => {
    const now = Date.now();
    const book = new SessionBook("oracle", 500, (since) => now - awayAgoMs >= since);
    const record = book.draft({ case: "c", session: "a" }, false);
    record.timeoutMs = 4_000;
    record.credentials.oracle = { id: 7, passwd: null };
    for (const side of ["candidate", "oracle"] as const) record.heardAt[side] = now - silentMs;
    book.add(record);
    return { isFading: book.isFading(record, now), isOverdue: book.isOverdue(record, "oracle", now) };
  };
  expect(ages(99_000, 2_000)).toEqual({ isFading: false, isOverdue: false });
  expect(ages(99_000, 4_000)).toEqual({ isFading: true, isOverdue: false });
  expect(ages(99_000, 5_000)).toEqual({ isFading: true, isOverdue: true });
  expect(ages(3_000, 5_000)).toEqual({ isFading: true, isOverdue: false });
  expect(ages(3_000, 20_000)).toEqual({ isFading: true, isOverdue: false });
  expect(ages(99_000, 20_000)).toEqual({ isFading: false, isOverdue: true });
  expect(ages(3_000, 700_000)).toEqual({ isFading: false, isOverdue: false });
});

test("of a session little is kept, and of one that was closed next to nothing", () => {
  const book = new SessionBook("oracle", 0, () => false);
  const record = book.draft({ case: "c", session: "a" }, false);
  record.credentials.oracle = { id: 7, passwd: new Uint8Array(16) };
  for (let i = 0; i < 64; i++) {
    const fields = { path: `/e${i}`, data: Buffer.alloc(1_000_000), acl: [], flags: createFlags.ephemeral };
    rememberEphemerals(record, [{ op: "create", fields }]);
    rememberHeaders(record, { oracle: i, candidate: i, isOfWrite: true });
  }
  expect(serialize(record).length).toBeLessThan(10_000);
  book.add(record);
  book.remove(record);
  expect(book.findClosed(7)).toMatchObject({ credentials: record.credentials });
  expect(serialize(book.findClosed(7)).length).toBeLessThan(200);
});
