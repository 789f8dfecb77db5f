/** Histories of free-running clients: those of real servers are never accused, those of a lying one are, by the name of what it broke. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import type { Request } from "../oracle/crosscheck/request.ts";
import { rewriteHello } from "../oracle/crosscheck/sessions.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import { type Lie, lying } from "../oracle/mutants/lying.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { Casebook } from "../scenarios/casebook.ts";
import { drive } from "../scenarios/concurrent/drive.ts";
import { callsOf, type History, type Resumption } from "../scenarios/concurrent/history.ts";
import { RecordedCandidate } from "../scenarios/concurrent/recorded.ts";
import { replay } from "../scenarios/concurrent/replay.ts";
import { violations } from "../scenarios/concurrent/rules.ts";
import type { Backend } from "../src/backend.ts";
import { Writer } from "../src/jute/buffers.ts";
import { encodeRequest } from "../src/protocol/client.ts";
import type { SetWatches } from "../src/protocol/records.ts";
import { startBackend, startProxy } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let zookeepers: ZooKeeperServer[];
let proxies: Backend[];
beforeAll(async () => {
  etcd = await startEtcd();
  zookeepers = await Promise.all([startZooKeeper(), startZooKeeper()]);
  proxies = await Promise.all([1, 2].map(async () => (await startBackend(etcd)).backend));
  doors.push(...proxies.map((proxy, at) => lying(proxy, `proxy ${at + 1}`, {})));
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

/** Doors to the proxies that can be told apart. */
const doors: Backend[] = [];

let roots = 0;

/** What is said of one history: the rules it breaks, each once, and the first divergence of its replay. */
async function judged(
  servers: readonly Backend[],
  plan: {
    operations: number;
    clients?: number;
    inFlight?: number;
    seed?: number;
    progress?: (answered: number) => void;
  },
) {
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

const resumptions = ({ lanes }: History): Resumption[] =>
  lanes.flatMap(({ arrivals }) => arrivals.filter((one): one is Resumption => one.is === "resumption"));
const moved = (history: History): Resumption[] => resumptions(history).filter(({ isMove }) => isMove);
const returned = (history: History): Resumption[] => resumptions(history).filter(({ isMove }) => !isMove);

const clean = { rules: [], fingerprint: undefined };

/** Events that came on a new connection before its first reply: what was missed. */
const caughtUp = ({ lanes }: History): number =>
  lanes
    .flatMap(({ arrivals }) => arrivals)
    .filter(
      (one, at, all) =>
        one.is === "event" && all.slice(0, at).findLast(({ is }) => is !== "event")?.is === "resumption",
    ).length;

test("a ZooKeeper is not accused, nor for what its clients miss while they move", { timeout: 120_000 }, async () => {
  const { record, history, ...said } = await judged([door(0)], { operations: 4_000, clients: 16 });
  expect(said).toEqual(clean);
  expect(record.steps).toBeGreaterThan(4_000);
  expect(record.notifications).toBeGreaterThan(100);
  expect(moved(history).length).toBeGreaterThan(25);
  expect(caughtUp(history)).toBeGreaterThan(5);
  expect(returned(history)).toEqual([]);
});

test("nor are two proxies on one etcd, between which clients move", { timeout: 120_000 }, async () => {
  const { record, history, ...said } = await judged(doors, { operations: 4_000, clients: 16, seed: 2 });
  expect(said).toEqual(clean);
  expect(record.steps).toBeGreaterThan(4_000);
  expect(moved(history).length).toBeGreaterThan(25);
  expect(caughtUp(history)).toBeGreaterThan(5);
  for (const { server, arrivals } of history.lanes) {
    const servers = [server, ...arrivals.flatMap((one) => (one.is === "resumption" ? one.server : []))];
    expect(servers).toEqual(
      servers.map((_, at) => doors[(doors.findIndex(({ name }) => name === server) + at) % 2]?.name),
    );
  }
});

test("when one of two proxies ends, its clients go on at the other one, and nobody is accused", {
  timeout: 120_000,
}, async () => {
  const processes = await Promise.all([startProxy(etcd), startProxy(etcd)]);
  const [first, second] = processes.map(({ port }) => bridge({ host: "127.0.0.1", port })) as [Backend, Backend];
  try {
    const { record, history, ...said } = await judged([first, second], {
      ...{ operations: 3_000, clients: 8, seed: 4 },
      progress: (answered) => {
        if (answered === 1_500) processes[1]?.signal("SIGKILL");
      },
    });
    expect(said).toEqual(clean);
    expect(record.steps).toBeGreaterThan(1_000);
    expect(returned(history).length).toBeGreaterThan(0);
    expect(new Set(returned(history).map(({ server }) => server))).toEqual(new Set([first.name]));
    expect(history.lanes.filter(({ over }) => over !== undefined)).toEqual([]);
    expect(callsOf(history).length + history.unanswered).toBeGreaterThan(3_000);
    const goneMs = Math.max(...returned(history).map(({ atMs }) => atMs));
    expect(callsOf(history).filter(({ invokedMs }) => invokedMs > goneMs).length).toBeGreaterThan(500);
    // Those that move still ask the one that is gone before they come back to where they were.
    expect(moved(history).filter(({ atMs }) => atMs > goneMs).length).toBeGreaterThan(3);
  } finally {
    await Promise.all([first.close(), second.close(), ...processes.map((one) => one.kill())]);
  }
});

/** A session that no server knows. */
const stranger = { id: 0x5eed, passwd: Buffer.alloc(16) };

/** A setWatches with other fields; other requests as they are. */
function rewatched(request: Request, change: Record<string, unknown>): Buffer {
  if (request.op !== "setWatches") return request.frame;
  const body = { ...request.operations?.[0]?.fields, ...change } as unknown as SetWatches;
  return Buffer.from(encodeRequest(new Writer(), request.replyXid, "setWatches", body));
}

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
    named: "forgets the watches of a session that moves",
    diverges: /event|Node/,
    lie: () => ({ request: (request) => rewatched(request, { dataWatches: [], existWatches: [], childWatches: [] }) }),
  },
  {
    named: "does not tell a session that moves what it missed",
    diverges: /event|Node/,
    lie: () => ({ request: (request) => rewatched(request, { relativeZxid: Number.MAX_SAFE_INTEGER }) }),
  },
  {
    named: "shows a session that moved what was before, zxid and all",
    rule: "monotonic-reads",
    lie: () => ({
      reply: ({ request, header, memory, resumes }) => {
        if (resumes > 0 && request.op !== "setWatches" && !memory.has("lied")) header.zxid = 1;
        memory.set("lied", true);
        return undefined;
      },
    }),
  },
  {
    named: "shows a session that moved the data of before under a new zxid",
    diverges: /^getData /,
    lie: () => {
      const first = new Map<string, unknown>();
      return {
        reply: ({ request, header, body, resumes }) => {
          const path = String(request.operations?.[0]?.fields.path);
          if (request.op !== "getData" || header.err !== 0 || body === undefined || Array.isArray(body))
            return undefined;
          if (!first.has(path)) first.set(path, body.data);
          else if (resumes > 0) body.data = first.get(path);
          return undefined;
        },
      };
    },
  },
  {
    named: "knows no session that moves",
    rule: "session-kept",
    lie: () => ({
      hello: (hello) =>
        hello.request.sessionId === 0 ? hello : rewriteHello(hello, { lastZxidSeen: 0, credentials: stranger }),
    }),
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
  expect(returned(history)).toHaveLength(1);
  expect(record.steps).toBeGreaterThan(50);
  expect(record.steps).toBeLessThan(1_500);
});

test("behind a read that was never answered everything is", { timeout: 60_000 }, async () => {
  let replies = 0;
  const lie: Lie = {
    reply: ({ request, session }) =>
      session !== 0 && request.op === "getData" && ++replies % 40 === 0 ? "hangUp" : undefined,
  };
  const server = lying(door(0), "hangs up", lie);
  // Meanwhile the others go on, and there is much to be told behind it.
  const open: Backend["open"] = async (hello, downstream) => {
    if (hello.request.sessionId !== 0) await sleep(30);
    return server.open(hello, downstream);
  };
  const servers = [{ ...server, open }];
  const { record, history, ...said } = await judged(servers, { operations: 3_000, clients: 16, inFlight: 1, seed: 5 });
  expect(said).toEqual(clean);
  expect(returned(history).length).toBeGreaterThan(5);
  expect(caughtUp(history)).toBeGreaterThan(5);
  expect(history.unanswered).toBe(returned(history).length);
  expect(history.certainTo).toBe(Number.POSITIVE_INFINITY);
  expect(record.steps).toBeGreaterThan(2_900);
});

describe("a liar is found out that", () => {
  test.each(lies)("$named", { timeout: 60_000 }, async ({ named, lie, rule, diverges }) => {
    const said = await judged([lying(door(0), named, lie())], { operations: 3_000, seed: 3 });
    if (rule !== undefined) expect(said.rules).toContain(rule);
    if (diverges !== undefined) expect(said.fingerprint).toMatch(diverges);
  });
});
