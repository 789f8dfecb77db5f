import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Step } from "../format.ts";
import { hazardOf } from "./hazards.ts";
import { loadProfile } from "./profile.ts";
import { generator, seedOf, sequenceArbitrary } from "./sequence.ts";
import { shrink } from "./shrink.ts";
import { plainerPaths, simplerSteps } from "./simpler.ts";

const plan = { seed: 3, profile: { ...loadProfile("default"), surface: "full" as const }, allowHazards: false };
const limits = { budgetMs: 5_000, inFlight: 3, isAllowed: (step: Step) => hazardOf(step) === undefined };

/** The first generated sequence that a fake "server" fails on. */
function firstFailing(fails: (steps: readonly Step[]) => boolean) {
  const at = generator(plan);
  for (let index = 0; index < 3_000; index++) {
    const { steps } = at(index);
    if (fails(steps))
      return { steps, origin: { arbitrary: sequenceArbitrary(plan, index), seed: seedOf(plan.seed, index) } };
  }
  throw new Error("nothing failed");
}

const path = (step: Step) => ("path" in step && typeof step.path === "string" ? step.path : undefined);

describe("shrinking", () => {
  test("a fault of one step gives one step, with nothing on it that does not matter", async () => {
    const fails = (steps: readonly Step[]) => steps.some((step) => step.op === "setData" && step.version === -2);
    const { steps, origin } = firstFailing(fails);
    const small = await shrink(steps, async (candidate) => fails(candidate), limits, { origin });
    expect(small.steps).toEqual([{ by: "a", op: "setData", path: "/a", version: -2 }]);
  });

  test("what fails without any step gives none, and is done then", async () => {
    const { steps, origin } = firstFailing((found) => found.length > 20);
    const small = await shrink(steps, async () => true, limits, { origin });
    expect(small.steps).toEqual([]);
    expect(small.ms).toBeLessThan(limits.budgetMs);
  });

  test("one candidate without an end does not use up the time of the others", async () => {
    const fails = (steps: readonly Step[]) => steps.some((step) => step.op === "setData" && step.version === -2);
    const { steps, origin } = firstFailing(fails);
    let asked = 0;
    const stillFails = (candidate: readonly Step[]) =>
      asked++ === 0 ? new Promise<boolean>(() => undefined) : Promise.resolve(fails(candidate));
    const small = await shrink(steps, stillFails, { ...limits, budgetMs: 2_000 }, { origin });
    expect(small.steps).toEqual([{ by: "a", op: "setData", path: "/a", version: -2 }]);
  });

  test("where trials are slow and many at a time, few rounds of them are enough", async () => {
    const steps = Array.from({ length: 40 }, (_, i): Step => ({ by: "a", op: "exists", path: `/n${i}` }));
    const needed = [3, 11, 19, 36].map((i) => steps[i]);
    let rounds = 0;
    let underWay = 0;
    const stillFails = async (candidate: readonly Step[]) => {
      if (underWay++ === 0) rounds++;
      await turn();
      underWay--;
      return needed.every((step) => candidate.some((one) => path(one) === (step && path(step))));
    };
    const small = await shrink(steps, stillFails, { ...limits, inFlight: 32 });
    expect(small.steps).toEqual(needed);
    expect(rounds).toBeLessThanOrEqual(10);
  });

  test("a guess that fails spares fast-check's search, one that passes does no harm", async () => {
    const fails = (steps: readonly Step[]) => steps.some((step) => step.op === "setData" && step.version === -2);
    const { steps, origin } = firstFailing(fails);
    const right = steps.filter((step) => fails([step]));
    const wrong = steps.filter((step) => !fails([step]));
    const shrunkFrom = async (guesses: readonly (readonly Step[])[]) => {
      const tried: (readonly Step[])[] = [];
      const stillFails = async (candidate: readonly Step[]) => tried.push(candidate) > 0 && fails(candidate);
      const small = await shrink(steps, stillFails, limits, { origin, guesses });
      return { small: small.steps, longest: Math.max(...tried.slice(guesses.length).map(({ length }) => length)) };
    };
    const guessed = await shrunkFrom([wrong, right]);
    const searched = await shrunkFrom([wrong]);
    expect(guessed.small).toEqual(searched.small);
    expect(guessed.longest).toBeLessThanOrEqual(right.length);
    expect(searched.longest).toBeGreaterThan(right.length);
  });

  test("a fault that needs an order and two sessions keeps both", async () => {
    const fails = (steps: readonly Step[]) =>
      steps.some((first, i) => {
        const later = steps.slice(i + 1).find((step) => step.op === "delete" && step.by !== first.by);
        return (
          first.op === "getData" &&
          first.watch === true &&
          path(first) !== undefined &&
          later !== undefined &&
          path(later) === path(first)
        );
      });
    const { steps, origin } = firstFailing(fails);
    const small = await shrink(steps, async (candidate) => fails(candidate), limits, { origin });
    expect(small.steps).toEqual([
      { by: "a", op: "getData", path: "/a", watch: true },
      { by: "b", op: "delete", path: "/a" },
    ]);
  });

  test("a fault inside a multi keeps the operations that matter", async () => {
    const fails = (steps: readonly Step[]) =>
      steps.some(
        (step) =>
          step.op === "multi" && step.ops.some((op, i) => op.op === "check" && step.ops[i + 1]?.op === "delete"),
      );
    const { steps, origin } = firstFailing(fails);
    const [only] = (await shrink(steps, async (candidate) => fails(candidate), limits, { origin })).steps;
    expect(only).toMatchObject({ op: "multi", ops: [{ op: "check" }, { op: "delete" }] });
  });

  test("works without an origin, tries nothing twice and no hazard", async () => {
    const tried: string[] = [];
    const steps = generator(plan)(0).steps;
    const fails = async (candidate: readonly Step[]) => {
      tried.push(JSON.stringify(candidate));
      expect(candidate.filter((step) => hazardOf(step) !== undefined)).toEqual([]);
      return candidate.length >= 3;
    };
    const small = await shrink(steps, fails, limits);
    expect(small.steps).toHaveLength(3);
    expect(new Set(tried).size).toBe(tried.length);
  });

  test("stops with the best so far when its time is over", async () => {
    const steps = generator(plan)(0).steps;
    const slow = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 20));
    const small = await shrink(steps, slow, { ...limits, budgetMs: 100 });
    expect(small.ms).toBeLessThan(1_000);
    expect(small.steps.length).toBeLessThan(steps.length);
  });
});

describe("a simpler form", () => {
  test("drops what is not plain, and the operation's extras with it", () => {
    const forms = simplerSteps({
      by: "a",
      op: "create2",
      path: "/n",
      data: { hex: "00" },
      flags: "sequential",
      bind: "p",
    });
    expect(forms).toContainEqual({ by: "a", op: "create2", path: "/n", flags: "sequential", bind: "p" });
    expect(forms).toContainEqual({ by: "a", op: "create2", path: "/n", data: { hex: "00" }, bind: "p" });
    expect(forms).toContainEqual({ by: "a", op: "create", path: "/n", data: { hex: "00" }, bind: "p" });
  });

  test("never takes a check out of its multi", () => {
    const forms = simplerSteps({ by: "a", op: "multi", ops: [{ op: "check", path: "/n" }] });
    expect(forms.filter((form) => form.op === "check")).toEqual([]);
  });

  test("sends less behind a closeSession, and nothing", () => {
    const [first, second] = [{ op: "delete", path: "/n", version: 3 } as const, { op: "create", path: "/m" } as const];
    const forms = simplerSteps({ by: "a", op: "closeSession", behind: [first, second] });
    expect(forms).toContainEqual({ by: "a", op: "closeSession" });
    expect(forms).toContainEqual({ by: "a", op: "closeSession", behind: [second] });
    expect(forms).toContainEqual({ by: "a", op: "closeSession", behind: [{ op: "delete", path: "/n" }, second] });
  });

  test("renames a path wherever it stands, content left alone", () => {
    const steps: Step[] = [
      { by: "a", op: "setWatches", since: 0, data: ["/b", "/q"] },
      { by: "a", op: "multi", ops: [{ op: "setData", path: "/q", data: "/q" }] },
    ];
    expect(plainerPaths(steps)).toContainEqual([
      { by: "a", op: "setWatches", since: 0, data: ["/b", "/a"] },
      { by: "a", op: "multi", ops: [{ op: "setData", path: "/a", data: "/q" }] },
    ]);
  });

  test("calls what is below a path by the plainer one, too", () => {
    const steps: Step[] = [
      { by: "a", op: "create", path: "/b" },
      { by: "a", op: "multi", ops: [{ op: "create", path: "/b/a" }] },
      { by: "a", op: "exists", path: "/bb" },
    ];
    expect(plainerPaths(steps)).toContainEqual([
      { by: "a", op: "create", path: "/a" },
      { by: "a", op: "multi", ops: [{ op: "create", path: "/a/a" }] },
      { by: "a", op: "exists", path: "/bb" },
    ]);
  });

  test("is found for a subtree of three levels, called by the plainest names", async () => {
    const below = (parent: string): Step[] =>
      [`${parent}/a`, `${parent}/a/a`, `${parent}/a/a/a`].map((at) => ({ by: "a", op: "create", path: at }));
    const stillFails = async (candidate: readonly Step[]) => {
      const made = new Set<string>();
      for (const step of candidate) {
        const at = path(step);
        const parent = at?.slice(0, at.lastIndexOf("/"));
        if (at !== undefined && (parent === "" || made.has(String(parent)))) made.add(at);
      }
      return [...made].some((one) => made.has(`${one}/a`) && made.has(`${one}/a/a`));
    };
    const steps: Step[] = [{ by: "a", op: "create", path: "/b" }, ...below("/b")];
    const small = await shrink(steps, stillFails, limits);
    expect(small.steps).toEqual(below(""));
  });
});
