import { expect, test } from "vitest";
import { mixedWorkloads, multiWorkloads, spreadWorkloads, workloadName, workloads } from "./workloads.ts";

test("names say what is done", () => {
  const name = (list: Parameters<typeof workloadName>[0][], place: number) => {
    const workload = list[place];
    return workload === undefined ? undefined : workloadName(workload);
  };
  expect(name(workloads({ quick: false }), 0)).toBe("create, 1 conn");
  expect(name(workloads({ quick: false }), 4)).toBe("create, 50 conn x 20 in flight");
  expect(name(mixedWorkloads({ quick: false }), 0)).toBe("90% get, 10% set, 10 conn");
  expect(name(multiWorkloads({ quick: false }), 0)).toBe("multi of 10 creates, 1 conn");
});

test("no two rows of a table have one name", () => {
  for (const list of [workloads, mixedWorkloads, multiWorkloads, spreadWorkloads]) {
    const names = list({ quick: true }).map(workloadName);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("quick is a tenth", () => {
  const total = (quick: boolean) => workloads({ quick }).reduce((sum, each) => sum + each.total, 0);
  expect(total(true)).toBe(total(false) / 10);
});
