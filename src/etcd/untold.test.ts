/** A proxy that is alone leaves its changes out of the log. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { keys, loadUnannounced, settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { decodeRecord, LogRecord } from "./keyspace.ts";

let etcd: FakeEtcd;
let first: Core;
let client: TestClient;
beforeEach(async () => {
  etcd = new FakeEtcd();
  first = await startCore(etcd, "first");
  client = await TestClient.open(first, 100);
});
afterEach(() => first.close());

const create = async (path: string): Promise<void> => {
  client.send("create", { path, data: null, acl: [...openAcl], flags: 0 });
  await settle();
};

/** The changes of the last batch, by type; null where it tells none. */
function lastTold(): number[] | null {
  const [log] = [...etcd.data].filter(([key]) => key.startsWith(keys.logs)).map(([, { value }]) => value);
  if (log === undefined) throw new Error("there is no log");
  const { transactions } = decodeRecord(LogRecord, log);
  return transactions?.flatMap(({ changes }) => changes?.map(({ type }) => type) ?? []) ?? null;
}

test("changes are told while another proxy lives, and only then", async () => {
  await create("/alone");
  expect(lastTold()).toBeNull();
  const second = await startCore(etcd, "second");
  await create("/followed");
  expect(lastTold()).toEqual([0]);
  expect([...(second.tree.get("/")?.children ?? [])].sort()).toEqual(["alone", "followed", "zookeeper"]);
  second.close();
  etcd.remove(keys.proxy("second"));
  await settle();
  await create("/alone/again");
  expect(lastTold()).toBeNull();
});

test("one that follows without being known finds out at the first batch, instead of missing it", async () => {
  const broken: Error[] = [];
  const unknown = await loadUnannounced(etcd, "unknown", { onBroken: (cause) => broken.push(cause) });
  await create("/untold");
  expect(broken.map(({ cause }) => String(cause))).toEqual(["Error: its writer did not know that anybody followed"]);
  expect(unknown.tree.get("/untold")).toBeUndefined();
});
