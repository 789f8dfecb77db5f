/** `name=value` pairs of a DIGEST-MD5 token, read as Java reads them. Source: RFC 2831, 7.2; DigestMD5Base.parseDirectives (OpenJDK 17). */

/** Values by name in lower case, quotes taken off; or what is wrong. */
export type Directives =
  | { readonly is: "directives"; readonly directives: ReadonlyMap<string, Buffer> }
  | { readonly is: "bad"; readonly why: string };

/** Those that the mechanism knows may stand once; of others nobody keeps count. */
const known: ReadonlySet<string> = new Set(
  "username realm nonce cnonce nonce-count qop digest-uri response maxbuf charset cipher authzid auth-param".split(" "),
);

/** A name, then `=`, then a value in quotes or one up to a comma or blank. Both commas and blanks separate, and several are as good as one. */
const directive = /[\s,]*([^=,\s]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,]*))(?=[\s,]|$)/sy;

/** Reads a whole token. */
export function parseDirectives(token: Buffer): Directives {
  // One character per byte: values are bytes, whatever character set they are in.
  const text = token.toString("latin1").replace(/[\s,]+$/, "");
  const directives = new Map<string, Buffer>();
  directive.lastIndex = 0;
  while (directive.lastIndex < text.length) {
    const at = directive.lastIndex;
    const [, name = "", quoted, bare = ""] = directive.exec(text) ?? [];
    if (name === "") return { is: "bad", why: `no name=value at byte ${at}` };
    const key = name.toLowerCase();
    if (directives.has(key) && known.has(key)) return { is: "bad", why: `${key} stands there twice` };
    directives.set(key, Buffer.from(quoted?.replaceAll(/\\(.)/gs, "$1") ?? bare, "latin1"));
  }
  return { is: "directives", directives };
}
