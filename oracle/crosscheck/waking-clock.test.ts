import { describe, expect, test } from "vitest";
import { eventTypes } from "../../src/protocol/opcodes.ts";
import { standStill } from "../../src/protocol/standing-still.fixture.ts";
import { Bench, eventFrame, replyFrame, stat } from "./scripted.fixture.ts";

const exists = (xid: number) => replyFrame("exists", { xid, body: { stat: stat() } });

describe("a program that stood still blames nobody", () => {
  test("for an answer that has come meanwhile", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    client.at.oracle?.send(exists(1));
    await standStill(300);
    client.at.candidate?.send(exists(1));
    await bench.crosscheck.settled();
    expect(bench.steps()).toMatchObject([{ verdict: "match" }]);
    await bench.crosscheck.close();
  });

  test("for an event that has come meanwhile", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.at.oracle?.send(eventFrame(eventTypes.created, "/a"));
    await standStill(300);
    client.at.candidate?.send(eventFrame(eventTypes.created, "/a"));
    await bench.crosscheck.settled();
    expect(bench.notifications()).toMatchObject([{ verdict: "match" }]);
    await bench.crosscheck.close();
  });

  test.each([["candidate"], ["oracle"]] as const)("for a handshake that the %s waited for in vain", async (side) => {
    const bench = new Bench();
    const server = bench.servers[side];
    server.answer = "closed";
    server.opensInMs = 10;
    const opening = bench.client("s");
    await standStill(300);
    server.answer = "granted";
    const client = await opening;
    expect(client.opened.is).toBe("granted");
    expect(bench.divergences()).toEqual([]);
    await bench.crosscheck.close();
  });

  test.each([
    { stoodMs: 400, told: [] },
    { stoodMs: 20, told: [{ differences: [{ is: "closed", on: "candidate" }] }] },
  ])("for a session that may have expired: after $stoodMs of 500 ms", async ({ stoodMs, told }) => {
    const bench = new Bench();
    for (const server of Object.values(bench.servers)) server.timeOut = 500;
    const client = await bench.client("s");
    await standStill(stoodMs);
    client.send(1, "exists", { path: "/a", watch: false });
    client.at.candidate?.hangUp();
    client.at.oracle?.send(exists(1));
    await bench.crosscheck.settled();
    expect(bench.divergences().filter(({ verdict }) => verdict === "diverges")).toMatchObject(told);
    await bench.crosscheck.close();
  });
});
