/** etcd behind TLS and behind user and password. Tokens are made to expire within the test: a proxy must not notice. */
import { spawn } from "node:child_process";
import { get } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { openGuard } from "../oracle/servers/guard.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { startProcess } from "../oracle/servers/process.ts";
import { findEtcd } from "../oracle/servers/programs.ts";
import { waitUntilReady } from "../oracle/servers/readiness.ts";
import type { Client } from "../src/protocol/client.ts";
import { Authority } from "../src/server/certificates.fixture.ts";
import { etcdCall } from "./etcd.fixture.ts";
import { Workshop, type Zetcd } from "./secure-zetcd.fixture.ts";

const workshop = new Workshop();
const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const create = async (client: Client, path: string, flags = 0) =>
  (await client.call("create", { path, data: Buffer.from("x"), acl, flags })).header.err;
const exists = async (client: Client, path: string) => (await client.call("exists", { path, watch: false })).header.err;

describe("an etcd that speaks TLS to those with a certificate", () => {
  let url: string;
  let stop: () => Promise<void>;
  let files: Record<"ca" | "cert" | "key", string>;
  beforeAll(async () => {
    const authority = await Authority.make();
    const [server, client] = [await authority.sign("localhost"), await authority.sign("zetcd")];
    files = {
      ca: workshop.file("ca.pem", authority.cert),
      cert: workshop.file("client.pem", client.cert),
      key: workshop.file("client-key.pem", client.key),
    };
    const guard = await openGuard("etcd-tls");
    const [port, peerPort] = [await freePort(), await freePort()];
    url = `https://127.0.0.1:${port}`;
    const flags = {
      "data-dir": join(guard.dir, "data"),
      "listen-client-urls": url,
      "advertise-client-urls": url,
      "listen-peer-urls": `http://127.0.0.1:${peerPort}`,
      "initial-advertise-peer-urls": `http://127.0.0.1:${peerPort}`,
      "initial-cluster": `default=http://127.0.0.1:${peerPort}`,
      "cert-file": workshop.file("server.pem", server.cert),
      "key-file": workshop.file("server-key.pem", server.key),
      "trusted-ca-file": files.ca,
      "client-cert-auth": "true",
      "log-level": "error",
      logger: "zap",
    };
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const etcd = startProcess({ program: findEtcd() ?? "etcd", args, logFile: join(guard.dir, "etcd.log") }, guard);
    stop = async () => {
      await etcd.terminate();
      await guard.release();
    };
    const tls = { ca: authority.cert, cert: client.cert, key: client.key };
    await waitUntilReady("etcd with TLS", etcd, () => health(`${url}/health`, tls));
  });
  afterAll(() => stop?.());

  test("is served from", async () => {
    const { port } = await workshop.zetcd([
      ...["--endpoints", url.replace("https://", ""), "--cafile", files.ca],
      ...["--certfile", files.cert, "--keyfile", files.key],
    ]);
    const client = await workshop.session({ port });
    expect([await create(client, "/over-tls"), await exists(client, "/over-tls")]).toEqual([0, 0]);
  });

  test.each([
    ["a certificate", () => ["--cafile", files.ca]],
    ["an authority", () => ["--certfile", files.cert, "--keyfile", files.key]],
  ])("cannot be reached without %s, and that is said", async (_what, flags) => {
    expect(await firstComplaint(["--endpoints", url, ...flags()])).toContain("etcd cannot be reached, trying again");
  });
});

describe("an etcd with users, whose tokens last two seconds", () => {
  let etcd: EtcdServer;
  let one: Zetcd;
  let two: Zetcd;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  beforeAll(async () => {
    etcd = await startEtcd({ flags: { "auth-token-ttl": "2" } });
    const range = { key: base64("/zetcd"), range_end: base64("/zetce"), permType: "READWRITE" };
    for (const [call, body] of [
      ["auth/role/add", { name: "root" }],
      ["auth/user/add", { name: "root", password: "rootsecret" }],
      ["auth/user/grant", { user: "root", role: "root" }],
      ["auth/role/add", { name: "proxy" }],
      ["auth/role/grant", { name: "proxy", perm: range }],
      ["auth/user/add", { name: "zetcd", password: "se:cret" }],
      ["auth/user/grant", { user: "zetcd", role: "proxy" }],
      ["auth/enable", {}],
    ] as const)
      await etcdCall(etcd, call, body);
    const env = { ZETCD_USER: "zetcd:se:cret" };
    one = await workshop.zetcd(["--endpoints", etcd.clientUrl], env);
    two = await workshop.zetcd(["--endpoints", etcd.clientUrl, "--user", "zetcd:se:cret"]);
  });
  afterAll(() => etcd?.stop());

  test("reads, writes, sessions and the view of others go on when tokens have expired", async () => {
    const [here, there] = [await workshop.session({ port: one.port }), await workshop.session({ port: two.port })];
    expect(await create(here, "/ephemeral", 1)).toBe(0);
    for (const round of [1, 2]) {
      await sleep(5_000);
      await Promise.all([here, there].map((client) => client.call("ping", {})));
      expect(await create(here, `/round-${round}`)).toBe(0);
      await there.call("sync", { path: "/" });
      expect([await exists(there, `/round-${round}`), await exists(there, "/ephemeral")]).toEqual([0, 0]);
    }
    await here.call("closeSession", {});
    await there.call("sync", { path: "/" });
    expect(await exists(there, "/ephemeral")).toBe(-101);
  });

  test("a restart of etcd, which forgets all tokens, costs no session", async () => {
    const before = await workshop.session({ port: one.port });
    expect(await create(before, "/before", 1)).toBe(0);
    await etcd.restart();
    const { sessionId, passwd } = before.granted;
    const again = () =>
      workshop.session({ port: one.port, sessionId, passwd }).then((client) => create(client, "/after"), String);
    await expect.poll(again, { timeout: 30_000, interval: 1_000 }).toBe(0);
    const after = await workshop.session({ port: two.port });
    await after.call("sync", { path: "/" });
    expect([await exists(after, "/before"), await exists(after, "/after")]).toEqual([0, 0]);
  });

  test.each(["zetcd:wrong", "nobody:x"])("a user who is refused is told so: %s", async (user) => {
    const complaint = await firstComplaint(["--endpoints", etcd.clientUrl, "--user", user]);
    expect(complaint).toMatch(/etcd cannot be reached, trying again.*authentication failed/);
  });

  test("keys beyond the user's own are refused, and that is said", async () => {
    const complaint = await firstComplaint([
      "--endpoints",
      etcd.clientUrl,
      "--user",
      "zetcd:se:cret",
      "--prefix",
      "/other",
    ]);
    expect(complaint).toMatch(/permission denied/);
  });
});

afterAll(() => workshop.close());

/** etcd's own word that it serves. */
function health(url: string, tls: Record<"ca" | "cert" | "key", string>): Promise<true | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { ...tls, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? true : undefined);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}

/** What a server that cannot start says first, the runtime's own warnings apart. */
async function firstComplaint(flags: readonly string[]): Promise<string> {
  const program = new URL("../bin/zetcd", import.meta.url).pathname;
  const child = spawn(program, ["--zkaddr", "127.0.0.1:0", ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    for await (const line of createInterface({ input: child.stderr })) if (line.includes("etcd")) return line;
    return "";
  } finally {
    child.kill("SIGKILL");
  }
}
