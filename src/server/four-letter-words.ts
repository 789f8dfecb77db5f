/** ZooKeeper's monitoring commands: four bytes instead of a handshake, answered as text. Formats as ZooKeeper 3.8 prints them; where a figure
 *  does not exist here its line is left out. Source: org.apache.zookeeper.server.command (3.9); zookeeper-semantics 11.2. */
import type { BackendStatus } from "../backend.ts";
import { type Int64, int64, int64Hex } from "../jute/int64.ts";
import type { Connection } from "./connection.ts";
import { environmentText, openFiles } from "./environment.ts";
import { type Latency, type ServerStats, sessionOpcode } from "./stats.ts";

/** What the words look at. */
export interface ServerView {
  readonly status: BackendStatus;
  readonly stats: ServerStats;
  readonly connections: Iterable<Connection> & { readonly size: number };
  readonly asking: Connection;
  readonly settings: ServerSettings;
  readonly nowMs: number;
}

/** What `conf` prints, as far as it means something here. */
export interface ServerSettings {
  readonly clientPort: number;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly connectionsPerAddressMax: number;
  readonly backlog: number;
}

/** A command. Those that need a serving backend say so when there is none. */
interface Word {
  readonly needsService: boolean;
  answer(view: ServerView): string;
}

const whenServing = (answer: Word["answer"]): Word => ({ needsService: true, answer });
const always = (answer: Word["answer"]): Word => ({ needsService: false, answer });

const words: Readonly<Record<string, Word>> = {
  ruok: always(() => "imok"),
  isro: always(({ status }) => (status.serving ? (status.mode === "read-only" ? "ro" : "rw") : "null")),
  envi: always(({ status }) => environmentText(status.version)),
  srvr: whenServing((view) => `${versionLine(view)}${figures(view)}`),
  stat: whenServing((view) => `${versionLine(view)}Clients:\n${clients(view, briefLine)}\n${figures(view)}`),
  cons: whenServing((view) => `${clients(view, fullLine)}\n`),
  mntr: whenServing(monitor),
  conf: whenServing(configuration),
  crst: whenServing((view) => {
    for (const connection of view.connections) connection.stats.reset();
    return "Connection stats reset.\n";
  }),
  srst: whenServing(({ stats }) => {
    stats.reset();
    return "Server stats reset.\n";
  }),
  // How many connections and paths there are is not known here, so the line that says it is left out.
  wchs: whenServing(({ status }) => `Total watches:${status.watchCount}\n`),
  // There is no directory; what the znodes hold comes nearest.
  dirs: whenServing(({ status }) => `datadir_size: ${status.dataBytes}\nlogdir_size: 0\n`),
};

/** Words of ZooKeeper that are answered as if they were not on the whitelist, because what they show is not at hand. */
const unsupported: ReadonlySet<string> = new Set(["dump", "gtmk", "hash", "stmk", "wchc", "wchp"]);

/** Which words are answered: `*` for all that exist, as in 4lw.commands.whitelist. */
export type WordWhitelist = "*" | ReadonlySet<string>;

/** Words that can be answered, for checking a whitelist. */
export const supportedWords: readonly string[] = Object.keys(words);

/** Reads a whitelist as ZooKeeper's configuration spells it: words separated by commas, or `*` anywhere for all. Words unknown here are kept; they
 *  never match. */
export function parseWhitelist(list: string): WordWhitelist {
  const names = list.split(",").map((name) => name.trim());
  return names.includes("*") ? "*" : new Set(names.filter((name) => name !== ""));
}

/** Whether four characters are a word; if not (unknown or upper-case), the bytes are a frame's length. */
export const isWord = (text: string): boolean => Object.hasOwn(words, text) || unsupported.has(text);

/** The answer to a word. */
export function answerWord(word: string, whitelist: WordWhitelist, view: () => ServerView): string {
  const known = words[word];
  if (known === undefined || (whitelist !== "*" && !whitelist.has(word)))
    return `${word} is not executed because it is not in the whitelist.\n`;
  const seen = view();
  if (known.needsService && !seen.status.serving) return "This ZooKeeper instance is not currently serving requests\n";
  return known.answer(seen);
}

const versionLine = ({ status }: ServerView) => `Zookeeper version: ${status.version}\n`;

function figures({ status, stats, connections }: ServerView): string {
  const { min, average, max } = printed(stats.latency);
  return [
    `Latency min/avg/max: ${min}/${average}/${max}`,
    `Received: ${stats.received}`,
    `Sent: ${stats.sent}`,
    `Connections: ${connections.size}`,
    `Outstanding: ${stats.outstanding}`,
    `Zxid: ${int64Hex(status.zxid)}`,
    `Mode: ${status.mode}`,
    `Node count: ${status.nodeCount}`,
    "",
  ].join("\n");
}

/** A double as Java prints it: at most four decimals, at least one. */
const javaDouble = (value: number) => {
  const rounded = String(Math.round(value * 10_000) / 10_000);
  return rounded.includes(".") ? rounded : `${rounded}.0`;
};

const printed = (latency: Latency) => ({
  min: Number.isFinite(latency.min) ? latency.min : 0,
  average: javaDouble(latency.average),
  max: latency.max,
});

function clients(view: ServerView, line: (connection: Connection) => string): string {
  let text = "";
  for (const connection of view.connections) {
    // ZooKeeper stops reading from the connection that asks before it prints it.
    const isRead = connection.isReading && connection !== view.asking;
    const { address, port } = connection.peer;
    text += ` /${address}:${port}[${isRead ? 1 : 0}](${line(connection)})\n`;
  }
  return text;
}

const briefLine = ({ stats }: Connection) => `queued=${stats.outstanding},recved=${stats.received},sent=${stats.sent}`;

function fullLine(connection: Connection): string {
  const { stats, granted } = connection;
  if (granted === undefined) return briefLine(connection);
  const { min, average, max } = printed(stats.latency);
  const lastZxid: Int64 = int64(stats.lastZxidHigh, stats.lastZxidLow >>> 0);
  return [
    briefLine(connection),
    `sid=${int64Hex(granted.sessionId)}`,
    `lop=${operations[stats.lastOpcode] ?? "NA"}`,
    `est=${stats.establishedAtMs}`,
    `to=${granted.timeOut}`,
    ...(stats.lastXid >= 0 ? [`lcxid=0x${stats.lastXid.toString(16)}`] : []),
    `lzxid=${int64Hex(lastZxid)}`,
    `lresp=${stats.lastReplyAtMs}`,
    `llat=${stats.latency.last}`,
    `minlat=${min}`,
    `avglat=${average}`,
    `maxlat=${max}`,
  ].join(",");
}

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

function monitor({ status, stats, connections, nowMs }: ServerView): string {
  const { min, average, max } = printed(stats.latency);
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ["version", status.version],
    ["server_state", status.mode],
    ["avg_latency", average],
    ["max_latency", max],
    ["min_latency", min],
    ["packets_received", stats.received],
    ["packets_sent", stats.sent],
    ["num_alive_connections", connections.size],
    ["outstanding_requests", stats.outstanding],
    ["uptime", Math.max(0, nowMs - stats.startedAtMs)],
    ["znode_count", status.nodeCount],
    ["watch_count", status.watchCount],
    ["ephemerals_count", status.ephemeralsCount],
    ["approximate_data_size", status.dataBytes],
    ["global_sessions", status.sessionCount],
    ["local_sessions", 0],
    ["connection_drop_probability", javaDouble(0)],
    ["outstanding_tls_handshake", 0],
    ["connection_rejected", stats.rejected],
    ["sessionless_connections_expired", stats.unshaken],
    ...Object.entries(openFiles()).map(([name, value]) => [name, value] as const),
  ];
  return rows.map(([key, value]) => `zk_${key}\t${value}\n`).join("");
}

function configuration({ settings }: ServerView): string {
  return [
    `clientPort=${settings.clientPort}`,
    "secureClientPort=-1",
    `tickTime=${settings.tickTimeMs}`,
    `maxClientCnxns=${settings.connectionsPerAddressMax}`,
    `minSessionTimeout=${settings.minSessionTimeoutMs}`,
    `maxSessionTimeout=${settings.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${settings.backlog}`,
    "serverId=0",
    "",
  ].join("\n");
}
