import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private temporary directory and whatever runs in it, both gone when this process ends, even by `kill -9`. */
export interface Guard {
  /** Absolute path of the private directory; exists until {@link Guard.release}. */
  readonly dir: string;
  /** Names the one process group to kill with us; a later call replaces an earlier one. */
  watch(pid: number): void;
  /** Says that the watched process group has ended by itself, so that its number is never signalled again. */
  forget(): void;
  /** Names a container to remove with us (`docker rm --force`). */
  watchContainer(name: string): void;
  /** Removes the directory and ends the watchdog; the watched process must have ended before. */
  release(): Promise<void>;
}

/** The watchdog: reads our orders from a pipe. Only we hold the pipe's other end, so its end of file is our end, however we died.
 *  It is plain POSIX sh (no setpriv, no /proc), so that it also works on macOS. */
const watchdog = `
pid=; box=
while read -r verb arg; do
  case $verb in
    watch) pid=$arg ;;
    forget) pid= ;;
    container) box=$arg ;;
    release) exit 0 ;;
  esac
done
[ -n "$pid" ] && kill -9 "-$pid"
[ -n "$box" ] && docker rm --force --volumes "$box"
rm -rf "$0"`;

/** Creates the directory `<tmp>/zetcd-<name>-XXXXXX` and its watchdog. Throws what `mkdtemp` throws (no space, no permission). */
export async function openGuard(name: string): Promise<Guard> {
  const dir = await mkdtemp(join(tmpdir(), `zetcd-${name}-`));
  // A session of its own, so that neither Ctrl-C nor a signal to our process group reaches the watchdog.
  const dog = spawn("sh", ["-c", watchdog, dir], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
  letUsEndFirst(dog);
  const order = (line: string) => dog.stdin?.write(`${line}\n`);
  return {
    dir,
    watch: (pid) => order(`watch ${pid}`),
    forget: () => order("forget"),
    watchContainer: (name) => order(`container ${name}`),
    release: async () => {
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      dog.stdin?.end("release\n");
    },
  };
}

/** Keeps neither the watchdog nor its pipe from letting our event loop end. */
function letUsEndFirst(dog: ChildProcess): void {
  dog.unref();
  if (dog.stdin instanceof Socket) dog.stdin.unref();
  // There is no sh, or somebody killed the watchdog: we lose the protection, not the run.
  dog.on("error", () => undefined);
  dog.stdin?.on("error", () => undefined);
}
