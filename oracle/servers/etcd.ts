import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Guard, openGuard } from "./guard.ts";
import { freePort } from "./ports.ts";
import { ServerFailed, type ServerProcess, serverLimits, startProcess } from "./process.ts";
import { findEtcd } from "./programs.ts";
import { httpGet, waitUntilReady } from "./readiness.ts";

/** How a private etcd is started; everything has a default. */
export interface EtcdOptions {
  /** The program; default {@link findEtcd}. */
  readonly bin?: string;
  /** etcd flags without their dashes, added to or replacing {@link etcdFlags}. */
  readonly flags?: Readonly<Record<string, string>>;
  /** One member, or a cluster of three. Default 1. */
  readonly members?: 1 | 3;
  readonly readyWaitMs?: number;
}

/** One member of a private etcd cluster. */
export interface EtcdMember {
  readonly name: string;
  /** Client URL, `http://127.0.0.1:PORT`. */
  readonly clientUrl: string;
  readonly dataDir: string;
  /** The process as it is now; a restart makes a new one. */
  pid(): number;
  /** SIGKILL; resolves when it has ended. The data stays. */
  kill(): Promise<void>;
  /** Ends it if it runs, starts it again on its port and data. Resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** A private etcd cluster; what acts on the whole acts on each member. */
export interface EtcdServer {
  /** Client URLs of all members, `http://127.0.0.1:PORT`. */
  readonly endpoints: readonly string[];
  /** The first member's client URL. */
  readonly clientUrl: string;
  /** What the server says it is, like `3.4.23`. */
  readonly version: string;
  /** The first member's data directory. */
  readonly dataDir: string;
  readonly members: readonly EtcdMember[];
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Flags every private etcd gets. Writes wait at most 10 ms for their backend commit; fsync stays on. Valid from etcd 3.4 to 3.6.
 *  Source: etcd documentation, "Tuning" and `etcd --help`. */
export const etcdFlags: Readonly<Record<string, string>> = {
  "backend-batch-interval": "10ms",
  "backend-batch-limit": "1000",
  "snapshot-count": "10000",
  logger: "zap",
  "log-level": "warn",
  "log-outputs": "stderr",
};

/** What a member needs to start and to start again. */
interface Seat {
  readonly name: string;
  readonly guard: Guard;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

/** Starts a private etcd and waits until it has a leader. Throws {@link ServerFailed} when there is no program or it does not answer. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  const bin = options.bin ?? findEtcd();
  if (bin === undefined) throw new ServerFailed("no etcd on this machine: install it, or name it in ETCD_BIN");
  const seats = await Promise.all(
    Array.from({ length: options.members ?? 1 }, (_, index) => takeSeat(`m${index + 1}`)),
  );
  const clusterFlags = {
    ...etcdFlags,
    "initial-cluster": seats.map((seat) => `${seat.name}=${seat.peerUrl}`).join(","),
    "initial-cluster-token": randomUUID(),
    "initial-cluster-state": "new",
    ...options.flags,
  };
  const waitMs = options.readyWaitMs ?? serverLimits.readyWaitMs;
  const runs = seats.map((seat) => runMember(bin, seat, clusterFlags, waitMs));
  const all = async (act: (run: MemberRun) => Promise<void>) => void (await Promise.all(runs.map(act)));
  const stop = async () => {
    await all((run) => run.terminate(serverLimits.discardWaitMs));
    await Promise.all(seats.map((seat) => seat.guard.release()));
  };
  const [first] = runs;
  if (first === undefined) throw new ServerFailed("an etcd cluster needs a member");
  try {
    const versions = await Promise.all(runs.map((run) => run.ready()));
    return {
      endpoints: seats.map((seat) => seat.clientUrl),
      clientUrl: first.member.clientUrl,
      dataDir: first.member.dataDir,
      version: versions[0] ?? "unknown",
      members: runs.map((run) => run.member),
      stop,
      kill: () => all((run) => run.member.kill()),
      restart: () => all((run) => run.member.restart()),
      pause: () => runs.forEach((run) => void run.member.pause()),
      resume: () => runs.forEach((run) => void run.member.resume()),
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Reserves ports and a private directory for one member. */
async function takeSeat(name: string): Promise<Seat> {
  const [clientPort, peerPort, guard] = await Promise.all([freePort(), freePort(), openGuard("etcd")]);
  return { name, guard, clientUrl: `http://127.0.0.1:${clientPort}`, peerUrl: `http://127.0.0.1:${peerPort}` };
}

/** A member with what only the cluster's own functions use. */
interface MemberRun {
  readonly member: EtcdMember;
  /** Resolves with the member's version once the cluster serves through it. */
  ready(): Promise<string>;
  terminate(stopWaitMs: number): Promise<void>;
}

/** Starts one member; it is not ready yet, because members wait for each other. */
function runMember(bin: string, seat: Seat, clusterFlags: Readonly<Record<string, string>>, waitMs: number): MemberRun {
  const dataDir = join(seat.guard.dir, "data");
  const flags: Readonly<Record<string, string>> = {
    name: seat.name,
    "data-dir": dataDir,
    "listen-client-urls": seat.clientUrl,
    "advertise-client-urls": seat.clientUrl,
    "listen-peer-urls": seat.peerUrl,
    "initial-advertise-peer-urls": seat.peerUrl,
    ...clusterFlags,
  };
  const command = {
    program: bin,
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    env: etcdEnvironment(),
    logFile: join(seat.guard.dir, "server.log"),
  };
  let server: ServerProcess = startProcess(command, seat.guard);
  const ready = () => waitUntilReady(`etcd (${bin})`, server, () => healthyVersion(seat.clientUrl), waitMs);
  const kill = async () => {
    server.signal("SIGKILL");
    await server.terminate();
  };
  const restart = async () => {
    await server.terminate();
    server = startProcess(command, seat.guard);
    await ready();
  };
  const member: EtcdMember = {
    name: seat.name,
    clientUrl: seat.clientUrl,
    dataDir,
    pid: () => server.pid,
    kill,
    restart,
    pause: () => server.signal("SIGSTOP"),
    resume: () => server.signal("SIGCONT"),
  };
  return { member, ready, terminate: (stopWaitMs) => server.terminate(stopWaitMs) };
}

/** Our environment without etcd's own variables, which would fight our flags, and with what etcd 3.4 wants on 64-bit ARM. */
function etcdEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("ETCD_"));
  return { ...Object.fromEntries(kept), ...(process.arch === "arm64" ? { ETCD_UNSUPPORTED_ARCH: "arm64" } : {}) };
}

/** The server's version when `/health` says it can serve linearizable reads; undefined otherwise. */
export async function healthyVersion(clientUrl: string): Promise<string | undefined> {
  const health = await httpGet(`${clientUrl}/health`);
  if (health === undefined || !/"health":\s*"?true/.test(health)) return undefined;
  const version = await httpGet(`${clientUrl}/version`);
  return /"etcdserver":\s*"([^"]+)"/.exec(version ?? "")?.[1];
}
