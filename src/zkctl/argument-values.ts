/** The values of zkctl's arguments. All throw `InvalidArgumentError` with a message that says what is wanted. */
import { InvalidArgumentError } from "commander";
import type { HostPort } from "../addresses.ts";
import { createFlags } from "../protocol/opcodes.ts";
import { isValidPath } from "../protocol/paths.ts";
import type { ACL } from "../protocol/records.ts";
import { parseServerList, serverListAdvice } from "../server-list.ts";
import { parseAcl } from "./acl-text.ts";
import type { Credential } from "./job.ts";

/** Decimal, −1 … 2^31 − 1. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^(-1|\d+)$/.test(text) && value <= 0x7fffffff) return value;
  throw new InvalidArgumentError("It is a whole number.");
}

/** Decimal, 1 … 2^31 − 1. */
export function countFrom(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 0x7fffffff) return value;
  throw new InvalidArgumentError("It is a whole number above 0.");
}

/** Decimal, 0 … 2^63 − 1. */
export function int64From(text: string): bigint {
  if (/^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n) return BigInt(text);
  throw new InvalidArgumentError("It is a whole number.");
}

/** A path that begins where all paths begin; the rest is for the server to judge. */
export function absolutePath(text: string): string {
  if (!text.startsWith("/")) throw new InvalidArgumentError("It begins with a slash, like /a/b.");
  return text;
}

/** An absolute path that ZooKeeper takes. */
export function pathFrom(text: string): string {
  if (!isValidPath(text)) throw new InvalidArgumentError(`${text} is no path; one looks like /a/b`);
  return text;
}

/** `HOST[:PORT]`, separated by commas. */
export function endpointsFrom(list: string): HostPort[] {
  const servers = parseServerList(list);
  if (servers === undefined) throw new InvalidArgumentError(serverListAdvice);
  return servers;
}

/** `SCHEME:CREDENTIAL`, behind those before it. */
export function appendCredential(text: string, before: readonly Credential[]): Credential[] {
  const [, scheme, auth] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || auth === undefined)
    throw new InvalidArgumentError("It is SCHEME:CREDENTIAL, like digest:joe:secret.");
  return [...before, { scheme, auth: Buffer.from(auth) }];
}

/** A list as zkCli writes it. */
export function aclFrom(text: string): ACL[] {
  const acl = parseAcl(text);
  if (acl === undefined)
    throw new InvalidArgumentError("An access control list is SCHEME:ID:PERMS,... with PERMS out of cdrwa.");
  return acl;
}

/** A value's bytes; null where none is given. */
export const dataFrom = (value: string | undefined): Buffer | null => (value === undefined ? null : Buffer.from(value));

/** The flags of `create` that decide the kind of znode. */
interface KindFlags {
  readonly ephemeral?: boolean;
  readonly sequential?: boolean;
  readonly sequence?: boolean;
  readonly container?: boolean;
  readonly ttl?: number;
}

/** The CreateMode for a combination of flags; some kinds exclude each other. */
export function createMode({ ephemeral, sequential, sequence, container, ttl }: KindFlags): number {
  const counts = sequential === true || sequence === true;
  if (container === true) {
    if (ephemeral === true || counts || ttl !== undefined)
      throw new InvalidArgumentError("--container goes with no other kind.");
    return createFlags.container;
  }
  if (ttl !== undefined) {
    if (ephemeral === true) throw new InvalidArgumentError("--ttl and --ephemeral exclude each other.");
    return counts ? createFlags.persistentSequentialTTL : createFlags.persistentTTL;
  }
  if (ephemeral === true) return counts ? createFlags.ephemeralSequential : createFlags.ephemeral;
  return counts ? createFlags.persistentSequential : createFlags.persistent;
}
