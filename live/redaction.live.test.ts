/** What users keep in znodes, and what they prove themselves with, stands in no journal, report or log unless they ask for it. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Summary } from "../reports/summary.ts";
import { runBin, summaryIn } from "./bin.fixture.ts";
import { connectTo, creation, setting, startProxy } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let zookeeper: ZooKeeperServer;
const root = mkdtempSync(join(tmpdir(), "redaction-"));
beforeAll(async () => {
  [etcd, zookeeper] = await Promise.all([startEtcd(), startZooKeeper()]);
});
afterAll(async () => {
  await Promise.all([etcd?.stop(), zookeeper?.stop()]);
  rmSync(root, { recursive: true });
});

/** A text in the forms in which a program may let it slip. */
const formsOf = (secret: string | Buffer): string[] => {
  const bytes = Buffer.from(secret);
  const texts = typeof secret === "string" ? [secret] : [];
  return [
    ...texts,
    bytes.toString("hex"),
    bytes.toString("base64").replace(/=+$/, ""),
    JSON.stringify([...bytes]).slice(1, -1),
  ];
};

/** Which of these are to be read in what was written, and in which file. */
function found(secrets: Readonly<Record<string, string | Buffer>>, texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(texts)
      .filter(([, text]) => formsOf(secret).some((form) => text.toLowerCase().includes(form.toLowerCase())))
      .map(([file]) => `${name} in ${file}`),
  );
}

/** The files of a report directory, counterexamples aside. */
const reportsIn = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(dir, name), "utf8")]),
  );

/** What a cross-check of secrets left behind. `texts` is all that was written, by file or path. */
interface Checked {
  readonly texts: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<"first" | "changed" | "behind" | "inMulti", string>>;
  readonly secrets: Readonly<Record<string, string | Buffer>>;
  readonly summary: Summary;
}

describe("zetcd", () => {
  /** Sessions that differ on both sides in all that is to be kept secret; what they wrote, and what was written about it. */
  async function check(flags: readonly string[]): Promise<Checked> {
    const dir = mkdtempSync(join(root, "live-"));
    const proxy = await startProxy(etcd, [
      ...["--debug-zkbridge", zookeeper.address, "--debug-oracle", "zk", "--log-level", "debug"],
      ...["--report-dir", dir, "--report-addr", "127.0.0.1:0", ...flags],
    ]);
    const name = `/${randomUUID()}`;
    const password = `password-${randomUUID()}`;
    const hashed = createHash("sha1").update(`ann:${password}`).digest("base64");
    const other = createHash("sha1").update(`ann:${randomUUID()}`).digest("base64");
    const [first, changed, behind, inMulti] = ["first", "changed", "behind", "multi"].map(
      (each) => `${each} ${randomUUID()}`,
    );
    const client = await connectTo(proxy.port);
    const direct = await connectTo(zookeeper.port);
    const digestAcl = (id: string) => [{ perms: 31, id: { scheme: "digest", id } }, ...creation("/").acl];
    const create = { ...creation(name, 0, Buffer.from(first ?? "")) };
    await client.call("auth", { type: 0, scheme: "digest", auth: Buffer.from(`ann:${password}`) });
    await client.call("create", create);
    await client.call("setData", setting(name, changed ?? ""));
    await client.call("setACL", { path: name, acl: digestAcl(`ann:${hashed}`), version: -1 });
    // Behind the proxy's back, so that the replies differ in data and digests.
    await direct.call("setData", setting(name, behind ?? ""));
    await direct.call("setACL", { path: name, acl: digestAcl(`ann:${other}`), version: -1 });
    await client.call("getData", { path: name, watch: false });
    await client.call("getACL", { path: name });
    await client.call("whoAmI", {});
    await client.call("setData", setting(name, inMulti ?? "", 1));
    const session = Buffer.from(client.granted.passwd ?? "");
    const resumed = await connectTo(proxy.port, {
      sessionId: client.granted.sessionId,
      passwd: client.granted.passwd,
    }).catch(() => undefined);
    const url = /report at (\S+)/.exec(proxy.output())?.[1] ?? "";
    const served = Object.fromEntries(
      await Promise.all(
        ["", "data.json", "summary.json"].map(
          async (path) => [`/${path}`, await (await fetch(url + path)).text()] as const,
        ),
      ),
    );
    for (const each of [client, direct, resumed]) each?.close();
    proxy.signal("SIGTERM");
    await expect.poll(() => existsSync(join(dir, "junit.xml")), { timeout: 30_000 }).toBe(true);
    await proxy.kill();
    return {
      texts: { ...reportsIn(dir), ...served, log: proxy.output() },
      data: { first: first ?? "", changed: changed ?? "", behind: behind ?? "", inMulti: inMulti ?? "" },
      secrets: { password, hashed, other, session },
      summary: summaryIn(dir),
    };
  }

  test("keeps data, passwords and digests to itself", async () => {
    const { texts, data, secrets, summary } = await check([]);
    expect(summary.divergences.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(["getData", "getACL"]),
    );
    expect(Object.keys(texts).sort()).toEqual(
      expect.arrayContaining(["/", "/data.json", "journal.jsonl", "junit.xml", "log", "report.html", "summary.json"]),
    );
    expect(found({ ...data, ...secrets }, texts)).toEqual([]);
    expect(texts["journal.jsonl"]).toContain(" bytes sha256:");
  });

  test("shows data when it is told to, and nothing else", async () => {
    const { texts, data, secrets } = await check(["--reveal"]);
    expect(found({ behind: data.behind }, texts)).toContain("behind in journal.jsonl");
    expect(found({ behind: data.behind }, texts)).toContain("behind in report.html");
    expect(found(secrets, texts)).toEqual([]);
  });
});

describe("xchk", () => {
  const data = `znode data ${randomUUID()}`;
  const password = `password-${randomUUID()}`;
  const scenario = {
    why: "data, an identity and a lie about the data",
    source: "DataTree.getData",
    sessions: ["a"],
    steps: [
      { by: "a", op: "auth", scheme: "digest", auth: `ann:${password}` },
      { by: "a", op: "create", path: "/n", data },
      { by: "a", op: "setData", path: "/n", data: `${data}!` },
      { by: "a", op: "getData", path: "/n" },
    ],
  };

  async function replay(
    flags: readonly string[],
  ): Promise<{ code: number | null; out: string; texts: Record<string, string> }> {
    const dir = mkdtempSync(join(root, "xchk-"));
    const file = join(dir, "scenario.json");
    writeFileSync(file, JSON.stringify(scenario));
    const candidate = `etcd://${etcd.endpoints.map((url) => new URL(url).host).join(",")}`;
    const words = ["replay", file, "--candidate", candidate, "--oracle", `zk://${zookeeper.address}`];
    const reportDir = join(dir, "report");
    const lie = ["--mutant", "data-truncated"];
    const { code, out, err } = await runBin("xchk", [...words, ...lie, "--report-dir", reportDir, ...flags]);
    const said = out + err;
    return { code, out: said, texts: { ...reportsIn(reportDir), out: said } };
  }

  test("keeps a scenario's data and passwords out of journal and reports", async () => {
    const { code, out, texts } = await replay([]);
    expect(code, out).toBe(1);
    expect(texts["journal.jsonl"]).toContain('"event":"counterexample"');
    expect(found({ data, password }, texts)).toEqual([]);
  });

  test("shows data when it is told to, and no password even then", async () => {
    const { code, out, texts } = await replay(["--reveal"]);
    expect(code, out).toBe(1);
    expect(found({ data }, texts)).toContain("data in report.html");
    expect(found({ password }, texts)).toEqual([]);
  });
});
