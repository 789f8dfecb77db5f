/** What operators see, beside a real ZooKeeper that has been through the same: every four-letter word and every admin command. Numbers may differ,
 *  names, shapes and the order of lines may not. */
import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Backend } from "../src/backend.ts";
import { connectEtcdBackend } from "../src/etcd/backend.ts";
import { silentLogger } from "../src/logger.ts";
import { type Client, connect } from "../src/protocol/client.ts";
import { type RunningAdmin, startAdmin } from "../src/server/admin.ts";
import { adminCommandNames } from "../src/server/admin-commands.ts";
import { type RunningServer, startServer } from "../src/server/listener.ts";

const host = "127.0.0.1";
const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

let etcd: EtcdServer;
let zookeeper: ZooKeeperServer;
let backend: Backend;
let server: RunningServer;
let admin: RunningAdmin;
/** Client port and admin port of either side. */
let sides: Record<"ours" | "theirs", { readonly port: number; readonly adminPort: number }>;
const clients: Client[] = [];

beforeAll(async () => {
  [etcd, zookeeper] = await Promise.all([startEtcd(), startZooKeeper({ version: "debian", admin: true })]);
  backend = await connectEtcdBackend({
    ...{ endpoints: etcd.endpoints, prefix: "/zetcd", zkVersion: "3.8", tickTimeMs: 2_000 },
    ...{ minSessionTimeoutMs: 4_000, maxSessionTimeoutMs: 40_000 },
  });
  server = await startServer({ backend, host, port: 0 });
  admin = await startAdmin({ host, port: 0 }, server.view, silentLogger);
  sides = {
    ours: { port: server.port, adminPort: admin.port },
    theirs: { port: zookeeper.port, adminPort: zookeeper.adminPort ?? 0 },
  };
  await livePast(sides.ours.port);
  await livePast(sides.theirs.port);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await admin?.close();
  await server?.close();
  await backend?.close();
  await Promise.all([etcd?.stop(), zookeeper?.stop()]);
});

async function session(port: number): Promise<Client> {
  const outcome = await connect({ host, port, timeoutMs: 30_000, connectWaitMs: 10_000 });
  if (outcome.is !== "granted") throw new Error(`${outcome.is} instead of a session`);
  clients.push(outcome.client);
  return outcome.client;
}

/** Two sessions: ephemerals, and watches of every kind. */
async function livePast(port: number): Promise<void> {
  const [one, two] = [await session(port), await session(port)];
  const create = (path: string, flags = 0) => one.call("create", { path, data: Buffer.from("x"), acl, flags });
  for (const path of ["/a", "/a/b"]) await create(path);
  for (const path of ["/e1", "/e2"]) await create(path, 1);
  await one.call("getData", { path: "/a", watch: true });
  await one.call("exists", { path: "/nope", watch: true });
  await one.call("getChildren", { path: "/a", watch: true });
  await one.call("addWatch", { path: "/p", mode: 0 });
  await one.call("addWatch", { path: "/r", mode: 1 });
  await two.call("getData", { path: "/a", watch: true });
}

/** A word's answer to the end of the stream. */
function ask(port: number, word: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connectTcp(port, host, () => socket.write(word));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
}

/** A text with everything taken out that may differ: versions, numbers, dates, addresses, session ids. Lists of no fixed order are sorted. */
const shape = (text: string): string =>
  text
    .replaceAll(/^(Zookeeper version: ).*/gm, "$1V")
    .replaceAll(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}/g, "DATE")
    .replaceAll(/0x[0-9a-f]+/g, "HEX")
    .replaceAll(/\d+(\.\d+)?/g, "N");

/** Blocks of a line and indented ones below it, both in order of the alphabet. */
const blocks = (text: string): string[] =>
  text
    .split(/\n(?!\t)/)
    .map((block) => block.split("\n").sort().join("\n"))
    .sort();
const sorted = (lines: string): string => `${lines.trimEnd().split("\n").sort().join("\n")}\n`;

describe("four-letter words", () => {
  test.each(["ruok", "isro", "srvr", "stat", "gtmk", "wchs", "crst", "srst", "dirs", "hash", "RUOK"])(
    "%s",
    async (word) => {
      const [ours, theirs] = [await ask(sides.ours.port, word), await ask(sides.theirs.port, word)];
      expect(shape(ours)).toBe(shape(theirs));
    },
  );

  test("wchs, to the number", async () => {
    expect(await ask(sides.ours.port, "wchs")).toBe(await ask(sides.theirs.port, "wchs"));
  });

  test.each(["wchc", "wchp"])("%s, but for the order", async (word) => {
    const [ours, theirs] = [await ask(sides.ours.port, word), await ask(sides.theirs.port, word)];
    expect(blocks(shape(ours))).toEqual(blocks(shape(theirs)));
    expect(ours.endsWith("\n\n")).toBe(true);
  });

  test("dump: the same sections, and every session, ephemeral and connection in its own", async () => {
    const sections = (text: string) =>
      shape(text)
        .replaceAll(/(N expire at DATE:\n)/g, "")
        .split(/^(?=\S.*:$)/m)
        .map(sorted);
    const [ours, theirs] = [await ask(sides.ours.port, "dump"), await ask(sides.theirs.port, "dump")];
    expect(sections(ours)).toEqual(sections(theirs));
  });

  test("stmk echoes what it was given, and gtmk remembers", async () => {
    const word = Buffer.concat([Buffer.from("stmk"), Buffer.from("fffffffffffffffe", "hex")]);
    for (const { port } of Object.values(sides))
      expect([await ask(port, word), await ask(port, "gtmk")]).toEqual(["-2", "-2"]);
  });

  test("cons: connections with and without a session", async () => {
    const lines = async (port: number) => [...new Set(shape(await ask(port, "cons")).split("\n"))].sort();
    for (const client of clients) await client.call("exists", { path: "/", watch: false });
    expect(await lines(sides.ours.port)).toEqual(await lines(sides.theirs.port));
  });

  test.each(["mntr", "conf", "envi"])("%s: each of our keys is one of ZooKeeper's", async (word) => {
    const keys = async (port: number) =>
      (await ask(port, word)).split("\n").map((row) => row.split(/[\t=]/, 1)[0] ?? "");
    const [ours, theirs] = [await keys(sides.ours.port), await keys(sides.theirs.port)];
    expect(ours.filter((key) => !theirs.includes(key) && key !== "node.version")).toEqual([]);
    // The first 26 rows of 3.8 are the server's own figures; behind them come those of its parts, which are others here.
    const gauges = theirs.slice(0, 26);
    if (word === "mntr") expect(gauges.filter((key) => !ours.includes(key))).toEqual([]);
  });
});

type Answer = Record<string, unknown>;

const command = async (
  adminPort: number,
  name: string,
): Promise<{ status: number; type: string | null; body: Answer }> => {
  const response = await fetch(`http://${host}:${adminPort}/commands/${name}`);
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: (await response.json()) as Answer,
  };
};

/** Keys of an answer and of what it holds, by path; session ids and times are no keys. */
function keysOf(value: unknown, at = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => keysOf(each, `${at}[]`));
  if (value === null || typeof value !== "object") return [at];
  return Object.entries(value).flatMap(([key, each]) => keysOf(each, `${at}.${key.replaceAll(/^\d+$/g, "N")}`));
}

const keySet = (body: Answer) => [...new Set(keysOf(body))].sort();

describe("admin commands", () => {
  test("the list of commands", async () => {
    const [ours, theirs] = await Promise.all(
      Object.values(sides).map(async ({ adminPort }) => (await fetch(`http://${host}:${adminPort}/commands`)).text()),
    );
    expect(ours).toBe(theirs);
  });

  const looser = ["environment", "monitor", "system_properties", "initial_configuration"];
  test.each(adminCommandNames.filter((name) => !looser.includes(name)))("%s: the same keys", async (name) => {
    const [ours, theirs] = [await command(sides.ours.adminPort, name), await command(sides.theirs.adminPort, name)];
    expect([ours.status, ours.type]).toEqual([theirs.status, theirs.type]);
    expect(keySet(ours.body)).toEqual(keySet(theirs.body));
    expect([ours.body.command, ours.body.error]).toEqual([theirs.body.command, theirs.body.error]);
  });

  test.each(["monitor", "environment"])("%s: each of our keys is one of ZooKeeper's", async (name) => {
    const [ours, theirs] = [await command(sides.ours.adminPort, name), await command(sides.theirs.adminPort, name)];
    const known = keySet(theirs.body);
    expect(keySet(ours.body).filter((key) => !known.includes(key) && key !== ".node.version")).toEqual([]);
  });

  test.each(["mntr", "wchc", "conf", "cons", "stmk?traceMask=306", "isro", "nope"])(
    "%s: the same alias",
    async (name) => {
      const [ours, theirs] = [await command(sides.ours.adminPort, name), await command(sides.theirs.adminPort, name)];
      expect([ours.body.command, ours.body.error]).toEqual([theirs.body.command, theirs.body.error]);
    },
  );

  test("watches and ephemerals, but for the order and the session ids", async () => {
    for (const name of ["watches", "watches_by_path", "dump"]) {
      const values = async (adminPort: number) => {
        const { session_id_to_watched_paths, path_to_session_ids, session_id_to_ephemeral_paths } = (
          await command(adminPort, name)
        ).body as Record<string, Record<string, unknown[]>>;
        const bySession = [session_id_to_watched_paths, session_id_to_ephemeral_paths];
        const paths = bySession.map((each) =>
          Object.values(each ?? {})
            .map((list) => list.sort())
            .sort(),
        );
        return [
          paths,
          Object.entries(path_to_session_ids ?? {})
            .map(([path, ids]) => [path, ids.length])
            .sort(),
        ];
      };
      expect(await values(sides.ours.adminPort)).toEqual(await values(sides.theirs.adminPort));
    }
  });
});

describe("the rest of the port", () => {
  const get = (path: string, init?: RequestInit) => fetch(`http://${host}:${admin.port}${path}`, init);

  test("metrics count requests, latencies, etcd's calls and the process", async () => {
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const rows = (await response.text()).split("\n");
    const value = (name: string) => Number(rows.find((row) => row.startsWith(`${name} `))?.slice(name.length + 1));
    expect(value('zetcd_requests_total{op="create",result="OK"}')).toBe(4);
    expect(value('zetcd_request_duration_seconds_count{op="create"}')).toBe(4);
    expect(value("zetcd_etcd_batches_total")).toBeGreaterThan(0);
    expect(value("zetcd_etcd_calls_total")).toBeGreaterThanOrEqual(value("zetcd_etcd_batches_total"));
    expect([value("zetcd_sessions"), value("zetcd_ephemerals"), value("zetcd_serving")]).toEqual([2, 2, 1]);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  });

  test.each([
    ["/healthz", 200],
    ["/readyz", 200],
    ["/", 404],
    ["/metrics/x", 404],
    ["/commands/ruok/x", 404],
    ["/commands/%zz", 200],
  ])("%s: %i", async (path, status) => expect((await get(path)).status).toBe(status));

  test("anything but GET and HEAD is refused", async () => {
    expect((await get("/commands/srst", { method: "POST" })).status).toBe(405);
    const head = await get("/commands/ruok", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test("not ready while etcd cannot be reached", async () => {
    etcd.pause();
    try {
      await expect.poll(async () => (await get("/readyz")).status, { timeout: 30_000 }).toBe(503);
      expect((await get("/healthz")).status).toBe(200);
      expect((await command(admin.port, "ruok")).body.error).toBeNull();
      expect(await ask(server.port, "srvr")).toBe("This ZooKeeper instance is not currently serving requests\n");
    } finally {
      etcd.resume();
    }
    await expect.poll(async () => (await get("/readyz")).status, { timeout: 30_000 }).toBe(200);
  });
});
