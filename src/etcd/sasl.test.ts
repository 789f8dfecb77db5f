import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { SaslNegotiation } from "./sasl.ts";

const nonce = "OA6MG9tEQGm2hh";
const users = new Map([
  ["bob", "bobsecret"],
  ["zoe", "pässwörd"],
  ["东", "京"],
]);

const md5 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** What a client answers, in RFC 2831's own terms; `edit` changes the text behind the computation. */
function response(
  how: Partial<Record<"user" | "password" | "uri" | "authzid", string>> = {},
  edit = (text: string) => text,
) {
  const { user = "bob", password = "bobsecret", uri = "zookeeper/zk-sasl-md5", authzid } = how;
  const bytes = (text: string) => Buffer.from(text, /^[\x00-\xff]*$/.test(text) ? "latin1" : "utf8");
  const a1 = md5(
    md5(bytes(user), ":zk-sasl-md5:", bytes(password)),
    `:${nonce}:cn${authzid === undefined ? "" : `:${authzid}`}`,
  );
  const proof = (method: string) =>
    md5(`${a1.toString("hex")}:${nonce}:00000001:cn:auth:${md5(`${method}:${uri}`).toString("hex")}`).toString("hex");
  const text =
    `charset=utf-8,username="${user}",realm="zk-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="cn",digest-uri="${uri}",` +
    `maxbuf=65536,response=${proof("AUTHENTICATE")},qop=auth${authzid === undefined ? "" : `,authzid="${authzid}"`}`;
  return { token: Buffer.from(edit(text)), rspauth: `rspauth=${proof("")}` };
}

function answerTo(token: Buffer) {
  const negotiation = new SaslNegotiation(users, nonce);
  negotiation.step(Buffer.alloc(0));
  return negotiation.step(token);
}

test("the challenge is Java's, and only the first token gets it, whatever it says", () => {
  for (const first of ["", "anything"]) {
    const step = new SaslNegotiation(users, nonce).step(Buffer.from(first));
    expect(step).toMatchObject({ is: "challenge" });
    if (step.is === "challenge")
      expect(step.token.toString()).toBe(`realm="zk-sasl-md5",nonce="${nonce}",charset=utf-8,algorithm=md5-sess`);
  }
  const fresh = () => String((new SaslNegotiation(users).step(Buffer.alloc(0)) as { token: Buffer }).token);
  expect(fresh()).not.toBe(fresh());
  expect(fresh()).toMatch(/nonce="[\w+/]{40}"/);
});

test.each([
  ["bob", {}],
  ["bob", { uri: "ZooKeeper/ZK-SASL-MD5" }],
  ["bob", { authzid: "bob" }],
  // He may ask to act as somebody else, and stays who he is.
  ["bob", { authzid: "super" }],
  ["zoe", { user: "zoe", password: "pässwörd" }],
  ["东", { user: "东", password: "京" }],
])("accepted: %s, %j", (user, how) => {
  const { token, rspauth } = response(how);
  expect(answerTo(token)).toEqual({ is: "accepted", user, token: Buffer.from(rspauth) });
});

test.each<[string, (text: string) => string]>([
  ["no quality of protection", (text) => text.replace(",qop=auth", "")],
  ["no count of nonces", (text) => text.replace("nc=00000001,", "")],
  ["another count of nonces", (text) => text.replace("nc=00000001", "nc=zz")],
  ["a directive nobody knows", (text) => `foo=bar,foo="b\\"z",${text}`],
  ["blanks around everything", (text) => ` ${text.replaceAll(",", " , ").replace("qop=", "qop = ")} ,`],
  ["names in capitals", (text) => text.replace("username", "USERNAME")],
  ["a name without quotes", (text) => text.replace('"bob"', "bob")],
  ["a name with an escape", (text) => text.replace('"bob"', '"b\\ob"')],
])("accepted all the same: %s", (_name, edit) => {
  expect(answerTo(response({}, edit).token)).toMatchObject({ is: "accepted", user: "bob" });
});

test.each<[string, Buffer]>([
  ["nothing", Buffer.alloc(0)],
  ["garbage", Buffer.from("hello")],
  ["a wrong password", response({ password: "x" }).token],
  ["an unknown user", response({ user: "eve" }).token],
  ["another service", response({ uri: "ldap/zk-sasl-md5" }).token],
  ["another realm", response({}, (text) => text.replace('realm="zk-sasl-md5"', 'realm="x"')).token],
  ["no realm", response({}, (text) => text.replace('realm="zk-sasl-md5",', "")).token],
  ["another nonce", response({}, (text) => text.replace(nonce, "zz")).token],
  ["no cnonce", response({}, (text) => text.replace('cnonce="cn",', "")).token],
  ["integrity protection", response({}, (text) => text.replace("qop=auth", "qop=auth-int")).token],
  ["another character set", response({}, (text) => text.replace("utf-8", "latin1")).token],
  ["two names", response({}, (text) => `${text},username="bob"`).token],
  ["text behind the quotes", response({}, (text) => text.replace('"bob"', '"bob"x')).token],
  ["no response", response({}, (text) => text.replace("response=", "respons=")).token],
  ["more than 4,096 bytes", response({}, (text) => `${text},foo="${"x".repeat(5_000)}"`).token],
])("refused: %s", (_name, token) => expect(answerTo(token)).toMatchObject({ is: "refused" }));

test("a maxbuf that is no number breaks Java's server", () => {
  expect(answerTo(response({}, (text) => text.replace("65536", "x")).token)).toEqual({ is: "broken" });
});

test("one negotiation a connection: the same proof is not taken twice", () => {
  const negotiation = new SaslNegotiation(users, nonce);
  const tokens = [Buffer.alloc(0), response().token, response().token, Buffer.alloc(0)];
  expect(tokens.map((token) => negotiation.step(token).is)).toEqual(["challenge", "accepted", "refused", "refused"]);
});
