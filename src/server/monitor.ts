/** The figures of `mntr` and of the admin command `monitor`. Source: ZooKeeperServer.dumpMonitorValues, ServerMetrics (3.9). */
import { openFiles } from "./environment.ts";
import { latencyFigures, type ServerView } from "./view.ts";

/** A figure; those marked `double` are printed with a decimal point even when whole. */
export type Figure = readonly [name: string, value: string | number, kind?: "double"];

/** Version and state first, as in ZooKeeper. */
export function monitorFigures({ status, stats, connections, nowMs }: ServerView): readonly Figure[] {
  const { min, average, max } = latencyFigures(stats.latency);
  return [
    ["version", status.version],
    ["server_state", status.mode],
    ["ephemerals_count", status.ephemeralsCount],
    ["num_alive_connections", connections.size],
    ["avg_latency", average, "double"],
    ["outstanding_requests", stats.outstanding],
    ["znode_count", status.nodeCount],
    ["global_sessions", status.sessionCount],
    ["local_sessions", 0],
    ["non_mtls_remote_conn_count", 0],
    ["non_mtls_local_conn_count", 0],
    ["last_client_response_size", stats.replySizes.last],
    ["max_client_response_size", stats.replySizes.max],
    ["min_client_response_size", stats.replySizes.min],
    ["packets_sent", stats.sent],
    ["packets_received", stats.received],
    ["connection_drop_probability", 0, "double"],
    ["watch_count", status.watchCount],
    ["auth_failed_count", stats.authFailed],
    ["min_latency", min],
    ["max_latency", max],
    ["approximate_data_size", status.dataBytes],
    ["uptime", Math.max(0, nowMs - stats.startedAtMs)],
    ["outstanding_tls_handshake", stats.tlsShaking],
    ["connection_rejected", stats.rejected],
    ["sessionless_connections_expired", stats.unshaken],
    ["unsuccessful_handshake", stats.tlsFailed],
    ["bytes_received_count", stats.bytesReceived],
    ...Object.entries(openFiles()),
  ];
}
