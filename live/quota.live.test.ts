/** The quota scenarios on a ZooKeeper and on a proxy that both enforce hard limits. Everywhere else they run as part of the corpus, on servers that
 *  only count. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { zkVersionOf } from "../oracle/commands/proxy.ts";
import { findScenarios } from "../oracle/commands/run.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { Arena } from "../scenarios/arena.ts";
import { Casebook } from "../scenarios/casebook.ts";
import { inWords } from "../scenarios/generate/counterexample.ts";
import { errorCodes } from "../src/protocol/error-codes.ts";
import { connectTo, creation, type ProxyProcess, startProxy } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let proxy: ProxyProcess;
let zookeeper: ZooKeeperServer;
let arena: Arena;
let close: () => Promise<void>;

beforeAll(async () => {
  [etcd, zookeeper] = await Promise.all([startEtcd(), startZooKeeper({ config: { enforceQuota: "true" } })]);
  const zkVersion = zkVersionOf(zookeeper.version) ?? "3.9";
  proxy = await startProxy(etcd, ["--extended-types", "--enforce-quota", "--zk-version", zkVersion]);
  const book = new Casebook(() => undefined);
  const check = crosscheck({
    ...{ candidate: bridge({ host: "127.0.0.1", port: proxy.port }), oracle: bridge(zookeeper), answerFrom: "oracle" },
    ...{ emit: book.emit, settleMs: 5_000, replyWaitMs: 10_000, serial: false, keepAnswers: true, reveal: true },
  });
  arena = new Arena(check, book);
  close = () => check.close();
});
afterAll(async () => {
  await close();
  await Promise.all([proxy.kill(), zookeeper.stop()]);
  await etcd.stop();
});

/** What a server answers to a znode too many. */
async function createBeyond(port: number): Promise<number> {
  const client = await connectTo(port);
  const quota = "/zookeeper/quota/full";
  const paths = ["/full", quota, `${quota}/zookeeper_limits`, `${quota}/zookeeper_stats`];
  for (const path of paths) await client.call("create", creation(path, 0, Buffer.from("countHardLimit=1")));
  const { header } = await client.call("create", creation("/full/a"));
  client.close();
  return header.err;
}

describe("both enforce quotas", () => {
  test.each(findScenarios(["quota/**"]))("$name", async ({ name, scenario }) => {
    const { record, outcome } = await arena.run(scenario, name, { keepLines: true });
    expect(outcome, outcome.reason).toMatchObject({ is: "done", steps: scenario.steps.length });
    expect(record.divergence?.differences.map(inWords) ?? []).toEqual([]);
  });

  test("and do so", async () => {
    const codes = await Promise.all([proxy.port, zookeeper.port].map(createBeyond));
    expect(codes).toEqual([errorCodes.QUOTAEXCEEDED, errorCodes.QUOTAEXCEEDED]);
  });
});
