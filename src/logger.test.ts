import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

function logged(say: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  say(createLogger("info", (line) => lines.push(line)));
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, "TIME "));
}

test("a line is time, level, message and fields", () => {
  expect(logged((log) => log.warn({ at: "127.0.0.1:2181", tries: 3 }, "trying again"))).toEqual([
    "TIME warn  trying again at=127.0.0.1:2181 tries=3\n",
  ]);
});

test("an error is told with its causes, on one line", () => {
  const cause = new Error("socket\nclosed");
  expect(logged((log) => log.error({ cause: new Error("lost etcd", { cause }) }, "stopped"))).toEqual([
    'TIME error stopped cause="lost etcd: socket\\nclosed"\n',
  ]);
});

test("a cause already quoted is not repeated", () => {
  const cause = new Error("refused");
  expect(logged((log) => log.warn({ cause: new Error("etcd: refused", { cause }) }, "lost"))).toEqual([
    'TIME warn  lost cause="etcd: refused"\n',
  ]);
});

test("levels below the chosen one are not said", () => {
  expect(logged((log) => log.debug({}, "noise"))).toEqual([]);
});
