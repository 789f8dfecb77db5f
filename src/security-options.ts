/** The flags that say who may speak to whom: TLS on our port, TLS to a bridged ZooKeeper, etcd's user. Errors of all: `BadOption`. */
import type { HostPort } from "./addresses.ts";
import { BadOption, type Flags } from "./flags.ts";
import { dashed, hostPort } from "./option-values.ts";

/** Files in PEM; certificate and key come together. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** TLS for ZooKeeper clients: on a port of its own, or else on the main one. */
export interface ClientTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile?: string;
  readonly clientAuth: "none" | "want" | "need";
  readonly listen?: HostPort;
}

/** etcd's user. */
export interface EtcdUser {
  readonly username: string;
  readonly password: string;
}

/** What `--zk-certfile` and its kin ask for. Without a say, clients need a certificate as soon as there is an authority to check it, as in ZooKeeper. */
export function clientTls(flags: Flags): ClientTls | undefined {
  const { zkCertfile, zkKeyfile, zkCafile, zkClientAuth, zkSecureAddr } = flags;
  if ((zkCertfile === undefined) !== (zkKeyfile === undefined))
    throw new BadOption("--zk-certfile and --zk-keyfile belong together: give both, or neither");
  if (zkCertfile === undefined || zkKeyfile === undefined) {
    const stray = (["zkCafile", "zkClientAuth", "zkSecureAddr"] as const).find((name) => flags[name] !== undefined);
    if (stray === undefined) return undefined;
    throw new BadOption(`${dashed(stray)} needs --zk-certfile and --zk-keyfile`);
  }
  const clientAuth = zkClientAuth ?? (zkCafile === undefined ? "none" : "need");
  if (clientAuth !== "none" && zkCafile === undefined)
    throw new BadOption(`--zk-client-auth ${clientAuth} needs --zk-cafile, to know whom to trust`);
  return {
    ...{ certFile: zkCertfile, keyFile: zkKeyfile, clientAuth },
    ...(zkCafile === undefined ? {} : { caFile: zkCafile }),
    ...(zkSecureAddr === undefined ? {} : { listen: hostPort("--zk-secure-addr", zkSecureAddr) }),
  };
}

/** What `--bridge-cafile` and its kin ask for; undefined is a plain connection. */
export function bridgeTls(flags: Flags): TlsFiles | undefined {
  const { bridgeCafile, bridgeCertfile, bridgeKeyfile, debugZkbridge } = flags;
  const given = (["bridgeCafile", "bridgeCertfile", "bridgeKeyfile"] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (given === undefined) return undefined;
  if (debugZkbridge === undefined) throw new BadOption(`${dashed(given)} needs --debug-zkbridge`);
  if ((bridgeCertfile === undefined) !== (bridgeKeyfile === undefined))
    throw new BadOption("--bridge-certfile and --bridge-keyfile belong together: give both, or neither");
  return {
    ...(bridgeCafile === undefined ? {} : { caFile: bridgeCafile }),
    ...(bridgeCertfile === undefined ? {} : { certFile: bridgeCertfile }),
    ...(bridgeKeyfile === undefined ? {} : { keyFile: bridgeKeyfile }),
  };
}

/** Schemes that `--require-auth` may name. */
const provableSchemes: readonly string[] = ["sasl", "x509", "digest"];

/** Of which schemes a client has to prove one, undefined without a say. A scheme that nobody could prove would turn everybody away. */
export function requiredSchemes(flags: Flags, tls: ClientTls | undefined): readonly string[] | undefined {
  const { requireAuth, superCertificate, saslUsers } = flags;
  const asksForCertificates = tls !== undefined && tls.clientAuth !== "none";
  if (superCertificate !== undefined && !asksForCertificates)
    throw new BadOption("--super-certificate needs clients that are asked for certificates: see --zk-client-auth");
  const schemes = requireAuth?.split(",").map((scheme) => scheme.trim());
  for (const scheme of schemes ?? []) {
    if (!provableSchemes.includes(scheme))
      throw new BadOption(`--require-auth knows no ${JSON.stringify(scheme)}; it takes ${provableSchemes.join(", ")}`);
    if (scheme === "sasl" && saslUsers === undefined) throw new BadOption("--require-auth sasl needs --sasl-users");
    if (scheme === "x509" && !asksForCertificates)
      throw new BadOption("--require-auth x509 needs clients that are asked for certificates: see --zk-client-auth");
  }
  return schemes;
}

/** `NAME:PASSWORD`, as etcdctl takes it; the password may hold colons. */
export function etcdUser({ user, endpoints }: Flags): EtcdUser | undefined {
  if (user === undefined) return undefined;
  if (endpoints === undefined) throw new BadOption("--user is for etcd: give --endpoints, or leave it out");
  const colon = user.indexOf(":");
  if (colon < 1) throw new BadOption("--user is NAME:PASSWORD");
  return { username: user.slice(0, colon), password: user.slice(colon + 1) };
}
