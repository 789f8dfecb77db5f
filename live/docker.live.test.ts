import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { dockerProblem, images, startEtcdInDocker, startZooKeeperInDocker } from "../oracle/servers/docker.ts";
import { ServerFailed } from "../oracle/servers/process.ts";
import { fourLetterWord, httpGet } from "../oracle/servers/readiness.ts";

const problem = await dockerProblem();

test("docker-compose.yml pins the images that testcontainers starts", async () => {
  const compose = parse(await readFile(new URL("../docker-compose.yml", import.meta.url), "utf8"), { merge: true });
  const imageOf = (service: string) => String(compose.services[service].image).replace(/^\$\{\w+:-(.*)\}$/, "$1");
  expect(imageOf("etcd")).toBe(images.etcd);
  expect(imageOf("zookeeper")).toBe(images.zookeeper);
  expect(imageOf("zookeeper-twin")).toBe(images.zookeeper);
});

if (problem !== undefined) test.skip(`Docker does not answer here, so nothing is started in it: ${problem}`);

describe.skipIf(problem !== undefined)("in Docker", () => {
  test("etcd answers, and is gone when stopped", async () => {
    const etcd = await startEtcdInDocker();
    try {
      expect(etcd.version).toMatch(/^3\.\d+\.\d+/);
      expect(await httpGet(`${etcd.clientUrl}/health`)).toContain("true");
    } finally {
      await etcd.stop();
    }
    expect(await httpGet(`${etcd.clientUrl}/health`)).toBeUndefined();
  });

  test("ZooKeeper answers with the configuration it was given", async () => {
    const zookeeper = await startZooKeeperInDocker({ tickTime: "700" });
    try {
      expect(await fourLetterWord(zookeeper, "ruok")).toBe("imok");
      expect(await fourLetterWord(zookeeper, "conf")).toContain("tickTime=700");
    } finally {
      await zookeeper.stop();
    }
    expect(await fourLetterWord(zookeeper, "ruok")).toBeUndefined();
  });

  test("a server that cannot start fails at once, with its own words", { timeout: 20_000 }, async () => {
    const attempt = startZooKeeperInDocker({ tickTime: "soon" });
    await expect(attempt).rejects.toThrow(ServerFailed);
    await expect(attempt).rejects.toThrow(/NumberFormatException/);
  });
});
