/** A private `bin/zetcd` in front of an etcd: what a run puts there when its candidate is `etcd://…` or `auto`. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGuard } from "../servers/guard.ts";
import { freePort } from "../servers/ports.ts";
import { startProcess } from "../servers/process.ts";
import { waitUntilReady } from "../servers/readiness.ts";
import { servingVersion } from "../servers/zookeeper.ts";
import type { Setup } from "./acquaintance.ts";

/** The launcher in this checkout. */
const zetcd = fileURLToPath(new URL("../../bin/zetcd", import.meta.url));

/** A proxy that runs and answers. */
export interface RunningProxy {
  readonly host: string;
  readonly port: number;
  /** SIGTERM, and SIGKILL when that takes too long: a cross-check writes its report in between. Resolves with how it ended. */
  stop(stopWaitMs?: number): Promise<string>;
  /** What it wrote last to stdout and stderr. */
  tail(): string;
}

/** Starts a proxy with these flags (without `--zkaddr`) on a port of its own; it dies with this process. Throws `ServerFailed`. */
export async function startProxy(flags: readonly string[]): Promise<RunningProxy> {
  const [port, guard] = await Promise.all([freePort(), openGuard("zetcd")]);
  const host = "127.0.0.1";
  const server = startProcess(
    {
      program: zetcd,
      args: ["--zkaddr", `${host}:${port}`, "--log-level", "warn", ...flags],
      logFile: join(guard.dir, "server.log"),
    },
    guard,
  );
  const stop = async (stopWaitMs?: number) => {
    await server.terminate(stopWaitMs);
    const how = await server.ended;
    await guard.release();
    return how;
  };
  try {
    await waitUntilReady("bin/zetcd", server, () => servingVersion({ host, port }));
    return { host, port, stop, tail: () => server.tail() };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Which ZooKeeper a proxy must behave like to be compared with an oracle of this version; undefined where its default has to do. */
export const zkVersionOf = (oracleVersion: string): string | undefined => /^3\.(8|9)\b/.exec(oracleVersion)?.[0];

/** The `--zk-version` that makes a proxy behave like an oracle; empty where the proxy's default has to do. */
export function versionFlags(oracleVersion: string): string[] {
  const version = zkVersionOf(oracleVersion);
  return version === undefined ? [] : ["--zk-version", version];
}

/** All flags that make a proxy like an oracle: its version, whether it allows TTL znodes, which our private ZooKeepers do and others seldom, and the
 *  timeouts that it grants. */
export const flagsLike = (oracleVersion: string, { allowsTtl, timing }: Setup): string[] => [
  ...versionFlags(oracleVersion),
  ...(allowsTtl ? ["--extended-types"] : []),
  ...["--tick-time", String(timing.tickMs)],
  ...["--min-session-timeout", String(timing.shortestMs), "--max-session-timeout", String(timing.longestMs)],
];
