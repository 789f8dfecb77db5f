/** Histories of free-running clients: those of real servers are never accused, those of a lying one are, by the name of what it broke. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import { type Lie, lying } from "../oracle/mutants/lying.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { Casebook } from "../scenarios/casebook.ts";
import { drive } from "../scenarios/concurrent/drive.ts";
import { RecordedCandidate } from "../scenarios/concurrent/recorded.ts";
import { replay } from "../scenarios/concurrent/replay.ts";
import { violations } from "../scenarios/concurrent/rules.ts";
import type { Backend } from "../src/backend.ts";
import { startBackend } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let zookeepers: ZooKeeperServer[];
let proxies: Backend[];
beforeAll(async () => {
  etcd = await startEtcd();
  zookeepers = await Promise.all([startZooKeeper(), startZooKeeper()]);
  proxies = await Promise.all([1, 2].map(async () => (await startBackend(etcd)).backend));
}, 120_000);
afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await Promise.all([etcd.stop(), ...zookeepers.map((zookeeper) => zookeeper.stop())]);
});

const door = (index: number): Backend => {
  const server = zookeepers[index];
  if (server === undefined) throw new Error(`there is no ZooKeeper ${index}`);
  return bridge({ host: "127.0.0.1", port: server.port });
};

let roots = 0;

/** What is said of one history: the rules it breaks, each once, and the first divergence of its replay. */
async function judged(servers: readonly Backend[], plan: { operations: number; clients?: number; seed?: number }) {
  const { signal: stop } = new AbortController();
  const root = `/c${++roots}/h`;
  const history = await drive({
    ...{ servers, root, stop, inFlight: 6, clients: 8, seed: 1, progress: () => undefined },
    ...plan,
  });
  const book = new Casebook(() => undefined);
  const record = book.open("history");
  const check = crosscheck({
    ...{ candidate: new RecordedCandidate(history), oracle: door(1), answerFrom: "oracle", emit: book.emit },
    ...{ settleMs: 1_000, replyWaitMs: 5_000, serial: false, keepAnswers: false, eventZxid: "version-dependent" },
  });
  const isOver = (): boolean => record.divergence !== undefined;
  await replay(history, { check, name: "history", stop, isOver, progress: () => undefined });
  await check.close();
  return {
    rules: [...new Set(violations(history).map(({ rule }) => rule))],
    fingerprint: record.divergence?.fingerprint,
    record,
    history,
  };
}

const clean = { rules: [], fingerprint: undefined };

test("a ZooKeeper is not accused", { timeout: 120_000 }, async () => {
  const { record, history: _, ...said } = await judged([door(0)], { operations: 3_000, clients: 16 });
  expect(said).toEqual(clean);
  expect(record.steps).toBeGreaterThan(3_000);
  expect(record.notifications).toBeGreaterThan(100);
});

test("nor are two proxies on one etcd", { timeout: 120_000 }, async () => {
  const { record, history: _, ...said } = await judged(proxies, { operations: 3_000, clients: 16, seed: 2 });
  expect(said).toEqual(clean);
  expect(record.steps).toBeGreaterThan(3_000);
});

/** Remembers one thing per session or for all, and lies with it. */
const lies: readonly {
  readonly named: string;
  readonly lie: () => Lie;
  readonly rule?: string;
  readonly diverges?: RegExp;
}[] = [
  {
    named: "answers reads from the past, zxid and all",
    rule: "monotonic-reads",
    lie: () => ({
      reply: ({ request, header, memory }) => {
        if (request.op !== "exists") return undefined;
        const before = memory.get("zxid");
        memory.set("zxid", header.zxid);
        if (before !== undefined && memory.size === 1) header.zxid = before as bigint;
        return undefined;
      },
    }),
  },
  {
    named: "answers reads with old data under a new zxid",
    diverges: /^getData /,
    lie: () => {
      const first = new Map<string, unknown>();
      return {
        reply: ({ request, header, body }) => {
          const path = String(request.operations?.[0]?.fields.path);
          if (request.op !== "getData" || header.err !== 0 || body === undefined || Array.isArray(body))
            return undefined;
          if (first.has(path)) body.data = first.get(path);
          else first.set(path, body.data);
          return undefined;
        },
      };
    },
  },
  {
    named: "acknowledges a write that it forgets",
    diverges: /err|children|numChildren|stat/,
    lie: () => ({
      request: (request) =>
        request.op === "delete" && request.frame.readInt32BE(0) % 5 === 0 ? undefined : request.frame,
    }),
  },
  {
    named: "tells of a change after the reply that shows it",
    diverges: /event/,
    lie: () => ({
      event: (event) => ({ now: [], later: [event] }),
    }),
  },
  {
    named: "never fires a watch",
    diverges: /event|Node/,
    lie: () => ({ event: () => ({ now: [] }) }),
  },
  {
    named: "gives two writes one zxid",
    rule: "zxid-reused",
    lie: () => {
      let last: bigint | number | undefined;
      return {
        reply: ({ request, header }) => {
          if (request.op !== "setData" || header.err !== 0) return undefined;
          if (last !== undefined && request.frame.readInt32BE(0) % 20 === 0) header.zxid = last;
          else last = header.zxid;
          return undefined;
        },
      };
    },
  },
];

test("behind a write that was never answered nothing is compared, and nobody accused", {
  timeout: 60_000,
}, async () => {
  let replies = 0;
  const lie: Lie = {
    reply: ({ request, session }) =>
      session !== 0 && request.op === "setData" && ++replies === 150 ? "hangUp" : undefined,
  };
  const { record, history, ...said } = await judged([lying(door(0), "hangs up once", lie)], { operations: 1_500 });
  expect(said).toEqual(clean);
  expect(history.unanswered).toBeGreaterThan(0);
  expect(history.lanes.filter(({ lostMs }) => lostMs !== undefined)).toHaveLength(1);
  expect(record.steps).toBeGreaterThan(50);
  expect(record.steps).toBeLessThan(1_500);
});

describe("a liar is found out that", () => {
  test.each(lies)("$named", { timeout: 60_000 }, async ({ named, lie, rule, diverges }) => {
    const said = await judged([lying(door(0), named, lie())], { operations: 1_500, seed: 3 });
    if (rule !== undefined) expect(said.rules).toContain(rule);
    if (diverges !== undefined) expect(said.fingerprint).toMatch(diverges);
  });
});
