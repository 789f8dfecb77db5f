import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseRequest } from "../../oracle/crosscheck/request.ts";
import type { OpName } from "../../src/protocol/opcodes.ts";
import { encodeStep, type RequestStep } from "../encode.ts";
import type { Step } from "../format.ts";
import { Memory } from "../references.ts";
import { validateScenario } from "../validate.ts";
import { hazardOf } from "./hazards.ts";
import { moodsOf } from "./moods.ts";
import { BadProfile, loadProfile, profileHash, profiles } from "./profile.ts";
import { generator, moodsBySeed, sessionLabels } from "./sequence.ts";

const names = Object.keys(profiles);
const plan = (name: string, rest: { surface?: "core" | "full"; allowHazards?: boolean } = {}) => ({
  seed: 7,
  profile: { ...loadProfile(name), surface: rest.surface ?? ("full" as const) },
  allowHazards: rest.allowHazards ?? false,
});
const isFault = (step: Step) => ["drop", "reconnect", "expire", "reap", "raw"].includes(step.op);

describe("generated sequences", () => {
  test.each(names)("of profile %s are scenarios, every step of them can be sent, none is a hazard", (name) => {
    const at = generator(plan(name));
    const hazards: Step[] = [];
    for (let index = 0; index < 60; index++) {
      const scenario = validateScenario(JSON.parse(JSON.stringify(at(index))), name);
      expect(scenario.steps.length).toBeGreaterThanOrEqual(loadProfile(name).stepsMax / 2);
      for (const step of scenario.steps) {
        if (hazardOf(step) !== undefined) hazards.push(step);
        if (!isFault(step)) encodeStep(step as RequestStep, new Memory("/x1"), 1);
      }
    }
    expect(hazards).toEqual([]);
  });

  test("are named by seed and number", () => {
    expect(generator(plan("default"))(5)).toEqual(generator(plan("default"))(5));
    expect(generator(plan("default"))(5)).not.toEqual(generator(plan("default"))(6));
    expect(generator({ ...plan("default"), seed: 8 })(5).steps).not.toEqual(generator(plan("default"))(5).steps);
  });

  test("begin with what their aim is to meet, made by what the profile sends", () => {
    const moods = moodsOf(plan("default").profile);
    const moodAt = moodsBySeed(moods, 7);
    const at = generator(plan("default"));
    const made = {
      persistent: "create",
      again: "create",
      emptied: "delete",
      ephemeral: "create",
      container: "createContainer",
      ttl: "createTTL",
    };
    let aimed = 0;
    for (let index = 0; index < 120; index++) {
      const { aim } = moods[moodAt(index)] ?? {};
      if (aim === undefined) continue;
      aimed++;
      const ops = at(index)
        .steps.slice(0, 6)
        .map(({ op }) => op);
      expect(ops, aim.meets).toContain(made[aim.meets]);
    }
    expect(aimed).toBeGreaterThan(30);
    const quiet = { ...loadProfile("default"), weights: { create: 1, getData: 1 } };
    const alone = generator({ ...plan("default"), profile: quiet });
    for (let index = 0; index < 60; index++)
      expect(alone(index).steps.filter(({ op }) => op !== "create" && op !== "getData")).toEqual([]);
  });

  test("cover every operation of their surface", () => {
    const ops = (surface: "core" | "full") => {
      const at = generator(plan("default", { surface }));
      return new Set(Array.from({ length: 200 }, (_, i) => at(i).steps.map((step) => step.op)).flat());
    };
    expect([...ops("core")].sort()).toEqual(
      "auth closeSession create create2 delete drop exists expire getACL getChildren getChildren2 getData multi ping raw reconnect setACL setData setWatches sync".split(
        " ",
      ),
    );
    for (const op of ["addWatch", "removeWatches", "checkWatches", "multiRead", "getEphemerals", "whoAmI", "createTTL"])
      expect(ops("full")).toContain(op);
  });

  test("ask for what there is not, and under xids that no client uses", () => {
    const at = generator(plan("default"));
    const asked = Array.from({ length: 2_000 }, (_, i) => at(i).steps)
      .flat()
      .flatMap((step) => (step.op === "raw" ? [parseRequest(Buffer.from(step.hex, "hex"))] : []));
    const xidsOf = (op: OpName | undefined) =>
      new Set(asked.filter((one) => one.op === op).map(({ frame }) => frame.readInt32BE(0)));
    expect(xidsOf(undefined)).toEqual(new Set([0x7ffffff0]));
    expect(xidsOf("ping")).toEqual(new Set([7, -9]));
    expect(xidsOf("sync")).toEqual(new Set([0, -2, -9]));
    expect(xidsOf("auth")).toEqual(new Set([0x7ffffff0]));
    expect(asked.filter(({ op, operations }) => op !== undefined && operations === undefined)).toEqual([]);
  });

  test("ask who watches a path only where nobody else does", () => {
    const at = generator(plan("names", { surface: "full" }));
    const asked = Array.from({ length: 600 }, (_, i) => at(i).steps)
      .flat()
      .flatMap((step) => (step.op === "checkWatches" ? [step.path] : []));
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((path) => path === null || (typeof path === "object" && "exact" in path))).toEqual([]);
  });

  test("check no version of what tells of a server's ensemble", () => {
    const at = generator(plan("multi"));
    const named = Array.from({ length: 2_000 }, (_, i) => at(i).steps)
      .flat()
      .flatMap((step) => (step.op === "multi" ? step.ops : step.op === "delete" ? [step] : []))
      .filter(({ path }) => typeof path === "object" && path !== null && "exact" in path && /config/.test(path.exact));
    expect(new Set(named.map(({ op }) => op))).toEqual(new Set(["delete"]));
  });

  test("let a session expire and znodes go by themselves early in a run and then seldom, unless the profile forbids it", () => {
    const slowOnes = (op: Step["op"], name: string, surface: "core" | "full") => {
      const at = generator(plan(name, { surface }));
      const numbers = [...Array.from({ length: 600 }, (_, i) => i), 2_088, 2_089];
      return numbers.filter((index) => at(index).steps.some((step) => step.op === op));
    };
    expect(slowOnes("expire", "default", "full")).toEqual([40, 42, 44, 46, 2_088]);
    expect(slowOnes("reap", "default", "full")).toEqual([41, 43, 45, 47, 2_089]);
    expect(slowOnes("expire", "default", "core")).toEqual([40, 41, 42, 43, 2_088, 2_089]);
    expect(slowOnes("reap", "default", "core")).toEqual([]);
    for (const op of ["expire", "reap"] as const) expect(slowOnes(op, "live", "full")).toEqual([]);
    const at = generator(plan("default"));
    expect([40, 48].map((index) => at(index).timeoutMs)).toEqual([4_000, 30_000]);
  });

  test("hold hazards when they are asked for, and only then", () => {
    const at = generator(plan("default", { allowHazards: true }));
    const found = Array.from({ length: 200 }, (_, i) =>
      at(i).steps.filter((step) => hazardOf(step) !== undefined),
    ).flat();
    expect(new Set(found.map((step) => step.op)).size).toBeGreaterThanOrEqual(4);
  });

  test("use as many sessions as the profile says", () => {
    expect(sessionLabels(28).slice(-3)).toEqual(["z", "s27", "s28"]);
    expect(generator({ ...plan("default"), profile: { ...loadProfile("default"), sessions: 1 } })(0).sessions).toEqual([
      "a",
    ]);
  });
});

describe("a hazard", () => {
  test.each<[Step, boolean]>([
    [{ by: "a", op: "createTTL", path: "/n", flags: "persistent", ttl: -1 }, true],
    [{ by: "a", op: "createTTL", path: "/n", flags: 7, ttl: -1 }, true],
    [{ by: "a", op: "createTTL", path: "/n", ttl: -1 }, false],
    [{ by: "a", op: "createTTL", path: "/n", flags: "persistent", ttl: 0 }, false],
    [{ by: "a", op: "check", path: "/n" }, true],
    [{ by: "a", op: "check", path: "/n", version: 0 }, true],
    [{ by: "a", op: "check", path: "/n", version: -7 }, false],
    [{ by: "a", op: "addWatch", path: null, mode: 0 }, true],
    [{ by: "a", op: "setWatches2", since: 0, data: [], exist: [], child: [], recursive: ["/n", null] }, true],
    [{ by: "a", op: "setWatches2", since: 0, data: [null], exist: [null], child: [null], recursive: ["/n"] }, false],
    [{ by: "a", op: "deleteContainer", path: "/n" }, true],
    [{ by: "a", op: "raw", hex: "000000010000001000000032", reply: true }, true],
    [{ by: "a", op: "raw", hex: "000000010000000e", reply: true }, false],
    [{ by: "a", op: "create", path: { exact: "/zookeeper/quota/a" } }, true],
    [{ by: "a", op: "getData", path: { exact: "/zookeeper/quota/a" } }, false],
    [{ by: "a", op: "multi", ops: [{ op: "setData", path: { exact: "/zookeeper/quota/a/zookeeper_stats" } }] }, true],
    [{ by: "a", op: "multi", ops: [{ op: "check", path: "/n" }] }, false],
    [
      {
        by: "a",
        op: "multi",
        ops: [
          { op: "check", path: "/n" },
          { op: "create", path: null },
        ],
      },
      true,
    ],
    [{ by: "a", op: "create", path: { quota: "/zookeeper_limits" }, data: "count=3,bytes=20" }, false],
    [{ by: "a", op: "create", path: { quota: "/zookeeper_limits" } }, true],
    [{ by: "a", op: "setData", path: { quota: "/a/zookeeper_stats" }, data: "x" }, true],
    [{ by: "a", op: "create", path: { quota: "/a" } }, false],
    [{ by: "a", op: "delete", path: { quota: "/a/zookeeper_stats" } }, false],
  ])("%j: %j", (step, isHazard) => {
    expect(hazardOf(step) !== undefined).toBe(isHazard);
  });
});

describe("a profile", () => {
  test("is found by name, and a wrong name is told the right ones", () => {
    expect(loadProfile("multi").weights.multi).toBeGreaterThan(10);
    expect(() => loadProfile("mutli")).toThrow(BadProfile);
    expect(() => loadProfile("mutli")).toThrow("default, watches, multi");
    expect(() => loadProfile("./nope.json")).toThrow("./nope.json");
  });

  test("may come from a file, which names one of the surfaces or none", () => {
    const file = join(mkdtempSync(join(tmpdir(), "zetcd-profile-")), "p.json");
    const loaded = (content: object) => {
      writeFileSync(file, JSON.stringify(content));
      return loadProfile(file);
    };
    expect(loaded({ sessions: 2 })).toEqual({ ...loadProfile("default"), name: file, sessions: 2 });
    expect(loaded({ surface: "full" }).surface).toBe("full");
    expect(() => loaded({ surface: "ful" })).toThrow('"surface" must be one of core, full');
    expect(() => loaded({ surface: 1 })).toThrow('"surface" must be like "core"');
  });

  test("has a hash of its content, not of its name", () => {
    const one = loadProfile("default");
    expect(profileHash({ ...one, name: "other" })).toBe(profileHash(one));
    expect(profileHash({ ...one, sessions: 9 })).not.toBe(profileHash(one));
  });
});
