/** Keeps secrets out of a recording: a fold over the request schemas that overwrites fields where they lie, so that every length stays. Equal values
 *  get equal stand-ins, so that a right password stays right and a wrong one wrong. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { MalformedFrame, Reader } from "../jute/buffers.ts";
import { read } from "../jute/codec.ts";
import type { FieldType, Schema } from "../jute/kinds.ts";
import { ConnectRequest } from "../protocol/connect.ts";
import { type OpName, opcodes, opName } from "../protocol/opcodes.ts";
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
  readonly #key: Buffer;
  readonly #hidden: ReadonlySet<string>;
  readonly #hiding = new Set<OpName>();
  /** `user:digest` as ZooKeeper makes it of credentials, by the same of their stand-ins. */
  readonly #digests = new Map<string, string>();

  constructor(redaction: Redaction, key: Buffer = randomBytes(32)) {
    this.redaction = redaction;
    this.#key = key;
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
    this.#scan(ConnectRequest, new Reader(copy));
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
      this.#scanBody(opcodes[op].request, reader);
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

  #scanBody(schema: Schema, reader: Reader): void {
    if (schema.is === "record") return this.#scan(schema, reader);
    for (;;) {
      const header = read(schema.header, reader) as Record<string, unknown>;
      if (schema.endsAt(header)) return;
      const body = schema.bodyOf(header);
      if (body === undefined) return reader.fail("a header that is not allowed here");
      this.#scan(body, reader);
    }
  }

  /** Reads a field and overwrites it where it lies. `scheme` is that of the field before, which says how to read this one. */
  #scan(type: FieldType, reader: Reader, scheme = ""): void {
    if (type.is === "record") {
      let last = "";
      for (const field of Object.values(type.fields)) {
        const before = reader.offset;
        this.#scan(field, reader, last);
        if (field.is === "kind" && field.tag === "scheme")
          last = reader.bytes.toString("utf8", before + 4, reader.offset);
      }
      return;
    }
    if (type.is === "vector") {
      const count = reader.count() ?? 0;
      if (count > reader.remaining) reader.fail(`vector of ${count} elements, ${reader.remaining} bytes are left`);
      for (let i = 0; i < count; i++) this.#scan(type.of, reader);
      return;
    }
    if (type.wire === "int") reader.int();
    else if (type.wire === "long") reader.long();
    else if (type.wire === "boolean") reader.boolean();
    else {
      const bytes = reader.buffer();
      if (bytes !== null && this.#hidden.has(type.tag)) this.#hide(type.tag, bytes, scheme);
    }
  }

  #hide(tag: string, bytes: Buffer, scheme: string): void {
    if (tag === "data") this.#replace(bytes);
    else if (tag === "identity") this.#hideIdentity(bytes, scheme);
    else if (scheme === "digest") this.#hideDigestCredentials(bytes);
    else this.#replace(bytes);
  }

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
    bytes.fill(createHmac("sha256", this.#key).update(bytes).digest("hex"));
  }
}

/** The identity that ZooKeeper derives from `user:password`. Source: DigestAuthenticationProvider.generateDigest (3.9). */
function digestIdentity(credentials: Buffer): string | undefined {
  const colon = credentials.indexOf(":");
  if (colon < 0) return undefined;
  return `${credentials.toString("latin1", 0, colon)}:${createHash("sha1").update(credentials).digest("base64")}`;
}
