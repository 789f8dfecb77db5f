/** SASL DIGEST-MD5 beside a real ZooKeeper with the same JAAS file: what each token leads to, what the identity may do, and ZooKeeper's own Java client. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Client } from "../src/protocol/client.ts";
import type { OpName, RequestOf } from "../src/protocol/opcodes.ts";
import { identitiesOf, Workshop, type Zetcd } from "./secure-zetcd.fixture.ts";

const workshop = new Workshop();
const login = "org.apache.zookeeper.server.auth.DigestLoginModule required";
const jaas = workshop.file(
  "server.jaas",
  `Server { ${login} user_super="adminsecret" user_bob="bobsecret" user_zoe="pässwörd"; };\n`,
);
let etcd: EtcdServer;
let zookeeper: ZooKeeperServer;
let zetcd: Zetcd;
let ports: readonly number[];

beforeAll(async () => {
  [etcd, zookeeper] = await Promise.all([
    startEtcd(),
    startZooKeeper({
      version: "3.9.5",
      javaOpts: [`-Djava.security.auth.login.config=${jaas}`, "-Dfile.encoding=UTF-8"],
      config: { "authProvider.sasl": "org.apache.zookeeper.server.auth.SASLAuthenticationProvider" },
    }),
  ]);
  zetcd = await workshop.zetcd(["--endpoints", etcd.clientUrl, "--sasl-users", jaas]);
  ports = [zetcd.port, zookeeper.port];
});
afterAll(async () => {
  workshop.close();
  await Promise.all([etcd?.stop(), zookeeper?.stop()]);
});

const md5 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** How a client answers a challenge, and what it does wrong. */
interface Answer {
  readonly user?: string;
  readonly password?: string;
  readonly uri?: string;
  readonly authzid?: string;
  edit?(text: string): string;
}

function respond(challenge: string, answer: Answer): { token: Buffer; rspauth: string } {
  const {
    user = "bob",
    password = "bobsecret",
    uri = "zookeeper/zk-sasl-md5",
    authzid,
    edit = (text) => text,
  } = answer;
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? "";
  const bytes = (text: string) => Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? "latin1" : "utf8");
  const who = md5(bytes(user), ":zk-sasl-md5:", bytes(password));
  const secret = md5(who, `:${nonce}:cn${authzid === undefined ? "" : `:${authzid}`}`).toString("hex");
  const proof = (method: string) =>
    md5(`${secret}:${nonce}:00000001:cn:auth:${md5(`${method}:${uri}`).toString("hex")}`).toString("hex");
  const text =
    `charset=utf-8,username="${user}",realm="zk-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="cn",digest-uri="${uri}",` +
    `maxbuf=65536,response=${proof("AUTHENTICATE")},qop=auth${authzid === undefined ? "" : `,authzid="${authzid}"`}`;
  return { token: Buffer.from(edit(text)), rspauth: `rspauth=${proof("")}` };
}

/** One token and its reply: code and body in hexadecimal, or that the connection ended without one. */
async function step(
  client: Client,
  token: Uint8Array | null,
): Promise<{ err: number | "closed"; body: string; text: string }> {
  try {
    const { header, frame } = await client.call("sasl", { token });
    return { err: header.err, body: frame.toString("hex", 16), text: frame.toString("utf8", 20) };
  } catch {
    return { err: "closed", body: "", text: "" };
  }
}

/** A negotiation from start to end, and who one is behind it. */
async function negotiate(port: number, answer: Answer): Promise<unknown> {
  const client = await workshop.session({ port });
  const { text: challenge } = await step(client, Buffer.alloc(0));
  const { token, rspauth } = respond(challenge, answer);
  const reply = await step(client, token);
  const who = await identitiesOf(client).catch(() => "closed");
  return { err: reply.err, body: reply.text === rspauth ? "rspauth" : reply.body, who };
}

/** A client that is who it says. */
async function signedIn(port: number, user: string, password: string): Promise<Client> {
  const client = await workshop.session({ port });
  const { text } = await step(client, Buffer.alloc(0));
  expect((await step(client, respond(text, { user, password }).token)).err).toBe(0);
  return client;
}

const onBoth = async <T>(act: (port: number) => Promise<T>): Promise<[ours: T, theirs: T]> => [
  await act(ports[0] ?? 0),
  await act(ports[1] ?? 0),
];

test("the challenge", async () => {
  const [ours, theirs] = await onBoth(async (port) => step(await workshop.session({ port }), Buffer.alloc(0)));
  const shape = (text: string) => text.replace(/nonce="[\w+/]{40}"/, "nonce=N");
  expect([ours.err, shape(ours.text)]).toEqual([theirs.err, shape(theirs.text)]);
});

const without = (text: string) => (all: string) => all.replace(text, "");
test.each<[string, Answer]>([
  ["bob", {}],
  ["super", { user: "super", password: "adminsecret" }],
  ["letters beyond ASCII", { user: "zoe", password: "pässwörd" }],
  ["a wrong password", { password: "x" }],
  ["an unknown user", { user: "eve" }],
  ["another service", { uri: "ldap/zk-sasl-md5" }],
  ["a service in capitals", { uri: "ZOOKEEPER/ZK-SASL-MD5" }],
  ["acting as oneself", { authzid: "bob" }],
  ["acting as somebody else", { authzid: "super" }],
  ["acting as nobody", { authzid: "" }],
  ["no realm", { edit: without('realm="zk-sasl-md5",') }],
  ["two realms", { edit: (text) => `${text},realm="zk-sasl-md5"` }],
  ["no quality", { edit: without(",qop=auth") }],
  ["another quality", { edit: (text) => text.replace("qop=auth", "qop=auth-int") }],
  ["no count", { edit: without("nc=00000001,") }],
  ["another count", { edit: (text) => text.replace("nc=00000001", "nc=2") }],
  ["no cnonce", { edit: without('cnonce="cn",') }],
  ["another character set", { edit: (text) => text.replace("utf-8", "latin1") }],
  ["two names", { edit: (text) => `${text},username="bob"` }],
  ["a directive nobody knows", { edit: (text) => `foo=bar,${text}` }],
  ["blanks", { edit: (text) => text.replace(",nc=00000001,", " nc = 00000001 , ") }],
  ["text behind the quotes", { edit: (text) => text.replace('"bob"', '"bob"x') }],
  ["a name in capitals, without quotes", { edit: (text) => text.replace('username="bob"', "USERNAME=bob") }],
  ["a maxbuf that is no number", { edit: (text) => text.replace("65536", "x") }],
  ["5,000 bytes", { edit: (text) => `${text},foo="${"x".repeat(5_000)}"` }],
  ["garbage", { edit: () => "hello" }],
  ["nothing", { edit: () => "" }],
])("an answer: %s", async (_name, answer) => {
  const [ours, theirs] = await onBoth((port) => negotiate(port, answer));
  expect(ours).toEqual(theirs);
});

test("no token at all, and a second negotiation", async () => {
  const [ours, theirs] = await onBoth(async (port) => {
    const again = await signedIn(port, "bob", "bobsecret");
    const nothing = await workshop.session({ port });
    return [await step(again, Buffer.alloc(0)), await step(nothing, null)];
  });
  expect(ours).toEqual(theirs);
});

describe("a server that turns away who has not signed in", () => {
  let strict: ZooKeeperServer;
  let before: readonly number[];

  beforeAll(async () => {
    strict = await startZooKeeper({
      version: "3.9.5",
      javaOpts: [
        ...[`-Djava.security.auth.login.config=${jaas}`, "-Dfile.encoding=UTF-8"],
        "-Dzookeeper.sessionRequireClientSASLAuth=true",
      ],
      config: { "authProvider.sasl": "org.apache.zookeeper.server.auth.SASLAuthenticationProvider" },
    });
    const flags = ["--endpoints", etcd.clientUrl, "--sasl-users", jaas, "--require-auth", "sasl"];
    before = ports;
    ports = [(await workshop.zetcd([...flags, "--prefix", "/strict"])).port, strict.port];
  });
  afterAll(async () => {
    ports = before;
    await strict?.stop();
  });

  /** The header of the reply to a request, and whether the connection is there afterwards. */
  async function ask<Op extends OpName>(client: Client, op: Op, body: RequestOf<Op>): Promise<unknown> {
    const reply = await client.call(op, body).then(
      ({ header, frame }) => [header.xid, header.zxid === 0 ? 0 : "some", header.err, frame.length],
      () => "no reply",
    );
    for (let waitMs = 0; !client.hasClosed && waitMs < 200; waitMs += 20) await sleep(20);
    return [op, reply, client.hasClosed];
  }
  const create = { path: "/r", data: null, acl: [{ perms: 31, id: { scheme: "world", id: "anyone" } }], flags: 0 };

  test("whatever the first request is", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const asked = async <Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<unknown> =>
        ask(await workshop.session({ port }), op, body);
      return [
        await asked("getData", { path: "/", watch: false }),
        await asked("create", create),
        await asked("ping", {}),
        await asked("whoAmI", {}),
        await asked("sync", { path: "/" }),
        await asked("check", { path: "/", version: -1 }),
        await asked("closeSession", {}),
        await asked("auth", { type: 0, scheme: "digest", auth: Buffer.from("a:b") }),
        await asked("auth", { type: 0, scheme: "nope", auth: Buffer.from("a:b") }),
      ];
    });
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).toContain("-124");
  });

  test("a digest is not enough, a wrong password is told apart, a right one lets in", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const digest = await workshop.session({ port });
      await digest.call("auth", { type: 0, scheme: "digest", auth: Buffer.from("a:b") });
      const bob = await signedIn(port, "bob", "bobsecret");
      return [
        await ask(digest, "create", create),
        await negotiate(port, { password: "x" }),
        await ask(bob, "create", create),
        await ask(bob, "whoAmI", {}),
      ];
    });
    expect(ours).toEqual(theirs);
  });

  test("the session outlives the connection that was turned away", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const away = await workshop.session({ port });
      await ask(away, "create", create);
      const { sessionId, passwd } = away.granted;
      const again = await workshop.session({ port, sessionId, passwd });
      return [again.granted.sessionId === sessionId, (await step(again, Buffer.alloc(0))).err];
    });
    expect(ours).toEqual(theirs);
  });
});

describe("scheme sasl in ACLs", () => {
  const listFor = (id: string | null, scheme = "sasl") => [{ perms: 31, id: { scheme, id } }];

  test("which ids it takes", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const client = await workshop.session({ port });
      const ids = ["bob", "", "a/b@c", "a@b@c", "@", "a/b/c@d", "a/b/c", null];
      const codes = await Promise.all(
        ids.map(async (id, index) => {
          const made = await client.call("create", { path: `/sasl-${index}`, data: null, acl: listFor(id), flags: 0 });
          return [id, made.header.err];
        }),
      );
      const auth = (await client.call("auth", { type: 0, scheme: "sasl", auth: Buffer.from("x") })).header.err;
      return [codes, auth];
    });
    expect(ours).toEqual(theirs);
  });

  test("whom it lets in: the one named, super, nobody else; and super is no super user", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const bob = await signedIn(port, "bob", "bobsecret");
      const made = await bob.call("create", { path: "/bobs", data: null, acl: listFor("", "auth"), flags: 0 });
      const { body } = await bob.call("getACL", { path: "/bobs" });
      const digest = await workshop.session({ port });
      await digest.call("auth", { type: 0, scheme: "digest", auth: Buffer.from("a:b") });
      await digest.call("create", { path: "/digests", data: null, acl: listFor("", "auth"), flags: 0 });
      const guests = [
        bob,
        await signedIn(port, "super", "adminsecret"),
        await signedIn(port, "zoe", "pässwörd"),
        digest,
      ];
      const codes = guests.map(async (guest) => [
        (await guest.call("getData", { path: "/bobs", watch: false })).header.err,
        (await guest.call("getData", { path: "/digests", watch: false })).header.err,
      ]);
      return [made.header.err, body?.acl, await Promise.all(codes)];
    });
    expect(ours).toEqual(theirs);
  });
});

const zkCli = "/usr/share/zookeeper/bin/zkCli.sh";
describe.skipIf(!existsSync(zkCli) && process.env.CI === undefined)("ZooKeeper's own client", () => {
  /** Runs commands as a user; answers what was printed. */
  function run(port: number, user: { name: string; password: string }, commands: readonly string[]): Promise<string> {
    const section = `Client { ${login} username="${user.name}" password="${user.password}"; };\n`;
    const config = workshop.file(`client-${user.name}-${user.password}.jaas`, section);
    const flags = `-Djava.security.auth.login.config=${config} -Dzookeeper.log.threshold=WARN`;
    const child = spawn(zkCli, ["-server", `127.0.0.1:${port}`, "-timeout", "20000"], {
      env: { ...process.env, CLIENT_JVMFLAGS: flags },
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(`${commands.join("\n")}\nquit\n`);
    return new Promise((resolve) => child.on("close", () => resolve(Buffer.concat(chunks).toString("utf8"))));
  }

  test("signs in, owns what it creates, and others may not read it", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const bob = { name: "bob", password: "bobsecret" };
      const owner = await run(port, bob, ["whoami", "create /cli secret auth::cdrwa", "getAcl /cli", "get /cli"]);
      const zoe = await run(port, { name: "super", password: "adminsecret" }, [
        "setAcl /cli sasl:zoe:cdrwa",
        "getAcl /cli",
      ]);
      const after = await run(port, bob, ["get /cli"]);
      const facts = (text: string) =>
        text.split("\n").filter((line) => /sasl|secret|Insufficient|NoAuth|: c?d?r?w?a?$/.test(line));
      return [facts(owner), facts(zoe), facts(after)];
    });
    expect(ours).toEqual(theirs);
    expect(JSON.stringify(ours)).toContain("sasl: bob");
  });

  test("with a wrong password it is told so", async () => {
    const [ours, theirs] = await onBoth(async (port) => {
      const text = await run(port, { name: "bob", password: "wrong" }, ["whoami"]);
      return [...new Set(text.match(/state:AuthFailed|AuthFailedException|KeeperErrorCode = AuthFailed/g))].sort();
    });
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(0);
  });
});
