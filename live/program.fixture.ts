/** Programs in other languages that work through their client's recipes and say, line by line, how it went. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Address } from "./modes.fixture.ts";
import { startRelay } from "./relay.fixture.ts";

/** What a program said. `passed` and `failed` are the names of its checks, the latter with the reason. */
export interface Account {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly exitCode: number | null;
  /** The end of its stderr: where an exception came from. Empty when it went well. */
  readonly trouble: string;
}

/** How long a program may take, in milliseconds. */
const programWaitMs = 110_000;

/** Runs a program with two addresses of a server: one behind a relay, whose cable it may have pulled (`fault cut`, `fault isolate`,
 *  `fault heal` on its stdout), and the server's own. */
export async function runProgram(command: readonly string[], server: Address): Promise<Account> {
  const relay = await startRelay(server);
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, relay.address, `${server.host}:${server.port}`], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: programWaitMs,
    killSignal: "SIGKILL",
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const passed: string[] = [];
  const failed: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, word = "", rest = ""] = /^(ok|not ok|fault) (.*)$/.exec(line) ?? [];
    if (word === "ok") passed.push(rest);
    else if (word === "not ok") failed.push(rest);
    else if (rest === "cut" || rest === "isolate" || rest === "heal") relay[rest]();
  });
  try {
    const [exitCode] = (await once(child, "close")) as [number | null];
    return { passed, failed, exitCode, trouble: exitCode === 0 ? "" : errors };
  } finally {
    await relay.close();
  }
}
