/** SASL DIGEST-MD5 as ZooKeeper offers it: Java's server mechanism for the service `zookeeper` on the host `zk-sasl-md5`, authentication only.
 *  Source: RFC 2831; com.sun.security.sasl.digest.DigestMD5Server (OpenJDK 17); ZooKeeperSaslServer, SaslServerCallbackHandler (3.9).
 *  MD5 is weak: the mechanism is here because ZooKeeper's clients speak it. Over an open network it needs TLS around it. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { parseDirectives } from "./sasl-directives.ts";

/** What a client's token leads to. `broken`: Java's server trips over it, so the connection ends without an answer. */
export type SaslStep =
  | { readonly is: "challenge"; readonly token: Buffer }
  | { readonly is: "accepted"; readonly token: Buffer; readonly user: string }
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "broken" };

/** Name and realm of every ZooKeeper server (SaslServerPrincipal is for Kerberos alone). */
const realm = "zk-sasl-md5";
const digestUri = `zookeeper/${realm}`;
/** Longest token taken (DigestMD5Base.MAX_RESPONSE_LENGTH). */
const tokenBytesMax = 4_096;
/** The server counts for itself, and what the client says about it is not looked at. */
const nonceCount = "00000001";

const md5 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Latin 1 where that holds all characters, UTF-8 otherwise: each of user, realm and password is encoded by itself. */
const digestBytes = (text: string): Buffer => Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? "latin1" : "utf8");

/** One connection's negotiation. It can be gone through once; an identity shown stays shown. */
export class SaslNegotiation {
  readonly #users: ReadonlyMap<string, string>;
  readonly #nonce: string;
  #awaits: "start" | "response" | "nothing" = "start";

  /** `users`: passwords by name. `nonce` is for tests. */
  constructor(users: ReadonlyMap<string, string>, nonce = randomBytes(30).toString("base64")) {
    this.#users = users;
    this.#nonce = nonce;
  }

  /** Takes the client's next token. The first one starts the negotiation, whatever it holds. */
  step(token: Buffer): SaslStep {
    const awaited = this.#awaits;
    if (token.length > tokenBytesMax) return refuse("the token is too long");
    if (awaited === "nothing") return refuse("the negotiation is over");
    if (awaited === "start") {
      this.#awaits = "response";
      const challenge = `realm="${realm}",nonce="${this.#nonce}",charset=utf-8,algorithm=md5-sess`;
      return { is: "challenge", token: Buffer.from(challenge) };
    }
    this.#awaits = "nothing";
    return this.#judge(token);
  }

  #judge(token: Buffer): SaslStep {
    const said = parseDirectives(token);
    if (said.is === "bad") return refuse(said.why);
    const { directives } = said;
    const text = (name: string): string | undefined => directives.get(name)?.toString("utf8");
    if ((text("charset") ?? "utf-8") !== "utf-8") return refuse("another character set");
    if (!/^[+-]?\d{1,10}$/.test(text("maxbuf") ?? "0")) return { is: "broken" };
    const user = text("username");
    if (user === undefined) return refuse("no user name");
    if (text("realm") !== realm) return refuse("another realm");
    if (text("nonce") !== this.#nonce) return refuse("another nonce");
    const cnonce = directives.get("cnonce");
    if (cnonce === undefined) return refuse("no cnonce");
    if ((text("qop") ?? "auth") !== "auth") return refuse("another quality of protection");
    const uri = text("digest-uri");
    if (uri?.toLowerCase() !== digestUri) return refuse("another service");
    const password = this.#users.get(user);
    if (password === undefined) return refuse("an unknown user");
    const secret = md5(
      md5(digestBytes(user), ":", digestBytes(realm), ":", digestBytes(password)),
      `:${this.#nonce}:`,
      cnonce,
      ...authorization(directives.get("authzid")),
    ).toString("hex");
    const proof = (method: string): Buffer => {
      const what = md5(`${method}:${uri}`).toString("hex");
      return Buffer.from(md5(`${secret}:${this.#nonce}:${nonceCount}:`, cnonce, `:auth:${what}`).toString("hex"));
    };
    const expected = proof("AUTHENTICATE");
    const given = directives.get("response");
    if (given?.length !== expected.length || !timingSafeEqual(given, expected)) return refuse("a wrong response");
    return { is: "accepted", token: Buffer.concat([Buffer.from("rspauth="), proof("")]), user };
  }
}

const refuse = (why: string): SaslStep => ({ is: "refused", why });

/** Whom the client wants to act as is part of the proof, and otherwise not looked at: it acts as who it is. */
const authorization = (authzid: Buffer | undefined): readonly (Buffer | string)[] =>
  authzid === undefined ? [] : [":", authzid];
