/** Reads the files that flags name: certificates, keys, users. A file that cannot be used is the user's mistake, and is found before anything starts. */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { parseSaslUsers } from "./sasl-users.ts";
import type { ClientTls, TlsFiles } from "./security-options.ts";
import type { TlsSettings } from "./server/tls.ts";

/** A file named by a flag cannot be used. */
export class UnusableFile extends Error {}

/** PEM, read and tried. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads what makes a TLS client of us. `flags` is what stands before `cafile`: `--` or `--bridge-`. */
export async function readTls(flags: string, { caFile, certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  const material = {
    ...(caFile === undefined ? {} : { ca: await readNamed(`${flags}cafile`, caFile) }),
    ...(certFile === undefined ? {} : { cert: await readNamed(`${flags}certfile`, certFile) }),
    ...(keyFile === undefined ? {} : { key: await readNamed(`${flags}keyfile`, keyFile) }),
  };
  tryOut(flags, material);
  return material;
}

/** Reads what makes a TLS server of us. */
export async function readClientTls(tls: ClientTls): Promise<TlsSettings> {
  const cert = await readNamed("--zk-certfile", tls.certFile);
  const key = await readNamed("--zk-keyfile", tls.keyFile);
  const { ca } = await readTls("--zk-", tls);
  return { cert, key, clientAuth: tls.clientAuth, ...(ca === undefined ? {} : { ca }) };
}

/** Reads `--sasl-users`: passwords by user. */
export async function readSaslUsers(path: string): Promise<ReadonlyMap<string, string>> {
  const parsed = parseSaslUsers((await readNamed("--sasl-users", path)).toString("utf8"));
  if (parsed.is === "bad") throw new UnusableFile(`--sasl-users ${path}: ${parsed.why}`);
  return parsed.users;
}

async function readNamed(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new UnusableFile(`${flag} ${path} cannot be read`, { cause });
  }
}

function tryOut(flags: string, material: TlsMaterial): void {
  try {
    createSecureContext(material);
  } catch (cause) {
    const which = Object.keys(material).map((part) => `${flags}${part}file`);
    throw new UnusableFile(`${which.join(", ")}: not the PEM that TLS needs`, { cause });
  }
}
