/** Proxies on a private etcd: in this process, or as `bin/zetcd` where one has to be killed. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { EtcdServer } from "../oracle/servers/etcd.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { httpGet } from "../oracle/servers/readiness.ts";
import { SeamClient } from "../src/backend.contract.ts";
import type { Backend } from "../src/backend.ts";
import { connectEtcdBackend, type EtcdOptions } from "../src/etcd/backend.ts";
import type { Logger } from "../src/logger.ts";
import { type Client, connect } from "../src/protocol/client.ts";
import { openAcl } from "../src/protocol/opcodes.ts";

export const creation = (path: string, flags = 0, data: Buffer | null = null) => ({ path, data, acl: openAcl, flags });
export const setting = (path: string, text: string, version = -1) => ({ path, data: Buffer.from(text), version });

/** A backend with what it logged. */
export interface LoggingBackend {
  readonly backend: Backend;
  readonly said: string[];
}

/** A proxy in this process, with sessions as short as a test needs them. */
export async function startBackend(etcd: EtcdServer, options: Partial<EtcdOptions> = {}): Promise<LoggingBackend> {
  const said: string[] = [];
  const say = (_: object, text: string): void => void said.push(text);
  const log = { error: say, warn: say, info: say, debug: say } as unknown as Logger;
  const backend = await connectEtcdBackend({
    endpoints: etcd.endpoints,
    ...{
      prefix: "/z",
      zkVersion: "3.9",
      tickTimeMs: 500,
      minSessionTimeoutMs: 1_000,
      maxSessionTimeoutMs: 60_000,
      log,
    },
    ...options,
  });
  return { backend, said };
}

/** A proxy as a process. */
export interface ProxyProcess {
  readonly port: number;
  readonly pid: number;
  /** Everything it wrote. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Ends it at once; resolves when it has ended. */
  kill(): Promise<void>;
}

/** Starts `bin/zetcd` and waits until it listens. */
export async function startProxy(etcd: EtcdServer, flags: readonly string[] = []): Promise<ProxyProcess> {
  const port = await freePort();
  const program = fileURLToPath(new URL("../bin/zetcd", import.meta.url));
  const child = spawn(program, [
    ...["--zkaddr", `127.0.0.1:${port}`, "--endpoints", etcd.endpoints.join(","), "--prefix", "/z"],
    ...["--tick-time", "500", "--max-session-timeout", "60000", "--max-client-cnxns", "0"],
    ...flags,
  ]);
  let output = "";
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes("listening on")) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    void ended.then(() => reject(new Error(`zetcd ended: ${output}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("zetcd has no process id");
  return {
    port,
    pid,
    output: () => output,
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A client over TCP. `hello` names a session to resume. */
export async function connectTo(port: number, hello: Partial<Parameters<typeof connect>[0]> = {}): Promise<Client> {
  const outcome = await connect({ host: "127.0.0.1", port, timeoutMs: 4_000, connectWaitMs: 10_000, ...hello });
  if (outcome.is !== "granted") throw new Error(`no session: ${JSON.stringify(outcome)}`);
  return outcome.client;
}

/** A session on a backend as soon as it grants one. */
export async function eventually(
  backend: Backend,
  hello: Parameters<typeof SeamClient.granted>[1] = {},
  withinMs = 30_000,
): Promise<SeamClient> {
  for (const endMs = Date.now() + withinMs; ; ) {
    const { opened, client } = await SeamClient.open(backend, hello);
    if (opened.is === "granted") return client;
    if (Date.now() > endMs) throw new Error(`no session within ${withinMs} ms: ${JSON.stringify(opened)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Everything below a path as a client sees it: Stat, data, ACL and children per znode. */
export async function walk(client: SeamClient, path = "/"): Promise<Record<string, unknown>> {
  await client.call("sync", { path });
  const seen: Record<string, unknown> = {};
  const visit = async (at: string): Promise<void> => {
    const [data, acl, kids] = await Promise.all([
      client.call("getData", { path: at, watch: false }),
      client.call("getACL", { path: at }),
      client.call("getChildren", { path: at, watch: false }),
    ]);
    const children = [...(kids.body?.children ?? [])].map(String).sort();
    seen[at] = {
      stat: data.body?.stat,
      data: Buffer.from(data.body?.data ?? []).toString(),
      acl: acl.body?.acl,
      children,
    };
    for (const child of children) await visit(at === "/" ? `/${child}` : `${at}/${child}`);
  };
  await visit(path);
  return seen;
}

/** A figure of etcd's own metrics, summed over all series whose name and labels contain `text`. */
export async function etcdMetric(etcd: EtcdServer, text: string): Promise<number> {
  const page = (await httpGet(`${etcd.clientUrl}/metrics`)) ?? "";
  const rows = page.split("\n").filter((line) => !line.startsWith("#") && line.includes(text));
  return rows.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** One call of etcd's JSON gateway. */
export async function etcdCall(etcd: EtcdServer, call: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${etcd.clientUrl}/v3/${call}`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`etcd answered ${response.status} to ${call}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
