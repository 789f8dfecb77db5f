/** Who may do what: identities of a connection, access control lists, and how the one is held against the other.
 *  Source: PrepRequestProcessor.fixupACL, ZooKeeperServer.checkACL, DigestAuthenticationProvider, IPAuthenticationProvider (3.9). */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { lenientText } from "../jute/buffers.ts";
import { openAcl } from "../protocol/opcodes.ts";
import type { ACL, Id } from "../protocol/records.ts";
import type { AclEntries } from "./changes.ts";
import { isDistinguishedName, isSaslId } from "./principals.ts";

/** One identity that a connection has shown. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** What decides about permissions besides the lists themselves. `superDigest`: the digest identity that may do everything, or none.
 *  `ipv6`: whether IPv6 literals are valid ids of scheme ip (3.9.4 and newer). Scheme x509 exists where clients are asked for certificates, scheme
 *  sasl where there are users (passwords by name). */
export interface AclPolicy {
  readonly superDigest: string | null;
  readonly ipv6: boolean;
  readonly clientCertificates?: boolean;
  readonly saslUsers?: ReadonlyMap<string, string>;
  /** The certificate's subject that may do everything. */
  readonly superCertificate?: string | null;
  /** Schemes of which a connection has to show one before it may ask for anything. */
  readonly requiredSchemes?: readonly string[] | null;
}

/** Whether a connection may ask for anything. Source: AuthenticationHelper.isCnxnAuthenticated (3.9). */
export const isAdmitted = (identities: readonly Identity[], { requiredSchemes }: AclPolicy): boolean =>
  requiredSchemes == null || identities.some(({ scheme }) => requiredSchemes.includes(scheme));

/** Who a certificate's owner is. Source: X509AuthenticationProvider.handleAuthentication (3.9). */
export const certificateIdentities = (subject: string, { superCertificate }: AclPolicy): readonly Identity[] => [
  ...(subject === superCertificate ? [{ scheme: "super", id: "" }] : []),
  { scheme: "x509", id: subject },
];

/** `user:base64(sha1(user:password))`. The user is the text before the first colon; a token without one stands for itself. The token is text before
 *  it is hashed, so all malformed ones of one shape are one. Source: DigestAuthenticationProvider.handleAuthentication. */
export function digestIdentity(token: Buffer): string {
  const text = lenientText(token);
  const user = text.includes(":") ? text.slice(0, text.indexOf(":")) : text;
  return `${user}:${createHash("sha1").update(text, "utf8").digest("base64")}`;
}

/** Identities that an `auth` entry stands for: those that were proven, not the address and not super. */
const isProven = (identity: Identity): boolean => identity.scheme !== "ip" && identity.scheme !== "super";

/** Whether a scheme's provider dereferences the id. */
function needsId(scheme: string | null, policy: AclPolicy): boolean {
  if (scheme === "x509") return policy.clientCertificates === true;
  if (scheme === "sasl") return policy.saslUsers !== undefined;
  return scheme === "world" || scheme === "digest" || scheme === "ip";
}

/** Exact duplicates removed, the first kept. Fields are compared one by one as ACL.equals does, so a null is met only behind equal ones. */
function withoutDuplicates(acl: readonly ACL[]): ACL[] | "broken" {
  const kept: ACL[] = [];
  for (const entry of acl) {
    const { scheme, id } = entry.id;
    let isNew = true;
    for (const earlier of kept) {
      if (!isNew || earlier.perms !== entry.perms) continue;
      if (scheme === null || (scheme === earlier.id.scheme && id === null)) return "broken";
      isNew = scheme !== earlier.id.scheme || id !== earlier.id.id;
    }
    if (isNew) kept.push({ perms: entry.perms, id: { scheme, id } });
  }
  return kept;
}

/** The list as it will be stored: duplicates removed, then `auth` entries replaced in place by the connection's proven identities. `null` answers
 *  INVALIDACL; `"broken"`, a null scheme or id that ZooKeeper trips over, MARSHALLINGERROR. */
export function fixupAcl(
  acl: readonly ACL[] | null,
  identities: readonly Identity[],
  policy: AclPolicy,
): AclEntries | null | "broken" {
  if (acl === null || acl.length === 0) return null;
  const unique = withoutDuplicates(acl);
  if (unique === "broken") return "broken";
  const fixed: ACL[] = [];
  for (const entry of unique) {
    const { scheme, id } = entry.id;
    if (scheme === "auth") {
      const proven = identities.filter(isProven);
      if (proven.length === 0) return null;
      for (const identity of proven) fixed.push({ perms: entry.perms, id: { ...identity } });
      continue;
    }
    if (id === null && needsId(scheme, policy)) return "broken";
    if (!isValidId(scheme, id, policy)) return null;
    fixed.push(entry);
  }
  const [only] = fixed;
  return fixed.length === 1 && only?.perms === 31 && only.id.scheme === "world" ? openAcl : fixed;
}

function isValidId(scheme: string | null, id: string | null, policy: AclPolicy): boolean {
  switch (scheme) {
    case "world":
      return id === "anyone";
    case "digest":
      return id !== null && javaSplitCount(id) === 2;
    case "ip":
      return id !== null && isValidIpId(id, policy);
    case "x509":
      return policy.clientCertificates === true && id !== null && isDistinguishedName(id);
    case "sasl":
      return policy.saslUsers !== undefined && id !== null && isSaslId(id);
    default:
      return false;
  }
}

/** How many parts Java's `String.split(":")` gives: trailing empty parts do not count. */
function javaSplitCount(text: string): number {
  const parts = text.split(":");
  while (parts.length > 1 && parts[parts.length - 1] === "") parts.pop();
  return parts.length === 1 && parts[0] === "" && text !== "" ? 0 : parts.length;
}

/** An integer as Java's Integer.parseInt reads it, or NaN. */
const javaInt = (text: string): number => (/^[+-]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN);

function addressBytes(text: string, ipv6: boolean): readonly number[] | null {
  const parts = text.split(".");
  if (parts.length === 4) {
    const bytes = parts.map(javaInt);
    return bytes.every((byte) => byte >= 0 && byte <= 255) ? bytes : null;
  }
  return ipv6 && isIP(text) === 6 ? ipv6Bytes(text) : null;
}

function ipv6Bytes(text: string): readonly number[] {
  const [head = "", tail] = text.split("::");
  const groups = (half: string): number[] =>
    half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const middle = tail === undefined ? [] : new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap((group) => [group >> 8, group & 0xff]);
}

function splitNetwork(id: string, ipv6: boolean): { bytes: readonly number[]; bits: number } | null {
  const slash = id.indexOf("/");
  const bytes = addressBytes(slash < 0 ? id : id.slice(0, slash), ipv6);
  if (bytes === null) return null;
  const bits = slash < 0 ? bytes.length * 8 : javaInt(id.slice(slash + 1));
  return bits >= 0 && bits <= bytes.length * 8 ? { bytes, bits } : null;
}

const isValidIpId = (id: string, policy: AclPolicy): boolean => splitNetwork(id, policy.ipv6) !== null;

/** Whether an address lies in the network that an `ip` entry names. */
function matchesIp(address: string, id: string): boolean {
  const network = splitNetwork(id, true);
  const bytes = addressBytes(address.replace(/^::ffff:(?=\d+\.)/, ""), true);
  if (network === null || bytes === null || bytes.length !== network.bytes.length) return false;
  for (let bit = 0; bit < network.bits; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((bytes[bit >> 3] ?? 0) & mask) !== ((network.bytes[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

function matches(identity: Identity, id: Id): boolean {
  if (identity.scheme !== id.scheme) return false;
  if (identity.scheme === "ip") return matchesIp(identity.id, id.id ?? "");
  // SASLAuthenticationProvider.matches: the user `super` is anybody, as far as scheme sasl goes.
  return identity.id === id.id || (identity.scheme === "sasl" && identity.id === "super");
}

/** Whether one of the identities holds one of the permission bits. An empty list grants everything; so does an identity of scheme super. */
export function isPermitted(acl: AclEntries, perms: number, identities: readonly Identity[]): boolean {
  if (acl.length === 0) return true;
  for (const entry of acl) {
    if ((entry.perms & perms) === 0) continue;
    if (entry.id.scheme === "world" && entry.id.id === "anyone") return true;
    if (identities.some((identity) => matches(identity, entry.id))) return true;
  }
  return identities.some((identity) => identity.scheme === "super");
}

/** A list as shown to a caller without ADMIN: digests hidden behind `x`. */
export function redactedAcl(acl: AclEntries): ACL[] {
  return acl.map((entry) => {
    const { scheme, id } = entry.id;
    if (scheme !== "digest" || id === null || !id.includes(":")) return { ...entry };
    return { perms: entry.perms, id: { scheme, id: `${id.slice(0, id.indexOf(":"))}:x` } };
  });
}
