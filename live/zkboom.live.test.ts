import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { encodeConnectResponse } from "../src/protocol/connect.ts";
import type { Summary } from "../src/zkboom/summary.ts";
import { runBin, startBin } from "./bin.fixture.ts";

describe("zkboom and a real ZooKeeper", () => {
  let server: ZooKeeperServer;
  beforeAll(async () => {
    server = await startZooKeeper();
  });
  afterAll(() => server.stop());
  const zkctl = (...argv: string[]) => runBin("zkctl", ["--endpoints", server.address, ...argv]);
  const zkboom = (...argv: string[]) => runBin("zkboom", ["--endpoints", server.address, ...argv]);

  test("creates every znode once", async () => {
    await zkctl("create", "/made");
    const { code, out, err } = await zkboom(
      "--conns",
      "5",
      "--total",
      "300",
      "--pipeline",
      "4",
      "--json",
      "create",
      "--prefix",
      "/made/n",
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const summary = JSON.parse(out) as Summary;
    expect(summary).toMatchObject({ op: "create", succeeded: 300, errors: {} });
    expect(summary.fastestMs).toBeGreaterThan(0);
    expect(summary.perSecond).toBeCloseTo((300 / summary.elapsedMs) * 1000, 3);
    const { children } = JSON.parse((await zkctl("ls", "/made", "--json")).out);
    expect(children).toHaveLength(300);
    expect(children[299]).toBe("n299");
  });

  test("sets and gets, and closes its sessions", async () => {
    await zkctl("create", "/one");
    expect((await zkboom("--total", "20", "--pipeline", "20", "set", "/one", "--val-size", "5")).code).toBe(0);
    expect(JSON.parse((await zkctl("get", "/one", "--json")).out)).toMatchObject({
      data: "xxxxx",
      stat: { version: 20 },
    });
    expect((await zkboom("--total", "20", "--conns", "2", "get", "/one")).out).toContain("Requests/sec:");
    expect((await zkboom("--total", "20", "create", "--ephemeral", "--prefix", "/gone")).code).toBe(0);
    expect((await zkctl("ls", "/")).out).not.toContain("gone");
  });

  test("holds to a rate", async () => {
    const { out } = await zkboom("--rate", "100", "--total", "51", "--conns", "3", "--json", "get", "/");
    expect((JSON.parse(out) as Summary).elapsedMs).toBeGreaterThanOrEqual(490);
  });

  test("tells what it measured until it was interrupted", async () => {
    const all = ["--endpoints", server.address, "--total", "10000000", "--json", "get", "/"];
    const { child, ended } = startBin("zkboom", all);
    await sleep(1_000);
    child.kill("SIGINT");
    const { code, out, err } = await ended;
    expect({ code, err }).toEqual({ code: 130, err: "zkboom: interrupted before the end\n" });
    const summary = JSON.parse(out) as Summary;
    expect(summary.errors).toEqual({});
    expect(summary.succeeded).toBeGreaterThan(100);
    expect(summary.elapsedMs).toBeLessThan(2_000);
  });

  test("counts errors by name and ends with 1", async () => {
    const { code, out } = await zkboom("--total", "10", "get", "/nowhere");
    expect(code).toBe(1);
    expect(out).toMatch(/Error distribution:\n {2}\[10\]\tNONODE\n$/);
  });
});

describe("zkboom and servers that misbehave", () => {
  /** A server that grants a session and leaves the rest to the test. */
  async function serve(then: (socket: Socket) => void) {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        const response = {
          protocolVersion: 0,
          timeOut: 4000,
          sessionId: 1,
          passwd: new Uint8Array(16),
          readOnly: false,
        };
        const frame = encodeConnectResponse(response);
        const prefix = Buffer.alloc(4);
        prefix.writeInt32BE(frame.length);
        socket.write(Buffer.concat([prefix, frame]));
        then(socket);
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return {
      server,
      zkboom: (...argv: string[]) => runBin("zkboom", ["--endpoints", `127.0.0.1:${address.port}`, ...argv]),
    };
  }

  test.each<[string, RegExp, (socket: Socket) => void]>([
    ["never answers", /\[1\]\tno reply within 300 ms/, () => undefined],
    [
      "hangs up",
      /\[1\]\t(the server closed the connection|read ECONNRESET)/,
      (socket) => socket.on("data", () => socket.destroy()),
    ],
    [
      "answers another request",
      /\[1\]\treply 99 where 1 was due/,
      (socket) => socket.on("data", () => socket.write(Buffer.from(`0000001000000063${"00".repeat(12)}`, "hex"))),
    ],
    [
      "answers nonsense",
      /\[1\]\ta reply of -1 bytes/,
      (socket) => socket.on("data", () => socket.write(Buffer.alloc(32, 0xff))),
    ],
  ])("one that %s", async (_name, why, then) => {
    const { server, zkboom } = await serve(then);
    const { code, out, err } = await zkboom("--total", "5", "--timeout", "300", "get", "/a");
    server.close();
    expect(out).toMatch(why);
    expect(err).toBe("zkboom: all connections were lost before the end\n");
    expect(code).toBe(255);
  });

  test("none at all", async () => {
    const { code, err } = await runBin("zkboom", ["--endpoints", "127.0.0.1:1", "get", "/a"]);
    expect(err).toMatch(/^zkboom: no session \(127\.0\.0\.1:1: .*\); .*--endpoints\n$/);
    expect(code).toBe(255);
  });

  test("one that takes connections and says nothing", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const { code, err } = await runBin("zkboom", ["--endpoints", `127.0.0.1:${port}`, "--timeout", "300", "get", "/a"]);
    server.close();
    expect(err).toContain("no session within 300 ms");
    expect(code).toBe(255);
  });
});
