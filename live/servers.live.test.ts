import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { useEtcd, useZooKeeper } from "../oracle/servers/auto.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { ServerFailed } from "../oracle/servers/process.ts";
import { findEtcd, findJava } from "../oracle/servers/programs.ts";
import { fourLetterWord, httpGet } from "../oracle/servers/readiness.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { findZooKeeper } from "../oracle/servers/zookeeper-install.ts";
import { connect } from "../src/protocol/client.ts";

/** Without local programs these tests are skipped, but never in continuous integration: there a missing server is a failure. */
const mustRun = process.env.CI !== undefined && process.env.CI !== "";
const hasEtcd = mustRun || findEtcd() !== undefined;
const hasZooKeeper = mustRun || (findJava() !== undefined && findZooKeeper() !== undefined);

/** One call of etcd's JSON gateway; `key` and `value` are base64 there. Throws for any status but 200. */
async function etcdCall(url: string, method: string, body: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/v3/kv/${method}`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method}: HTTP status ${response.status}`);
  return response.text();
}

/** Waits until no process has this id, or it is a zombie that only its parent has not asked about. */
async function gone(pid: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 20) {
    if (!(await runs(pid))) return true;
    await sleep(20);
  }
  return false;
}

/** Whether a process runs, as `ps` sees it. */
function runs(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const ps = spawn("ps", ["-o", "stat=", "-p", String(pid)], { stdio: ["ignore", "pipe", "ignore"] });
    let state = "";
    ps.stdout.on("data", (chunk) => (state += chunk));
    ps.on("close", () => resolve(state.trim() !== "" && !state.trim().startsWith("Z")));
  });
}

/** Runs a TypeScript-free program that starts a server, and hands over what it prints: one JSON line, when the server answers. */
async function startInChild(file: string, start: string): Promise<{ kill9: () => void; pid: number; dataDir: string }> {
  const module = new URL(`../oracle/servers/${file}`, import.meta.url).href;
  const program = `import { ${start} } from ${JSON.stringify(module)};
    const server = await ${start}();
    console.log(JSON.stringify({ pid: (server.members?.[0] ?? server).pid(), dataDir: server.dataDir }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(String(chunk)));
    child.once("exit", (code) => reject(new Error(`the parent ended with code ${code}`)));
  });
  return { kill9: () => child.kill("SIGKILL"), ...(JSON.parse(line) as { pid: number; dataDir: string }) };
}

describe.skipIf(!hasEtcd)("a private etcd", () => {
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd?.stop());

  const key = Buffer.from("k").toString("base64");
  const value = Buffer.from("v").toString("base64");

  test("says its version and serves keys on loopback", async () => {
    expect(etcd.version).toMatch(/^3\.\d+\.\d+/);
    expect(etcd.endpoints).toEqual([etcd.clientUrl]);
    await etcdCall(etcd.clientUrl, "put", { key, value });
    expect(await etcdCall(etcd.clientUrl, "range", { key })).toContain(value);
  });

  test("keeps its data and its port through kill and restart", async () => {
    await etcdCall(etcd.clientUrl, "put", { key, value });
    const before = etcd.members[0]?.pid();
    await etcd.kill();
    expect(await httpGet(`${etcd.clientUrl}/version`)).toBeUndefined();
    await etcd.restart();
    expect(etcd.members[0]?.pid()).not.toBe(before);
    expect(await etcdCall(etcd.clientUrl, "range", { key })).toContain(value);
  });

  test("answers nothing while paused, and everything after", async () => {
    etcd.pause();
    expect(await httpGet(`${etcd.clientUrl}/health`)).toBeUndefined();
    etcd.resume();
    await expect.poll(() => httpGet(`${etcd.clientUrl}/health`), { timeout: 10_000 }).toContain("true");
  });

  test("of three members goes on without one of them", async () => {
    const cluster = await startEtcd({ members: 3 });
    try {
      const [first, second, third] = cluster.members;
      expect(new Set(cluster.endpoints).size).toBe(3);
      await etcdCall(first?.clientUrl ?? "", "put", { key, value });
      await third?.kill();
      await expect
        .poll(() => etcdCall(second?.clientUrl ?? "", "range", { key }).catch(() => ""), { timeout: 20_000 })
        .toContain(value);
      await third?.restart();
      expect(await etcdCall(third?.clientUrl ?? "", "range", { key })).toContain(value);
    } finally {
      await cluster.stop();
    }
  });

  test("leaves neither process nor directory when it is stopped", async () => {
    const other = await startEtcd();
    const pid = other.members[0]?.pid() ?? 0;
    expect(existsSync(other.dataDir)).toBe(true);
    await other.stop();
    expect(await runs(pid)).toBe(false);
    expect(existsSync(dirname(other.dataDir))).toBe(false);
  });

  test("vanishes when its parent is killed with kill -9", async () => {
    const parent = await startInChild("etcd.ts", "startEtcd");
    expect(await runs(parent.pid)).toBe(true);
    parent.kill9();
    expect(await gone(parent.pid)).toBe(true);
    await expect.poll(() => existsSync(dirname(parent.dataDir)), { timeout: 5_000 }).toBe(false);
  });

  test("that cannot start fails at once, with the server's own words", { timeout: 20_000 }, async () => {
    const attempt = startEtcd({ flags: { "no-such-flag": "1" } });
    await expect(attempt).rejects.toThrow(ServerFailed);
    await expect(attempt).rejects.toThrow(/no-such-flag/);
  });

  test("named in the environment is used, and not stopped", async () => {
    vi.stubEnv("ZETCD_ETCD", etcd.clientUrl.replace("http://", ""));
    const used = await useEtcd();
    vi.unstubAllEnvs();
    expect(used).toMatchObject({ from: "given", version: etcd.version, clientUrl: etcd.clientUrl });
    await used.stop();
    expect(await httpGet(`${etcd.clientUrl}/version`)).toBeDefined();
  });
});

describe.skipIf(!hasZooKeeper)("a private ZooKeeper", () => {
  let zookeeper: ZooKeeperServer;
  beforeAll(async () => {
    zookeeper = await startZooKeeper({ admin: true });
  });
  afterAll(() => zookeeper?.stop());

  /** Runs `work` in a session of its own. */
  const withClient = async <T>(
    work: (client: Extract<Awaited<ReturnType<typeof connect>>, { is: "granted" }>["client"]) => Promise<T>,
  ) => {
    const { host, port } = zookeeper;
    const outcome = await connect({ host, port, timeoutMs: 10_000, connectWaitMs: 5_000 });
    if (outcome.is !== "granted") throw new Error(`no session: ${outcome.is}`);
    try {
      return await work(outcome.client);
    } finally {
      outcome.client.close();
    }
  };

  test("answers four-letter words and its admin page", async () => {
    expect(zookeeper.version).toMatch(/^3\.\d+\.\d+$/);
    expect(zookeeper.address).toBe(`127.0.0.1:${zookeeper.port}`);
    expect(await fourLetterWord(zookeeper, "ruok")).toBe("imok");
    expect(await fourLetterWord(zookeeper, "conf")).toContain("tickTime=2000");
    expect(await httpGet(`http://127.0.0.1:${zookeeper.adminPort}/commands/ruok`)).toContain('"error" : null');
  });

  test("keeps its data and its port through kill and restart", async () => {
    const open = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
    const created = await withClient((client) =>
      client.call("create", { path: "/kept", data: Buffer.from("v"), acl: open, flags: 0 }),
    );
    expect(created.header.err).toBe(0);
    await zookeeper.kill();
    expect(await fourLetterWord(zookeeper, "ruok")).toBeUndefined();
    await zookeeper.restart();
    const found = await withClient((client) => client.call("getData", { path: "/kept", watch: false }));
    expect(Buffer.from(found.body?.data ?? []).toString()).toBe("v");
  });

  test("takes configuration and Java options", async () => {
    const other = await startZooKeeper({ config: { tickTime: "500" }, javaOpts: ["-Duser.name=somebody"] });
    try {
      expect(await fourLetterWord(other, "conf")).toContain("tickTime=500");
      expect(await fourLetterWord(other, "envi")).toContain("user.name=somebody");
    } finally {
      await other.stop();
    }
    expect(existsSync(dirname(other.dataDir))).toBe(false);
  });

  test("vanishes when its parent is killed with kill -9", async () => {
    const parent = await startInChild("zookeeper.ts", "startZooKeeper");
    expect(await runs(parent.pid)).toBe(true);
    parent.kill9();
    expect(await gone(parent.pid)).toBe(true);
    await expect.poll(() => existsSync(dirname(parent.dataDir)), { timeout: 5_000 }).toBe(false);
  });

  test("that cannot start fails at once, with the server's own words", { timeout: 20_000 }, async () => {
    const attempt = startZooKeeper({ config: { tickTime: "soon" } });
    await expect(attempt).rejects.toThrow(ServerFailed);
    await expect(attempt).rejects.toThrow(/NumberFormatException/);
  });

  test("given by address is used, and not stopped", async () => {
    const used = await useZooKeeper({ is: "zk", host: "127.0.0.1", port: zookeeper.port, chroot: "/a" });
    expect(used).toMatchObject({ from: "given", version: zookeeper.version, chroot: "/a" });
    await used.stop();
    expect(await fourLetterWord(zookeeper, "ruok")).toBe("imok");
  });
});
