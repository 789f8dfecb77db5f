/** How `stat` and `cons` print connections. Source: ServerCnxn.dumpConnectionInfo (3.9). */
import { int64Hex } from "../jute/int64.ts";
import type { Connection } from "./connection.ts";
import { lastZxidOf, latencyFigures, operationName } from "./view.ts";

/** One line per connection. ZooKeeper stops reading from the connection that asks before it prints it. */
export function connectionLines(
  connections: Iterable<Connection>,
  asking: Connection,
  details: (connection: Connection) => string,
): string {
  let text = "";
  for (const connection of connections) {
    const isRead = connection.isReading && connection !== asking;
    const { address, port } = connection.peer;
    text += ` /${address}:${port}[${isRead ? 1 : 0}](${details(connection)})\n`;
  }
  return text;
}

/** What both words tell. */
export const briefDetails = ({ stats }: Connection): string =>
  `queued=${stats.outstanding},recved=${stats.received},sent=${stats.sent}`;

/** What `cons` adds for a connection with a session. Its average is a whole number, unlike the server's. */
export function fullDetails(connection: Connection): string {
  const { stats, granted } = connection;
  if (granted === undefined) return briefDetails(connection);
  const { min, average, max } = latencyFigures(stats.latency);
  return [
    briefDetails(connection),
    `sid=${int64Hex(granted.sessionId)}`,
    `lop=${operationName(stats.lastOpcode)}`,
    `est=${stats.establishedAtMs}`,
    `to=${granted.timeOut}`,
    ...(stats.lastXid >= 0 ? [`lcxid=0x${stats.lastXid.toString(16)}`] : []),
    `lzxid=${int64Hex(lastZxidOf(stats))}`,
    `lresp=${stats.lastReplyAtMs}`,
    `llat=${stats.latency.last}`,
    `minlat=${min}`,
    `avglat=${Math.floor(average)}`,
    `maxlat=${max}`,
  ].join(",");
}
