import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { AgreeableDoor } from "./agreeable-door.fixture.ts";
import type { Door } from "./connection.ts";
import type { Cell } from "./coverage/cells.ts";
import { CaseStates } from "./coverage/states.ts";
import type { Scenario, Step } from "./format.ts";
import { runScenario } from "./run.ts";
import { caseLimits } from "./seat.ts";

const scenario = (steps: readonly Step[], rest: Partial<Scenario> = {}): Scenario => ({
  ...{ why: "w", source: "s", pace: "pipelined", sessions: [...new Set(steps.map((step) => step.by))], steps },
  ...rest,
});

async function logOf(steps: readonly Step[], door = new AgreeableDoor()) {
  const outcome = await runScenario(scenario(steps), { door, name: "c", root: "/x/r" });
  const start = door.log.indexOf("a create /x/r") + 1;
  return { outcome, log: door.log.slice(start), whole: door.log };
}

describe("running a scenario", () => {
  test("opens sessions, makes the root, reads it at the end and closes", async () => {
    const { whole, outcome } = await logOf([
      { by: "a", op: "exists", path: "/n" },
      { by: "b", op: "ping" },
    ]);
    expect(whole).toEqual([
      ...["a connect new", "b connect new", "a create /x", "a create /x/r"],
      ...["a exists /x/r/n", "b ping", "a exists /x/r", "b exists /x/r", "a closeSession", "b closeSession"],
      ...["a gone", "b gone"],
    ]);
    expect(outcome).toEqual({ is: "done", steps: 2 });
  });

  test("waits for a reply only where a later step needs it", async () => {
    const door = new AgreeableDoor(20);
    const started = performance.now();
    const many = Array.from({ length: 30 }, (): Step => ({ by: "a", op: "exists", path: "/n" }));
    await logOf(many, door);
    expect(performance.now() - started).toBeLessThan(400);
  });

  test("takes the answer to a ping that bears another xid for the one it waits for", async () => {
    const { outcome, log } = await logOf([
      { by: "a", op: "raw", hex: "000000070000000b", reply: true },
      { by: "a", op: "exists", path: "/n" },
    ]);
    expect(outcome).toEqual({ is: "done", steps: 2 });
    expect(log).toEqual(["a ping", "a exists /x/r/n", "a exists /x/r", "a closeSession", "a gone"]);
  });

  test("goes on at once with the old connection where a server does not answer a resume", async () => {
    const door = new AgreeableDoor();
    door.isMute = true;
    const started = performance.now();
    const { outcome, log } = await logOf(
      [
        { by: "a", op: "reconnect", seen: { newest: 1 } },
        { by: "a", op: "exists", path: "/n" },
      ],
      door,
    );
    expect(outcome).toEqual({ is: "done", steps: 2 });
    expect(performance.now() - started).toBeLessThan(caseLimits.hangUpWaitMs);
    expect(log).toEqual(["a connect resume", ...["a exists /x/r/n", "a exists /x/r", "a closeSession", "a gone"]]);
  });

  test("ends at once when it is given up, and comes back for nothing", async () => {
    const door = new AgreeableDoor(300);
    const run = new AbortController();
    const steps: Step[] = [
      { by: "a", op: "sync", path: "/n" },
      { by: "a", op: "drop" },
      { by: "a", op: "exists", path: "/n" },
    ];
    const running = runScenario(scenario(steps), { door, name: "c", root: "/x/r", giveUp: run.signal });
    await sleep(20);
    run.abort();
    expect(await running).toEqual({ is: "given-up", steps: 2 });
    await sleep(400);
    expect(door.log.slice(1)).toEqual(["a create /x", "a create /x/r", "a sync /x/r/n", "a gone"]);
  });

  test("does not begin when it is given up before", async () => {
    const door = new AgreeableDoor();
    const how = { door, name: "c", root: "/x/r", giveUp: AbortSignal.abort() };
    expect(await runScenario(scenario([{ by: "a", op: "exists", path: "/n" }]), how)).toEqual({
      is: "given-up",
      steps: 0,
    });
    expect(door.log).toEqual([]);
  });

  test("sends the path that a create was answered, also to another session", async () => {
    const { log } = await logOf(
      [
        { by: "a", op: "create", path: "/s-", flags: "sequential", bind: "p" },
        { by: "b", op: "getData", path: { ref: "p", below: "/c" } },
      ],
      new AgreeableDoor(5),
    );
    expect(log).toContain("b getData /x/r/s-7/c");
  });

  test("asks for a node's version as its own session saw it", async () => {
    const { log } = await logOf([
      { by: "a", op: "setData", path: "/n", version: { last: 0 } },
      { by: "a", op: "setData", path: "/n", version: { last: 1 } },
    ]);
    expect(log.slice(0, 2)).toEqual(["a setData /x/r/n v0", "a setData /x/r/n v1"]);
  });

  test("resumes after a drop, and opens anew after a close", async () => {
    const { log } = await logOf([
      { by: "a", op: "drop" },
      { by: "a", op: "exists", path: "" },
      { by: "a", op: "closeSession" },
      { by: "a", op: "exists", path: "" },
    ]);
    expect(log.filter((line) => !line.startsWith("a exists"))).toEqual([
      ...["a gone", "a connect resume", "a closeSession", "a gone", "a connect new", "a closeSession", "a gone"],
    ]);
  });

  test("reconnects as told, and closes the session that it left behind", async () => {
    const { log } = await logOf([{ by: "a", op: "reconnect", as: "new" }]);
    expect(log).toEqual([
      ...["a connect new", "a gone", "a exists /x/r", "a closeSession", "a gone"],
      ...["a connect resume", "a closeSession", "a gone"],
    ]);
  });

  test("comes back with a new connection when the server hangs up on an auth", async () => {
    const door = new AgreeableDoor();
    door.refuses.set("auth", -115);
    const { log } = await logOf(
      [
        { by: "a", op: "auth", scheme: "nosuch", auth: "x" },
        { by: "a", op: "ping" },
      ],
      door,
    );
    expect(log.slice(0, 4)).toEqual(["a auth", "a gone", "a connect resume", "a ping"]);
  });

  test("ends early when it is over, but still makes silence a fact", async () => {
    const door = new AgreeableDoor();
    const steps = Array.from({ length: 5 }, (): Step => ({ by: "a", op: "ping" }));
    const isOver = () => door.log.filter((line) => line === "a ping").length >= 2;
    const outcome = await runScenario(scenario(steps), { door, name: "c", root: "/x/r", isOver });
    expect(outcome).toEqual({ is: "done", steps: 2 });
    expect(door.log).toContain("a closeSession");
  });

  test("is lost when the root cannot be made or no session is given", async () => {
    const door = new AgreeableDoor();
    door.refuses.set("create /x/r", -101);
    expect((await logOf([{ by: "a", op: "ping" }], door)).outcome).toMatchObject({ is: "lost", steps: 0 });
    const closed: Door = { open: async () => ({ is: "closed", reason: "no" }), settled: async () => undefined };
    expect(await runScenario(scenario([{ by: "a", op: "ping" }]), { door: closed, name: "c", root: "/x/r" })).toEqual({
      ...{ is: "lost", steps: 0, reason: "session a cannot be opened" },
    });
  });

  test.each([
    [undefined, "is not known", 0],
    [60_000, "is long", 0],
    [50, "is short", 200],
  ])("gives servers time to remove what is due where that %s ms %s", async (reapEveryMs, _, waitedMs) => {
    const door = new AgreeableDoor();
    const steps: readonly Step[] = [
      { by: "a", op: "reap" },
      { by: "b", op: "exists", path: "/n" },
    ];
    const started = performance.now();
    const outcome = await runScenario(scenario(steps), { door, name: "c", root: "/x/r", reapEveryMs });
    expect(performance.now() - started).toBeGreaterThanOrEqual(waitedMs);
    const before = door.log.slice(door.log.indexOf("a create /x/r") + 1, door.log.indexOf("b exists /x/r/n"));
    expect([...new Set(before)]).toEqual(waitedMs === 0 ? [] : ["a ping", "b ping"]);
    expect(outcome).toEqual({ is: "done", steps: 2 });
  });

  test.each(["/x", "/x/r"])("is lost when %s of its root cannot be made", async (path) => {
    const door = new AgreeableDoor();
    door.refuses.set(`create ${path}`, -110);
    const { outcome } = await logOf([{ by: "a", op: "exists", path: "" }], door);
    expect(outcome).toMatchObject({ is: "lost", reason: expect.stringContaining(`${path} could not be created`) });
  });

  test("makes room for quotas where a step names one, and goes on where there is none", async () => {
    const door = new AgreeableDoor();
    door.refuses.set("create /zookeeper/quota/x", -101);
    const { outcome, log } = await logOf([{ by: "a", op: "getData", path: { quota: "/a" } }], door);
    expect(log.slice(0, 3)).toEqual([
      ...["a create /zookeeper/quota/x", "a create /zookeeper/quota/x/r", "a getData /zookeeper/quota/x/r/a"],
    ]);
    expect(outcome).toEqual({ is: "done", steps: 1 });
  });

  test("who quotes a zxid begins with that of the root, or of a write in silence where others ask too", async () => {
    const quote: Step = { by: "b", op: "setWatches", since: { newest: 0 }, data: ["/n"] };
    const alone = await logOf([{ by: "b", op: "sync", path: "" }, quote]);
    expect(alone.whole.slice(1, 5)).toEqual([
      ...["b create /x", "b create /x/r", "b sync /x/r", "b setWatches since 2"],
    ]);
    const { log } = await logOf([{ by: "a", op: "sync", path: "" }, quote]);
    expect(log.slice(0, 3)).toEqual(["b create /x/mark", "a sync /x/r", "b setWatches since 3"]);
  });

  test.each(["alone", "among others"])("marks a newer zxid now and then, and after a reconnect: %s", async (how) => {
    const others: Step[] = how === "alone" ? [] : [{ by: "b", op: "exists", path: "/n" }];
    const quote: Step = { by: "a", op: "setWatches", since: { newest: 0 }, data: ["/n"] };
    const { whole } = await logOf([
      ...others,
      ...Array.from({ length: 16 }, (): Step => ({ by: "a", op: "exists", path: "/n" })),
      ...[quote, { by: "a", op: "reconnect" } as const, quote],
    ]);
    const requests = whole.filter((line) => !/^. (connect|gone)/.test(line));
    const marks = requests.flatMap((line, at) => (/^a (create|delete) \/x\/mark/.test(line) ? [at + 1] : []));
    expect(marks.length).toBe(how === "alone" ? 2 : 3);
    expect(marks.map((place) => requests[place - 1]?.split(" ")[1])).toEqual(
      ["create", "delete", "create"].slice(0, marks.length),
    );
    expect(requests.filter((line) => line.startsWith("a setWatches"))).toEqual(
      marks.slice(-2).map((zxid) => `a setWatches since ${zxid}`),
    );
  });

  test("tells the states of every reply and every fault, once each", async () => {
    const cells: Cell[] = [];
    const states = new CaseStates("/x/r", (cell) => cells.push(cell));
    const steps: Step[] = [
      { by: "a", op: "create", path: "/s-", flags: "sequential", bind: "p" },
      { by: "a", op: "create", path: { ref: "p", below: "/s-" }, flags: "ephemeral-sequential", bind: "p" },
      { by: "a", op: "setData", path: { ref: "p" } },
      { by: "b", op: "drop" },
      { by: "b", op: "ping" },
    ];
    await runScenario(scenario(steps), { door: new AgreeableDoor(), name: "c", root: "/x/r", states });
    expect(cells.map(({ op, node, session }) => `${op} ${node} ${session}`)).toEqual([
      ...["create missing fresh", "create missing fresh", "create missing fresh"],
      ...["setData ephemeral-own holding", "ping outside resumed"],
      ...[
        "exists parent holding",
        "exists parent resumed",
        "closeSession outside holding",
        "closeSession outside resumed",
      ],
    ]);
  });
});
