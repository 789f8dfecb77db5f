/** A command-line argument or environment variable nobody can work with; the programs exit with 254. */
export class BadArgument extends Error {
  override readonly name = "BadArgument";
  /** What was given, as it was given. */
  readonly argument: string;
  /** `where` names the flag or variable it came from. */
  constructor(where: string, argument: string, problem: string) {
    super(`${where}: ${JSON.stringify(argument)} ${problem}`);
    this.argument = argument;
  }
}

/** A SERVER argument, understood. */
export type ServerArgument =
  | { readonly is: "auto" }
  | {
      readonly is: "zk";
      readonly host: string;
      readonly port: number /** "" or a path like `/a/b`. */;
      readonly chroot: string;
    }
  | { readonly is: "etcd" /** Client URLs, `http://HOST:PORT`. */; readonly endpoints: readonly string[] };

/** What a SERVER argument may look like, for messages. */
const forms = "zk://HOST:PORT[/CHROOT], etcd://HOST:PORT[,HOST:PORT...] or auto";

/** Understands a SERVER argument: `zk://HOST:PORT[/CHROOT]`, `etcd://HOST:PORT[,HOST:PORT...]` or `auto`. IPv6 addresses stand in
 *  brackets. Throws {@link BadArgument}; `where` is the flag or variable it names. */
export function parseServer(argument: string, where = "SERVER"): ServerArgument {
  if (argument === "auto") return { is: "auto" };
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/s.exec(argument) ?? [];
  if (scheme === "etcd" && rest !== undefined) return { is: "etcd", endpoints: parseEtcdList(argument, rest, where) };
  if (scheme !== "zk" || rest === undefined)
    throw new BadArgument(where, argument, `is not a server; expected ${forms}`);
  const slash = rest.indexOf("/");
  const address = slash === -1 ? rest : rest.slice(0, slash);
  if (address.includes(","))
    throw new BadArgument(where, argument, "names several ZooKeepers; name one, so that answers come from one server");
  const chroot = slash === -1 ? "" : parseChroot(argument, rest.slice(slash), where);
  return { is: "zk", ...parseAddress(argument, address, where), chroot };
}

/** Splits HOST:PORT. The host keeps no brackets. Throws {@link BadArgument} naming `argument` and `where`. */
export function parseAddress(argument: string, address: string, where: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new BadArgument(where, argument, `has ${JSON.stringify(address)} where HOST:PORT is expected`);
  const port = Number(digits);
  if (port < 1 || port > 65_535)
    throw new BadArgument(where, argument, `has the port ${digits}; ports go from 1 to 65535`);
  return { host, port };
}

/** etcd's client URLs from a comma-separated list; each may carry its own `http://`. Throws {@link BadArgument}. */
function parseEtcdList(argument: string, list: string, where: string): string[] {
  return list.split(",").map((entry) => {
    const { host, port } = parseAddress(argument, entry.replace(/^http:\/\//, ""), where);
    return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  });
}

/** A chroot as clients prepend it: "/" becomes "". Source: PathUtils.validatePath (3.8), whose rules it must meet. */
function parseChroot(argument: string, chroot: string, where: string): string {
  if (chroot === "/") return "";
  const bad = chroot
    .slice(1)
    .split("/")
    .find((name) => name === "" || name === "." || name === "..");
  if (bad === undefined) return chroot;
  throw new BadArgument(
    where,
    argument,
    `has the chroot ${JSON.stringify(chroot)}, in which a name is ${JSON.stringify(bad)}`,
  );
}

/** Understands `ZETCD_ETCD` and `ZETCD_ZOOKEEPER`: a SERVER argument of that kind, or the same without its scheme. Undefined for an
 *  empty or absent value and for `auto`. Throws {@link BadArgument}. */
export function parseServerVariable<K extends "zk" | "etcd">(
  kind: K,
  name: string,
  value: string | undefined,
): Extract<ServerArgument, { is: K }> | undefined {
  if (value === undefined || value === "" || value === "auto") return undefined;
  const server = parseServer(value.startsWith(`${kind}://`) ? value : `${kind}://${value}`, name);
  return isKind(server, kind) ? server : undefined;
}

/** Narrows a server argument to one kind. */
function isKind<K extends ServerArgument["is"]>(
  server: ServerArgument,
  kind: K,
): server is Extract<ServerArgument, { is: K }> {
  return server.is === kind;
}
