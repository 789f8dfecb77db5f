/** A private `bin/zetcd` whose pid is known and that can be killed and started again. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGuard } from "../oracle/servers/guard.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { type ServerProcess, startProcess } from "../oracle/servers/process.ts";
import { waitUntilReady } from "../oracle/servers/readiness.ts";
import { servingVersion } from "../oracle/servers/zookeeper.ts";

const zetcd = fileURLToPath(new URL("../bin/zetcd", import.meta.url));

/** How long a large tree may take to load. */
const readyWaitMs = 600_000;

/** A proxy that runs and answers. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** The process as it is now; a restart makes a new one. */
  pid(): number;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it again after a kill, on its port; resolves when it answers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy with these flags (without `--zkaddr`) on a port of its own; it dies with this process. Throws `ServerFailed`. */
export async function startProxyServer(flags: readonly string[]): Promise<ProxyServer> {
  const [port, guard] = await Promise.all([freePort(), openGuard("zetcd")]);
  const host = "127.0.0.1";
  const command = {
    program: zetcd,
    args: ["--zkaddr", `${host}:${port}`, "--log-level", "warn", ...flags],
    logFile: join(guard.dir, "server.log"),
  };
  let server: ServerProcess = startProcess(command, guard);
  const ready = () => waitUntilReady("bin/zetcd", server, () => servingVersion({ host, port }), readyWaitMs);
  const stop = async () => {
    await server.terminate();
    await guard.release();
  };
  try {
    await ready();
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    host,
    port,
    stop,
    pid: () => server.pid,
    kill: async () => {
      server.signal("SIGKILL");
      await server.terminate();
    },
    restart: async () => {
      server = startProcess(command, guard);
      await ready();
    },
  };
}
