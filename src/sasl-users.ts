/** The list of SASL users: lines of its own, or the JAAS file of a ZooKeeper server, whose passwords stand in `user_NAME="PASSWORD"` options of the
 *  section `Server`. Source: SaslServerCallbackHandler, DigestLoginModule (3.9); JAAS login configuration file syntax. */

/** Passwords by user, or why there are none. */
export type SaslUsers =
  | { readonly is: "users"; readonly users: ReadonlyMap<string, string> }
  | { readonly is: "bad"; readonly why: string };

/** Reads either form. */
export function parseSaslUsers(text: string): SaslUsers {
  return /^\s*[\w.$"]+\s*\{/m.test(text.replaceAll(comments, " ")) ? parseJaas(text) : parseLines(text);
}

/** Comments in a JAAS file; roughly, which is enough to see whether a section opens. */
const comments = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|^\s*#[^\n]*/gm;

function parseLines(text: string): SaslUsers {
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const at = line.indexOf("=");
    if (at < 1) return { is: "bad", why: `line ${index + 1} is not USER=PASSWORD` };
    users.set(line.slice(0, at), line.slice(at + 1));
  }
  return users.size === 0 ? { is: "bad", why: "names no user" } : { is: "users", users };
}

function parseJaas(text: string): SaslUsers {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#[^\n]*|[{};=]|[^\s{};="]+/g) ?? [];
  const words = tokens.filter((token) => !/^(\/\/|\/\*|#)/.test(token)).map(unquoted);
  const start = words.findIndex((word, at) => word === "Server" && words[at + 1] === "{");
  if (start < 0) return { is: "bad", why: "has no section Server" };
  const section = words.slice(start + 2, words.indexOf("}", start));
  const users = new Map<string, string>();
  for (const [at, word] of section.entries())
    if (word.startsWith("user_") && section[at + 1] === "=") users.set(word.slice(5), section[at + 2] ?? "");
  return users.size === 0
    ? { is: "bad", why: 'has no user_NAME="PASSWORD" in section Server' }
    : { is: "users", users };
}

const unquoted = (token: string): string =>
  token.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/g, "$1") : token;
