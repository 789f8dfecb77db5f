/** Network addresses as users write them. */

/** Where to listen or connect. IPv6 hosts stand without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses of this machine); undefined when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]*)):(\d{1,5})$/i.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** The way back: IPv6 hosts in brackets. */
export const printHostPort = ({ host, port }: HostPort): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** A list of etcd members as URLs, or why it is none. */
export type Endpoints = { readonly is: "urls"; readonly urls: string[] } | { readonly is: "bad"; readonly why: string };

/** Reads `HOST:PORT` or `http[s]://HOST:PORT`, separated by commas. `scheme` is for those without one. */
export function parseEndpoints(list: string, scheme: "http" | "https"): Endpoints {
  const urls: string[] = [];
  for (const text of list.split(",").map((part) => part.trim())) {
    const [, given = scheme, rest = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/.exec(text) ?? [];
    const address = parseHostPort(rest);
    if (address === undefined || rest.startsWith(":"))
      return { is: "bad", why: `each member is HOST:PORT, like 127.0.0.1:2379, not ${JSON.stringify(text)}` };
    urls.push(`${given}://${printHostPort(address)}`);
  }
  if (new Set(urls.map((url) => url.split(":", 1)[0])).size > 1)
    return { is: "bad", why: "http and https members do not mix; use one for all" };
  return { is: "urls", urls };
}
