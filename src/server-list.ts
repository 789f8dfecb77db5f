/** Lists of ZooKeeper servers as the client tools take them. */
import { type HostPort, parseHostPort } from "./addresses.ts";

/** ZooKeeper's client port, where a list names none. */
const defaultPort = 2181;

/** What a list looks like, for those who wrote another. */
export const serverListAdvice = "Each server is HOST:PORT, like 127.0.0.1:2181.";

/** Reads `HOST[:PORT]`, separated by commas; undefined when an entry is none. */
export function parseServerList(list: string): HostPort[] | undefined {
  const servers = list.split(",").map((part) => {
    const text = part.trim();
    if (text === "" || text.startsWith(":")) return undefined;
    return parseHostPort(/:\d+$/.test(text) ? text : `${text}:${defaultPort}`);
  });
  return servers.every((server) => server !== undefined) ? servers : undefined;
}
