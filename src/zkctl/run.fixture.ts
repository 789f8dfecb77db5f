/** Runs of `bin/zkctl` for the tests that have a server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/zkctl", import.meta.url));

/** How a run ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A run of zkctl: its output as it comes, and how it ends. */
export function startZkctl(argv: readonly string[], input?: string) {
  const child = spawn(program, argv, { stdio: ["pipe", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const ended: Promise<Ended> = once(child, "close").then(([code]) => ({ code: code as number, ...said }));
  const hasSaid = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(said.out)) await once(child.stdout, "data");
  };
  return { child, ended, hasSaid };
}

/** zkctl for one server: runs, and runs that must succeed quietly and answer what they print. */
export function zkctlOf(address: () => string) {
  const run = (...argv: string[]): Promise<Ended> => startZkctl(["--endpoints", address(), ...argv]).ended;
  const printed = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run(...argv);
    if (code !== 0 || err !== "") throw new Error(`zkctl ${argv.join(" ")} ended with ${code}: ${err}`);
    return out;
  };
  const json = async (...argv: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await printed("--json", ...argv)) as Record<string, unknown>;
  return { run, printed, json };
}
