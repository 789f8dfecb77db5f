/** The commands of ZooKeeper's AdminServer, with its names, aliases and keys. What has no meaning here is answered as a standalone ZooKeeper does.
 *  Source: org.apache.zookeeper.server.admin.Commands (3.9); zookeeper-semantics 11.3. */
import type { Connection } from "./connection.ts";
import { environmentRows } from "./environment.ts";
import type { Json } from "./json.ts";
import { watchesByPath, watchSummary } from "./listings.ts";
import { monitorFigures } from "./monitor.ts";
import { lastZxidOf, latencyFigures, operationName, type ServerView } from "./view.ts";

/** What a command answers with, besides its own name. `error` is null when all went well. */
export type AdminAnswer = { readonly [key: string]: Json };

/** What is behind the question mark. */
export type AdminQuery = Pick<URLSearchParams, "get">;

interface AdminCommand {
  readonly aliases: readonly string[];
  readonly needsService: boolean;
  answer(view: ServerView, query: AdminQuery): AdminAnswer;
}

const command = (aliases: string, answer: AdminCommand["answer"]): AdminCommand => ({
  aliases: aliases.split(" ").filter(Boolean),
  needsService: true,
  answer,
});
const always = (aliases: string, answer: AdminCommand["answer"]): AdminCommand => ({
  ...command(aliases, answer),
  needsService: false,
});

const commands: Readonly<Record<string, AdminCommand>> = {
  configuration: command("conf config", configuration),
  connection_stat_reset: command("crst", ({ connections }) => {
    for (const { stats } of connections) stats.reset();
    return {};
  }),
  connections: command("cons", (view) => connectionLists(view, fullConnection)),
  dirs: command("", ({ status }) => ({ datadir_size: status.dataBytes, logdir_size: 0 })),
  dump: command("", dump),
  environment: always("env envi", ({ status }) => environmentRows(status.version)),
  get_trace_mask: command("gtmk", ({ trace }) => ({ tracemask: trace.value })),
  hash: command("", () => ({ digests: [] })),
  initial_configuration: command("icfg", (view) => ({
    initial_configuration: Object.entries(configuration(view))
      .map(([key, value]) => `${key}=${value}`)
      .join("\n"),
  })),
  is_read_only: command("isro", ({ status }) => ({ read_only: status.mode === "read-only" })),
  // Every znode is in etcd at once; the last snapshot is now.
  last_snapshot: command("lsnp", ({ status, nowMs }) => ({
    zxid: `0x${BigInt(status.zxid).toString(16)}`,
    timestamp: Math.floor(nowMs / 1_000),
  })),
  leader: command("lead", () => ({ error: "server is not initialized" })),
  monitor: command("mntr", (view) => Object.fromEntries(monitorFigures(view).map(([name, value]) => [name, value]))),
  observer_connection_stat_reset: command("orst", () => ({})),
  observers: command("obsr", () => ({ synced_observers: 0, observers: [] })),
  ruok: always("", () => ({})),
  server_stats: command("srvr", serverStats),
  set_trace_mask: command("stmk", ({ trace }, query) => {
    const mask = query.get("traceMask");
    if (mask === null || !/^-?\d{1,19}$/.test(mask)) return { error: "setTraceMask requires long traceMask argument" };
    trace.value = BigInt(mask);
    return { tracemask: trace.value };
  }),
  stat_reset: command("srst", ({ stats }) => {
    stats.reset();
    return {};
  }),
  stats: command("stat", (view) => ({ ...serverStats(view), ...connectionLists(view, briefConnection) })),
  system_properties: command("sysp", () => systemProperties()),
  voting_view: command("", () => ({ current_config: {} })),
  watch_summary: command("wchs", ({ listing }) => {
    const { connections, paths, watches } = watchSummary(listing());
    return { num_connections: connections, num_paths: paths, num_total_watches: watches };
  }),
  watches: command("wchc", ({ listing }) => ({
    session_id_to_watched_paths: Object.fromEntries([...listing().watches].map(([id, paths]) => [String(id), paths])),
  })),
  watches_by_path: command("wchp", ({ listing }) => ({
    path_to_session_ids: Object.fromEntries(watchesByPath(listing())),
  })),
  zabstate: command("", () => ({ voting: false, zabstate: "" })),
};

const byName = new Map(
  Object.entries(commands).flatMap(([name, each]) => [name, ...each.aliases].map((alias) => [alias, name] as const)),
);

/** The commands' names, without aliases, in order. */
export const adminCommandNames: readonly string[] = Object.keys(commands).sort();

/** Runs a command by its name or an alias. */
export function runAdminCommand(name: string, query: AdminQuery, view: () => ServerView): AdminAnswer {
  const full = byName.get(name);
  const known = full === undefined ? undefined : commands[full];
  if (full === undefined || known === undefined) return { command: name, error: `Unknown command: ${name}` };
  const seen = view();
  if (known.needsService && !seen.status.serving)
    return { command: full, error: "This ZooKeeper instance is not currently serving requests" };
  const answer = known.answer(seen, query);
  return { ...answer, command: full, error: answer.error ?? null };
}

function configuration({ settings }: ServerView): AdminAnswer {
  const { clientPort, secureClientPort } = settings;
  return {
    client_port: clientPort,
    ...(secureClientPort < 0 ? {} : { secure_client_port: secureClientPort }),
    data_dir: "",
    data_log_dir: "",
    tick_time: settings.tickTimeMs,
    max_client_cnxns: settings.connectionsPerAddressMax,
    min_session_timeout: settings.minSessionTimeoutMs,
    max_session_timeout: settings.maxSessionTimeoutMs,
    server_id: 0,
    client_port_listen_backlog: settings.backlog,
  };
}

function dump({ listing }: ServerView): AdminAnswer {
  const { sessions } = listing();
  const timed = sessions.filter(({ expiresAtMs }) => expiresAtMs !== undefined);
  const byExpiry = Map.groupBy(timed, ({ expiresAtMs }) => String(expiresAtMs));
  const owners = sessions.filter(({ ephemerals }) => ephemerals.length > 0);
  return {
    expiry_time_to_session_ids: Object.fromEntries([...byExpiry].map(([at, each]) => [at, each.map(({ id }) => id)])),
    session_id_to_ephemeral_paths: Object.fromEntries(owners.map(({ id, ephemerals }) => [String(id), ephemerals])),
  };
}

function serverStats({ status, stats, connections, nowMs }: ServerView): AdminAnswer {
  const { last, min, max } = stats.replySizes;
  const sizes = { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max };
  const latency = latencyFigures(stats.latency);
  return {
    version: status.version,
    read_only: status.mode === "read-only",
    server_stats: {
      packets_sent: stats.sent,
      packets_received: stats.received,
      fsync_threshold_exceed_count: 0,
      client_response_stats: sizes,
      data_dir_size: status.dataBytes,
      log_dir_size: 0,
      provider_null: false,
      server_state: status.mode,
      last_processed_zxid: status.zxid,
      outstanding_requests: stats.outstanding,
      avg_latency: latency.average,
      max_latency: latency.max,
      min_latency: latency.min,
      num_alive_client_connections: connections.size,
      uptime: Math.max(0, nowMs - stats.startedAtMs),
      auth_failed_count: stats.authFailed,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
    client_response: sizes,
    node_count: status.nodeCount,
  };
}

function connectionLists({ connections }: ServerView, print: (connection: Connection) => AdminAnswer): AdminAnswer {
  const all = [...connections];
  return {
    connections: all.filter(({ isSecure }) => !isSecure).map(print),
    secure_connections: all.filter(({ isSecure }) => isSecure).map(print),
  };
}

function briefConnection({ peer, stats, isReading }: Connection): AdminAnswer {
  return {
    remote_socket_address: `${peer.address}:${peer.port}`,
    interest_ops: isReading ? 1 : 0,
    outstanding_requests: stats.outstanding,
    packets_received: stats.received,
    packets_sent: stats.sent,
  };
}

function fullConnection(connection: Connection): AdminAnswer {
  const { stats, granted } = connection;
  if (granted === undefined) return briefConnection(connection);
  const { min, average, max } = latencyFigures(stats.latency);
  return {
    ...briefConnection(connection),
    session_id: granted.sessionId,
    last_operation: operationName(stats.lastOpcode),
    established: stats.establishedAtMs,
    session_timeout: granted.timeOut,
    last_cxid: stats.lastXid,
    last_zxid: lastZxidOf(stats),
    last_response_time: stats.lastReplyAtMs,
    last_latency: stats.latency.last,
    min_latency: min,
    avg_latency: Math.floor(average),
    max_latency: max,
  };
}

/** The runtime's own, where ZooKeeper shows the Java machine's. Environment variables are left out: they may hold passwords. */
function systemProperties(): AdminAnswer {
  const versions = Object.entries(process.versions).map(([name, version]) => [`node.versions.${name}`, version ?? ""]);
  return {
    ...Object.fromEntries(versions),
    "node.arch": process.arch,
    "node.platform": process.platform,
    "user.dir": process.cwd(),
  };
}
