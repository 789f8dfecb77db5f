import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../src/protocol/client.ts";
import { runBin, runXchk } from "./bin.fixture.ts";
import { type Pair, startPair } from "./pair.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "zetcd-cleanup-"));
const digest = createHash("sha1").update("super:secret").digest("base64");
let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ javaOpts: [`-Dzookeeper.DigestAuthenticationProvider.superDigest=super:${digest}`] });
});
afterAll(async () => {
  await pair.stop();
  rmSync(home, { recursive: true, force: true });
});

/** What stands below some znodes of a server. */
async function standing(server: string, paths: readonly string[]): Promise<string[]> {
  const [host = "", port] = server.replace("zk://", "").split(":");
  const opened = await connect({ host, port: Number(port), timeoutMs: 4_000, connectWaitMs: 4_000 });
  if (opened.is !== "granted") throw new Error(`no session at ${server}`);
  const lists = paths.map(async (path) => {
    const { body } = await opened.client.call("getChildren", { path, watch: false });
    return (body?.children ?? []).map((name) => join(path, name ?? ""));
  });
  const all = (await Promise.all(lists)).flat();
  opened.client.close();
  return all.sort();
}

/** A run that protects many znodes, and counts some of them. */
const fuzz = (...words: string[]) => {
  const run = ["fuzz", "--seed", "1", "--surface", "full", "--profile", "acl", "--ops", "4000", ...words];
  return runXchk(home, [...run, ...pair.flags]);
};

test("what lists protect stays on given servers, and it is said how it goes", { timeout: 60_000 }, async () => {
  const { code, out } = await fuzz();
  expect(code, out).toBe(0);
  for (const server of [pair.candidate, pair.oracle]) {
    const staying = (await standing(server, ["/"])).filter((path) => path !== "/zookeeper");
    expect(staying.length).toBeGreaterThan(0);
    const address = server.replace("zk://", "");
    const subtrees = staying.length === 1 ? "a subtree" : `${staying.length} subtrees`;
    expect(out).toContain(`zookeeper ${address} keeps ${subtrees} of this run`);
    const told = out.split("\n").find((line) => line.includes(`bin/zkctl --endpoints ${address}`));
    const [, words = ""] = told?.replace("SECRET", "secret").split("bin/zkctl ") ?? [];
    for (const path of staying) await runBin("zkctl", words.replace("PATH", path).split(" "));
    expect(await standing(server, ["/", "/zookeeper/quota"])).toEqual(["/zookeeper"]);
  }
});

test("whom lists let remove everything does", { timeout: 60_000 }, async () => {
  const { code, out } = await fuzz("--cleanup-auth", "digest:super:secret");
  expect(code, out).toBe(0);
  expect(out).not.toContain("keeps");
  for (const server of [pair.candidate, pair.oracle])
    expect(await standing(server, ["/", "/zookeeper/quota"])).toEqual(["/zookeeper"]);
});

test.each(["hush-hush", ":hush-hush"])("a credential without a scheme, %s, is not repeated", async (text) => {
  const { code, err } = await runBin("xchk", ["fuzz", "--cleanup-auth", text]);
  expect(code).toBe(254);
  expect(err).toContain("is not SCHEME:CREDENTIAL");
  expect(err).not.toContain("hush");
});
