/** The report that `zetcd --report-addr` serves while it checks traffic, as a browser and as a stranger see it. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isLoopback, type LiveView, liveViewLimits, startLiveView } from "../oracle/live-view.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { hasChromium, launchChromium } from "./chromium.fixture.ts";
import { connectTo, creation, type ProxyProcess, setting, startProxy } from "./etcd.fixture.ts";

/** What came back for one request. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request, with whatever Host header. */
const ask = (url: string, options: { method?: string; host?: string } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = options.host === undefined ? {} : { host: options.host };
    const sent = httpRequest(url, { method: options.method ?? "GET", headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.once("error", reject).end();
  });

describe("the server of a live view", () => {
  const rendered: string[] = [];
  const render = (what: string) => () => {
    rendered.push(what);
    return `${what} ${rendered.length}`;
  };
  let view: LiveView;
  const started: LiveView[] = [];
  beforeAll(async () => {
    view = await startLiveView({
      at: { host: "127.0.0.1", port: 0 },
      render: { page: render("page"), data: render("data"), summary: render("summary") },
      paceMs: 50,
    });
    started.push(view);
  });
  afterAll(async () => void (await Promise.all(started.map((one) => one.close()))));

  test("renders a state once, however many ask, and again after a change", async () => {
    rendered.length = 0;
    const bodies = await Promise.all([1, 2, 3].map(() => ask(`${view.url}summary.json`)));
    expect(bodies.map(({ body }) => body)).toEqual(["summary 1", "summary 1", "summary 1"]);
    for (let i = 0; i < 1_000; i++) view.changed();
    expect((await ask(`${view.url}summary.json`)).body).toBe("summary 1");
    await expect.poll(async () => (await ask(`${view.url}summary.json`)).body).toBe("summary 2");
  });

  test("serves three documents and nothing else, to be framed or kept by nobody", async () => {
    const page = await ask(`${view.url}?from=bookmark`);
    expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(page.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": "frame-ancestors 'none'",
    });
    for (const path of ["journal.jsonl", "../package.json"]) expect((await ask(`${view.url}${path}`)).status).toBe(404);
    expect(await ask(view.url, { method: "POST" })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(await ask(`${view.url}data.json`, { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  test("on loopback it answers to loopback's names, so that no other site's page can read it", async () => {
    const { port } = new URL(view.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "LOCALHOST"])
      expect((await ask(view.url, { host })).status, host).toBe(200);
    for (const host of [`evil.example:${port}`, "localhost.evil.example", "127.0.0.1.evil.example"])
      expect((await ask(view.url, { host })).status, host).toBe(403);
  });

  test("tells listeners at once what state there is, then of changes, seldom, and of the end", async () => {
    const own = await startLiveView({
      at: { host: "127.0.0.1", port: 0 },
      render: { page: () => "", data: () => "", summary: () => String(performance.now()) },
      paceMs: 200,
    });
    const answer = await fetch(`${own.url}events`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const flood = setInterval(() => own.changed(), 5);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    clearInterval(flood);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = (await ask(`${own.url}summary.json`)).body;
    own.changed();
    const closed = own.close();
    expect((await ask(`${own.url}summary.json`)).body).not.toBe(before);
    const text = await answer.text();
    await closed;
    const changes = text.match(/^event: change$/gm)?.length ?? 0;
    expect(changes).toBeGreaterThan(2);
    expect(changes).toBeLessThan(9);
    expect(text).toMatch(/^retry: 2000\nevent: change\nid: 1\n/);
    expect(text).toMatch(/event: change\nid: \d+\ndata: \d+\n\nevent: end\ndata: [^\n]*\n\n$/);
    await expect(ask(own.url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("turns listeners away beyond its bound, and takes new ones when old ones go", async () => {
    const stop = new AbortController();
    const open = () => fetch(`${view.url}events`, { signal: stop.signal });
    const answers = await Promise.all(Array.from({ length: liveViewLimits.listenersMax }, open));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await ask(`${view.url}events`)).status).toBe(503);
    stop.abort();
    await expect.poll(async () => (await ask(`${view.url}events`, { method: "HEAD" })).status).toBe(200);
  });

  test("an address that is taken is an error", async () => {
    const { port } = new URL(view.url);
    const render = { page: () => "", data: () => "", summary: () => "" };
    await expect(startLiveView({ at: { host: "127.0.0.1", port: Number(port) }, render })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  test.each([
    ["127.0.0.1", true],
    ["127.8.8.8", true],
    ["::1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["10.0.0.1", false],
    ["127.example.org", false],
  ])("%s is reached by this machine alone: %s", (host, alone) => {
    expect(isLoopback(host)).toBe(alone);
  });
});

describe.skipIf(!hasChromium)("the report of traffic under way, in Chromium", () => {
  let etcd: EtcdServer;
  let zookeeper: ZooKeeperServer;
  let browser: Browser;
  let zetcd: ProxyProcess | undefined;
  const dir = mkdtempSync(join(tmpdir(), "live-view-"));
  beforeAll(async () => {
    [etcd, zookeeper, browser] = await Promise.all([startEtcd(), startZooKeeper(), launchChromium()]);
  });
  afterEach(() => zetcd?.kill());
  afterAll(async () => {
    await Promise.all([etcd?.stop(), zookeeper?.stop(), browser?.close()]);
    rmSync(dir, { recursive: true });
  });

  const startCheck = (at: string): Promise<ProxyProcess> =>
    startProxy(etcd, [
      ...["--debug-zkbridge", zookeeper.address, "--debug-oracle", "zk"],
      ...["--report-addr", at, "--report-dir", dir],
    ]);
  const urlOf = async (process: ProxyProcess): Promise<string> => {
    await expect.poll(() => process.output()).toContain("report at http");
    return /report at (\S+)/.exec(process.output())?.[1] ?? "";
  };
  /** A page that counts what the browser complains about. */
  async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(url);
    await page.waitForSelector("html[data-ready]");
    return { page, complaints };
  }

  const isOpen = (row: Locator) => row.evaluate((each) => (each as unknown as { open: boolean }).open);

  test("it follows the traffic and keeps what the reader has open, chosen and focused", async () => {
    zetcd = await startCheck("127.0.0.1:0");
    const url = await urlOf(zetcd);
    const { page, complaints } = await open(url);
    await page.evaluate("globalThis.neverReloaded = true");
    expect(await page.locator("#divergences").textContent()).toContain("None so far.");
    await page.locator(".pulse", { hasText: /^Live$/ }).waitFor();

    const client = await connectTo(zetcd.port);
    await client.call("create", creation("/n", 0, Buffer.from("both")));
    await client.call("create", creation("/m", 0, Buffer.from("both")));
    await page.locator("h1", { hasText: /So far the candidate conforms: \d+ replies/ }).waitFor();

    // Behind the proxy's back, so that the two sides really differ.
    const direct = await connectTo(zookeeper.port);
    await direct.call("setData", setting("/n", "ZooKeeper alone"));
    await direct.call("delete", { path: "/m", version: -1 });
    await client.call("getData", { path: "/n", watch: false });
    await client.call("exists", { path: "/m", watch: false });
    const rows = page.locator("#divergences .cause");
    await expect.poll(() => rows.count(), { timeout: 30_000 }).toBe(2);
    await page.locator("h1", { hasText: "So far the candidate diverges" }).waitFor();
    expect(await page.title()).toMatch(/^diverges/);

    const row = rows.filter({ hasText: "exists" });
    await row.locator("> summary").click();
    await page.getByRole("searchbox").fill("exi");
    await page.getByLabel("Filter by operation").selectOption("exists");
    await page.getByRole("button", { name: /^Theme/ }).click();
    await page.getByRole("searchbox").focus();
    const before = await page.locator("h1").textContent();
    for (let i = 0; i < 3; i++) await client.call("exists", { path: "/m", watch: false });
    await row.locator(".num", { hasText: "× 4" }).waitFor({ timeout: 30_000 });
    expect(await page.locator("h1").textContent()).not.toBe(before);
    expect(await isOpen(row)).toBe(true);
    expect(await row.locator(".facts-line").textContent()).toContain("last at");
    await client.call("getChildren2", { path: "/n", watch: false });
    await expect.poll(() => rows.count(), { timeout: 30_000 }).toBe(3);
    expect(await page.getByLabel("Filter by operation").inputValue()).toBe("exists");
    expect(await rows.filter({ visible: true }).count()).toBe(1);
    expect(await page.getByRole("searchbox").inputValue()).toBe("exi");
    expect(await page.evaluate("document.activeElement.id")).toBe("search");
    expect(await page.getByRole("button", { name: /^Theme/ }).textContent()).toBe("Theme: light");
    expect(await page.evaluate("globalThis.neverReloaded")).toBe(true);

    const summary = JSON.parse((await ask(`${url}summary.json`)).body);
    expect(summary).toMatchObject({ verdict: "diverges", ended: false, mode: "live" });
    expect(summary.durationMs).toBeGreaterThan(0);

    client.close();
    direct.close();
    zetcd.signal("SIGTERM");
    await page.locator(".pulse", { hasText: "The run has ended" }).waitFor({ timeout: 30_000 });
    expect(await page.locator("h1").textContent()).toMatch(/^The candidate diverges/);
    expect(await isOpen(row)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a page outlives its server, and follows the next one on the same address", async () => {
    zetcd = await startCheck("127.0.0.1:0");
    const url = await urlOf(zetcd);
    const { page } = await open(url);
    await page.locator(".pulse", { hasText: /^Live$/ }).waitFor();
    await zetcd.kill();
    await page.locator(".pulse", { hasText: "Not connected" }).waitFor();
    zetcd = await startCheck(new URL(url).host);
    await page.locator(".pulse", { hasText: /^Live$/ }).waitFor({ timeout: 30_000 });
    const client = await connectTo(zetcd.port);
    await client.call("exists", { path: "/nowhere", watch: false });
    await page.locator("h1", { hasText: "So far the candidate conforms" }).waitFor({ timeout: 30_000 });
    client.close();
    await page.close();
  });

  test("an address that others can reach is warned about; one that is taken ends the program", async () => {
    zetcd = await startCheck("0.0.0.0:0");
    await expect.poll(() => zetcd?.output()).toContain("can be read by everyone who reaches this address");
    const taken = new URL(await urlOf(zetcd)).port;
    await expect(startCheck(`0.0.0.0:${taken}`)).rejects.toThrow(/EADDRINUSE/);
  });
});
