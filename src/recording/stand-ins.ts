/** Keeps secrets out of a recording: a fold over the request schemas that overwrites fields where they lie, so that every length stays. Equal values
 *  get equal stand-ins, so that a right password stays right and a wrong one wrong. */
import { createHash, hash, randomBytes } from "node:crypto";
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import type { FieldType, Schema } from "../jute/kinds.ts";
import { ConnectRequest } from "../protocol/connect.ts";
import { type OpName, opcodes, opName } from "../protocol/opcodes.ts";
import { type VisitField, visitFields } from "./fields.ts";
import type { Redaction } from "./format.ts";

/** Bytes of a request header, which holds no secret. */
const headerBytes = 8;

/** Digests of credentials that clients showed; beyond these, identities in access control lists no longer follow their passwords. */
const digestsMax = 10_000;

/** Schemes whose identities are names and addresses, and no digests of anything. */
const openSchemes: ReadonlySet<string> = new Set(["world", "ip", "x509", "sasl", "auth"]);

/** Overwrites what a recording must not hold. The key is made by chance and kept nowhere: stand-ins cannot be tried out against guesses. */
export class StandIns {
  readonly redaction: Redaction;
  readonly #pads: ReturnType<typeof padsOf>;
  readonly #hidden: ReadonlySet<string>;
  readonly #hiding = new Set<OpName>();
  /** `user:digest` as ZooKeeper makes it of credentials, by the same of their stand-ins. */
  readonly #digests = new Map<string, string>();

  constructor(redaction: Redaction, key: Buffer = randomBytes(32)) {
    this.redaction = redaction;
    this.#pads = padsOf(key);
    this.#hidden = new Set(
      redaction === "none" ? [] : redaction === "all" ? ["secret", "identity", "data"] : ["secret", "identity"],
    );
    for (const [name, { request }] of Object.entries(opcodes))
      if (this.#mayHide(request)) this.#hiding.add(name as OpName);
  }

  /** A handshake. Errors: `MalformedFrame`. */
  hello(raw: Uint8Array): Uint8Array {
    if (this.redaction === "none") return raw;
    const copy = Buffer.from(raw);
    visitFields(ConnectRequest, new Reader(copy), this.#hide);
    return copy;
  }

  /** A session's password as the server gave it out. */
  passwd(passwd: Uint8Array): Uint8Array {
    const copy = Buffer.from(passwd);
    if (this.redaction !== "none") this.#replace(copy);
    return copy;
  }

  /** A request. What cannot be understood could be anything: it becomes zeros behind its header. Never throws. */
  request(frame: Buffer): Buffer {
    if (this.redaction === "none") return frame;
    const op = opName(frame.readInt32BE(4));
    if (op !== undefined && !this.#hiding.has(op)) return frame;
    const copy = Buffer.from(frame);
    if (op === undefined) return copy.fill(0, headerBytes);
    const reader = new Reader(copy, headerBytes);
    try {
      visitFields(opcodes[op].request, reader, this.#hide);
      return copy.fill(0, reader.offset);
    } catch (cause) {
      if (!(cause instanceof MalformedFrame)) throw cause;
      return copy.fill(0, headerBytes);
    }
  }

  #mayHide(type: FieldType | Schema): boolean {
    // Only multis are sequences, and there may be creates in them.
    if (type.is === "sequence") return this.#hidden.size > 0;
    if (type.is === "kind") return this.#hidden.has(type.tag);
    return type.is === "vector" ? this.#mayHide(type.of) : Object.values(type.fields).some((one) => this.#mayHide(one));
  }

  readonly #hide: VisitField = (tag, bytes, scheme) => {
    if (!this.#hidden.has(tag)) return;
    if (tag === "data") this.#replace(bytes);
    else if (tag === "identity") this.#hideIdentity(bytes, scheme);
    else if (scheme === "digest") this.#hideDigestCredentials(bytes);
    else this.#replace(bytes);
  };

  /** `user:password`: the user stays. What ZooKeeper makes of both is noted, because access control lists will hold it. */
  #hideDigestCredentials(bytes: Buffer): void {
    const own = digestIdentity(bytes);
    this.#replace(bytes.subarray(bytes.indexOf(":") + 1));
    if (own !== undefined && this.#digests.size < digestsMax) this.#digests.set(own, digestIdentity(bytes) ?? own);
  }

  #hideIdentity(bytes: Buffer, scheme: string): void {
    if (openSchemes.has(scheme)) return;
    const known = this.#digests.get(bytes.toString("latin1"));
    if (known !== undefined) bytes.write(known, "latin1");
    else if (bytes.includes(":")) this.#replace(bytes.subarray(bytes.indexOf(":") + 1));
  }

  /** Overwrites bytes by others of the same number. Zeros stay: they are what a client without a session shows as its password. */
  #replace(bytes: Buffer): void {
    if (bytes.every((byte) => byte === 0)) return;
    const inner = hash("sha256", Buffer.concat([this.#pads.inner, bytes]), "buffer");
    bytes.fill(hash("sha256", Buffer.concat([this.#pads.outer, inner]), "hex"));
  }
}

/** What HMAC-SHA256 puts in front of a text, and of the hash of both (RFC 2104). Node's own HMAC, made for streams, costs a short text ten times as
 *  much as two hashes do. */
function padsOf(key: Buffer) {
  const block = Buffer.concat([key], 64);
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
}

/** The identity that ZooKeeper derives from `user:password`. Source: DigestAuthenticationProvider.generateDigest (3.9). */
function digestIdentity(credentials: Buffer): string | undefined {
  const colon = credentials.indexOf(":");
  if (colon < 0) return undefined;
  return `${credentials.toString("latin1", 0, colon)}:${createHash("sha1").update(credentials).digest("base64")}`;
}
