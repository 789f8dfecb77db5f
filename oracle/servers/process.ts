import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guard } from "./guard.ts";

/** Bounds of starting and stopping, each with its unit. A server whose data is thrown away is given less time to end well. */
export const serverLimits = {
  stopWaitMs: 5_000,
  discardWaitMs: 1_000,
  readyWaitMs: 45_000,
  pollMs: 20,
  tailBytesMax: 4_096,
} as const;

/** A real server could not be started, found or stopped; its last output is in the message. The harness exits with 255. */
export class ServerFailed extends Error {
  override readonly name = "ServerFailed";
}

/** One server process, in a process group of its own, that dies with us. */
export interface ServerProcess {
  readonly pid: number;
  /** False from the moment its exit was noticed. */
  isAlive(): boolean;
  /** How it ended, in words (`exit code 1`, `signal SIGKILL`); pending while it runs. */
  readonly ended: Promise<string>;
  /** The last 4 KiB it wrote to stdout and stderr, see {@link readTail}; empty when nothing. */
  tail(): string;
  /** Sends a signal to the process group; does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `stopWaitMs`; resolves when it has ended. Also ends a paused process. */
  terminate(stopWaitMs?: number): Promise<void>;
}

/** What to run: an executable, its arguments, and the file that takes its output (appended). */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** Waits for a word from us before it becomes the server (same pid): until then its watchdog is not told. If we die
 *  in between, the word never comes and it ends. */
const gate = 'read -r go || exit 125; exec "$0" "$@" </dev/null';

/** Starts a process watched by `guard`. Throws {@link ServerFailed} when not even a shell can be started. */
export function startProcess(command: Command, guard: Guard): ServerProcess {
  const log = openSync(command.logFile, "a");
  const child = spawn("sh", ["-c", gate, command.program, ...command.args], {
    cwd: guard.dir,
    detached: true,
    env: command.env ?? process.env,
    stdio: ["pipe", log, log],
  });
  closeSync(log);
  const { pid } = child;
  child.once("error", () => undefined); // no shell, said below; nothing else raises it
  if (pid === undefined) throw new ServerFailed(`cannot start ${command.program}: no shell "sh" on this machine`);
  let alive = true;
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      alive = false;
      guard.forget();
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  guard.watch(pid);
  child.stdin?.on("error", () => undefined); // the gate was killed before it read: `ended` tells
  child.stdin?.end("go\n");
  child.unref();
  const signal = (name: NodeJS.Signals) => {
    if (alive) killGroup(pid, name);
  };
  return {
    pid,
    ended,
    isAlive: () => alive,
    tail: () => readTail(command.logFile),
    signal,
    terminate: async (stopWaitMs = serverLimits.stopWaitMs) => {
      if (!alive) return;
      child.ref();
      signal("SIGTERM");
      signal("SIGCONT");
      const hurry = new AbortController();
      const tooLong = sleep(stopWaitMs, undefined, { signal: hurry.signal }).then(
        () => signal("SIGKILL"),
        () => undefined, // it ended in time
      );
      await ended;
      hurry.abort();
      await tooLong;
    },
  };
}

/** Signals a process group; a group that is gone already is what was wanted. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
  }
}

/** A log file's end, at most `tailBytesMax` bytes; a longer file's first line comes before it, because etcd names a bad flag
 *  there and then prints pages of usage. Empty when there is no such file. */
export function readTail(file: string): string {
  if (!existsSync(file)) return "";
  const { size } = statSync(file);
  const limit = serverLimits.tailBytesMax;
  if (size <= limit) return readPart(file, 0, size);
  const [firstLine = ""] = readPart(file, 0, limit).trimStart().split("\n", 1);
  const end = readPart(file, size - limit, limit);
  return `${firstLine}\n...\n${end.slice(end.indexOf("\n") + 1)}`;
}

/** `length` bytes of a file from `from` on, as text. */
function readPart(file: string, from: number, length: number): string {
  const bytes = Buffer.alloc(length);
  const fd = openSync(file, "r");
  const count = readSync(fd, bytes, 0, length, from);
  closeSync(fd);
  return bytes.toString("utf8", 0, count);
}
