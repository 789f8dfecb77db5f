/** What the monitoring faces of the server look at: four-letter words, admin commands and metrics show the same figures. */
import type { BackendListing, BackendStatus } from "../backend.ts";
import { type Int64, int64 } from "../jute/int64.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionStats, type Latency, type ServerStats, sessionOpcode } from "./stats.ts";

/** One moment of the server. */
export interface ServerView {
  readonly status: BackendStatus;
  /** Asked for only by what lists sessions or watches. */
  listing(): BackendListing;
  readonly stats: ServerStats;
  readonly connections: Iterable<Connection> & { readonly size: number };
  readonly settings: ServerSettings;
  readonly trace: TraceMask;
  readonly nowMs: number;
}

/** What `conf` prints, as far as it means something here. −1 for a port that is not served. */
export interface ServerSettings {
  readonly clientPort: number;
  readonly secureClientPort: number;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly connectionsPerAddressMax: number;
  readonly backlog: number;
  readonly handshakeMs: number;
}

/** `gtmk` and `stmk` get and set it; nothing is traced by it here. 306 is ZooTrace's default. */
export class TraceMask {
  value = 306n;
}

/** A double as Java prints it: at most four decimals, at least one. */
export const javaDouble = (value: number): string => {
  const rounded = String(Math.round(value * 10_000) / 10_000);
  return rounded.includes(".") ? rounded : `${rounded}.0`;
};

/** A latency's figures before they become text: 0 where nothing was counted. */
export const latencyFigures = (latency: Latency): { min: number; average: number; max: number } => ({
  min: Number.isFinite(latency.min) ? latency.min : 0,
  average: Math.round(latency.average * 10_000) / 10_000,
  max: latency.max,
});

/** The zxid of a connection's newest reply; −1 before the first. */
export const lastZxidOf = ({ lastZxidHigh, lastZxidLow }: ConnectionStats): Int64 =>
  int64(lastZxidHigh, lastZxidLow >>> 0);

/** What `lop` calls an operation, by opcode. Source: FinalRequestProcessor.processRequest (3.9). */
const operations: Readonly<Record<number, string>> = {
  1: "CREA",
  2: "DELE",
  3: "EXIS",
  4: "GETD",
  5: "SETD",
  6: "GETA",
  7: "SETA",
  8: "GETC",
  9: "SYNC",
  11: "PING",
  12: "GETC",
  13: "CHEC",
  14: "MULT",
  15: "CREA",
  16: "RECO",
  17: "CHKW",
  18: "REMW",
  19: "CREA",
  20: "DELE",
  21: "CREA",
  22: "MLTR",
  101: "SETW",
  103: "GETE",
  104: "GETACN",
  105: "STW2",
  106: "ADDW",
  107: "HOMI",
  [-11]: "CLOS",
  [sessionOpcode]: "SESS",
};

/** `NA` for an opcode without a name, and before the first request. */
export const operationName = (opcode: number): string => operations[opcode] ?? "NA";
