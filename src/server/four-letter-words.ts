/** ZooKeeper's monitoring commands: four bytes instead of a handshake, answered as text. Formats as ZooKeeper 3.8 prints them; where a figure
 *  does not exist here its line is left out. Source: org.apache.zookeeper.server.command (3.9); zookeeper-semantics 11.2. */
import { int64Hex } from "../jute/int64.ts";
import type { Connection } from "./connection.ts";
import { briefDetails, connectionLines, fullDetails } from "./connection-lines.ts";
import { environmentText } from "./environment.ts";
import { dumpText, watchesByPathText, watchesBySessionText, watchSummaryText } from "./listings.ts";
import { monitorFigures } from "./monitor.ts";
import { javaDouble, latencyFigures, type ServerView } from "./view.ts";

/** Who asks, and the bytes behind the word, where it takes any. */
export interface Asked {
  readonly by: Connection;
  readonly argument: Buffer;
}

/** A command. Those that need a serving backend say so when there is none. */
interface Word {
  readonly needsService: boolean;
  /** Bytes behind the word that it cannot do without. */
  readonly argumentBytes: number;
  answer(view: ServerView, asked: Asked): string;
}

const whenServing = (answer: Word["answer"]): Word => ({ needsService: true, argumentBytes: 0, answer });
const always = (answer: Word["answer"]): Word => ({ needsService: false, argumentBytes: 0, answer });

const words: Readonly<Record<string, Word>> = {
  ruok: always(() => "imok"),
  isro: always(({ status }) => (status.serving ? (status.mode === "read-only" ? "ro" : "rw") : "null")),
  envi: always(({ status }) => environmentText(status.version)),
  gtmk: always(({ trace }) => String(trace.value)),
  stmk: {
    needsService: false,
    argumentBytes: 8,
    answer({ trace }, { argument }) {
      trace.value = argument.readBigInt64BE(0);
      return String(trace.value);
    },
  },
  srvr: whenServing((view) => `${versionLine(view)}${figures(view)}`),
  stat: whenServing(
    (view, { by }) =>
      `${versionLine(view)}Clients:\n${connectionLines(view.connections, by, briefDetails)}\n${figures(view)}`,
  ),
  cons: whenServing((view, { by }) => `${connectionLines(view.connections, by, fullDetails)}\n`),
  mntr: whenServing((view) =>
    monitorFigures(view)
      .map(([name, value, kind]) => `zk_${name}\t${kind === "double" ? javaDouble(Number(value)) : value}\n`)
      .join(""),
  ),
  conf: whenServing(configuration),
  crst: whenServing((view) => {
    for (const connection of view.connections) connection.stats.reset();
    return "Connection stats reset.\n";
  }),
  srst: whenServing(({ stats }) => {
    stats.reset();
    return "Server stats reset.\n";
  }),
  dump: whenServing(dumpText),
  wchs: whenServing(watchSummaryText),
  wchc: whenServing(watchesBySessionText),
  wchp: whenServing(watchesByPathText),
  // There is no directory; what the znodes hold comes nearest.
  dirs: whenServing(({ status }) => `datadir_size: ${status.dataBytes}\nlogdir_size: 0\n`),
  // ZooKeeper lists digests of its whole tree that it has logged; a server that has logged none, as a fresh one, answers with nothing.
  hash: whenServing(() => ""),
};

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

/** How many bytes a word needs behind it; undefined when four characters are none (unknown or upper-case): then they are a frame's length. */
export const wordArgumentBytes = (text: string): number | undefined =>
  Object.hasOwn(words, text) ? words[text]?.argumentBytes : undefined;

/** The answer to a word. */
export function answerWord(word: string, whitelist: WordWhitelist, asked: Asked, view: () => ServerView): string {
  const known = words[word];
  if (known === undefined || (whitelist !== "*" && !whitelist.has(word)))
    return `${word} is not executed because it is not in the whitelist.\n`;
  const seen = view();
  if (known.needsService && !seen.status.serving) return "This ZooKeeper instance is not currently serving requests\n";
  return known.answer(seen, asked);
}

const versionLine = ({ status }: ServerView) => `Zookeeper version: ${status.version}\n`;

function figures({ status, stats, connections }: ServerView): string {
  const { min, average, max } = latencyFigures(stats.latency);
  return [
    `Latency min/avg/max: ${min}/${javaDouble(average)}/${max}`,
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

function configuration({ settings }: ServerView): string {
  return [
    `clientPort=${settings.clientPort}`,
    `secureClientPort=${settings.secureClientPort}`,
    `tickTime=${settings.tickTimeMs}`,
    `maxClientCnxns=${settings.connectionsPerAddressMax}`,
    `minSessionTimeout=${settings.minSessionTimeoutMs}`,
    `maxSessionTimeout=${settings.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${settings.backlog}`,
    "serverId=0",
    "",
  ].join("\n");
}
