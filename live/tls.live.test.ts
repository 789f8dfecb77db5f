/** TLS on the ZooKeeper port and from the bridge, with certificates as ZooKeeper 3.9 itself takes them. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { fourLetterWord } from "../oracle/servers/readiness.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { LinkTls } from "../src/protocol/link.ts";
import { Authority, type Signed, type SubjectPart } from "../src/server/certificates.fixture.ts";
import { identitiesOf, Workshop, type Zetcd } from "./secure-zetcd.fixture.ts";

const host = "127.0.0.1";
const workshop = new Workshop();
let etcd: EtcdServer;
let authority: Authority;
let server: Signed;
let alice: Signed;
let mallory: Signed;
let files: Record<"ca" | "cert" | "key", string>;

beforeAll(async () => {
  etcd = await startEtcd();
  authority = await Authority.make();
  [server, alice] = [await authority.sign("localhost"), await authority.sign(odd)];
  mallory = await (await Authority.make("another authority")).sign("mallory");
  files = {
    ca: workshop.file("ca.pem", authority.cert),
    cert: workshop.file("server.pem", server.cert),
    key: workshop.file("server-key.pem", server.key),
  };
});
afterAll(async () => {
  workshop.close();
  await etcd?.stop();
});

/** A subject with everything that is printed in a special way, country first. */
const odd: SubjectPart[] = [
  { shortName: "C", value: "DE" },
  { shortName: "O", value: 'Example\\, "Inc"' },
  { shortName: "OU", value: "a\\+b\\;c#d=e" },
  { shortName: "E", value: "alice@example.org" },
  { shortName: "CN", value: "Älice 東" },
];

const as = (who?: Signed): LinkTls => ({
  ca: Buffer.from(authority.cert),
  ...(who === undefined ? {} : { cert: Buffer.from(who.cert), key: Buffer.from(who.key) }),
});

const zetcd = (...flags: string[]): Promise<Zetcd> =>
  workshop.zetcd(["--endpoints", etcd.clientUrl, "--zk-certfile", files.cert, "--zk-keyfile", files.key, ...flags]);

/** Whether a session can be had. */
const admits = (port: number, tls?: LinkTls): Promise<boolean> =>
  workshop.session({ port, ...(tls === undefined ? {} : { tls }) }).then(
    () => true,
    () => false,
  );

describe("the ZooKeeper port", () => {
  test("speaks TLS alone, to everybody who trusts it, and has words there too", async () => {
    const { port } = await zetcd();
    expect([await admits(port, as()), await admits(port)]).toEqual([true, false]);
    expect(await admits(port, { ca: Buffer.from(mallory.cert) })).toBe(false);
    expect(await fourLetterWord({ host, port, tls: as() }, "ruok")).toBe("imok");
    expect(await fourLetterWord({ host, port, tls: as() }, "conf")).toMatch(
      new RegExp(`^secureClientPort=${port}$`, "m"),
    );
  });

  test("has a second one for TLS", async () => {
    const { port, securePort, adminPort } = await zetcd("--zk-secure-addr", `${host}:0`, "--admin-addr", `${host}:0`);
    expect([await admits(port), await admits(securePort, as())]).toEqual([true, true]);
    const { connections, secure_connections } = (await (
      await fetch(`http://${host}:${adminPort}/commands/connections`)
    ).json()) as Record<string, unknown[]>;
    expect([connections?.length, secure_connections?.length]).toEqual([1, 1]);
  });

  test.each([
    ["none", { nobody: true, alice: true, mallory: true }],
    ["want", { nobody: true, alice: true, mallory: false }],
    ["need", { nobody: false, alice: true, mallory: false }],
  ])("client certificates, %s", async (whether, expected) => {
    const { port } = await zetcd("--zk-cafile", files.ca, "--zk-client-auth", whether);
    expect({
      nobody: await admits(port, as()),
      alice: await admits(port, as(alice)),
      mallory: await admits(port, as(mallory)),
    }).toEqual(expected);
  });

  test("half a handshake, garbage and plain text cost nobody else anything", async () => {
    const { port, adminPort } = await zetcd("--admin-addr", `${host}:0`);
    const wrong = [Buffer.from("160301", "hex"), Buffer.from("ruok"), Buffer.alloc(5_000, 0xff)];
    for (const bytes of wrong)
      connectTcp({ host, port })
        .on("error", () => undefined)
        .end(bytes);
    const silent = connectTcp({ host, port }).on("error", () => undefined);
    await once(silent, "connect");
    expect(await admits(port, as())).toBe(true);
    const failed = async () =>
      Number(
        /^zetcd_tls_handshakes_failed_total (\d+)$/m.exec(
          await (await fetch(`http://${host}:${adminPort}/metrics`)).text(),
        )?.[1],
      );
    await expect.poll(failed).toBe(3);
    // Nobody holds a handshake open for longer than ten seconds.
    await once(silent, "close");
    await expect.poll(failed).toBe(4);
  });

  test.each([
    [["--zk-certfile", "ca", "--zk-keyfile", "key"], "not the PEM that TLS needs"],
    [["--zk-certfile", "none", "--zk-keyfile", "key"], "cannot be read"],
  ])("files that cannot be used: %j", async (flags, says) => {
    const names: Record<string, string> = { ...files, none: "/no/such/file" };
    const { code, err } = await workshop.fails([
      "--endpoints",
      etcd.clientUrl,
      ...flags.map((flag) => names[flag] ?? flag),
    ]);
    expect([code, err.trimEnd().split("\n").length, err]).toEqual([254, 1, expect.stringContaining(says)]);
  });
});

describe("beside a ZooKeeper that speaks TLS", () => {
  let zookeeper: ZooKeeperServer;
  let securePort: number;
  let ours: Zetcd;
  beforeAll(async () => {
    securePort = await freePort();
    zookeeper = await startZooKeeper({
      version: "3.9.5",
      config: {
        secureClientPort: String(securePort),
        serverCnxnFactory: "org.apache.zookeeper.server.NettyServerCnxnFactory",
        "ssl.keyStore.location": workshop.file("store.pem", `${server.key}${server.cert}`),
        "ssl.trustStore.location": files.ca,
        "ssl.clientAuth": "want",
      },
      javaOpts: ["-Dzookeeper.X509AuthenticationProvider.superUser=CN=root"],
    });
    ours = await zetcd("--zk-cafile", files.ca, "--zk-client-auth", "want", "--super-certificate", "CN=root");
  });
  afterAll(() => zookeeper?.stop());

  /** The same on both; the paths are created on both. */
  const onBoth = async <T>(tls: LinkTls, act: (client: Awaited<ReturnType<Workshop["session"]>>) => Promise<T>) => {
    const results: T[] = [];
    for (const port of [ours.port, securePort]) results.push(await act(await workshop.session({ port, tls })));
    return results;
  };
  const listFor = (scheme: string, id: string) => [{ perms: 31, id: { scheme, id } }];

  test("a certificate's subject is printed the same", async () => {
    const [here, there] = await onBoth(as(alice), identitiesOf);
    expect(here).toEqual(there);
    expect(here?.join()).toContain("x509:");
  });

  test("one subject may do everything", async () => {
    const root = as(await authority.sign("root"));
    const nobody = [{ perms: 0, id: { scheme: "world", id: "anyone" } }];
    const [here, there] = await onBoth(as(alice), async (client) => {
      await client.call("create", { path: "/shut", data: null, acl: nobody, flags: 0 });
      return (await client.call("setData", { path: "/shut", data: null, version: -1 })).header.err;
    });
    const [whoHere, whoThere] = await onBoth(root, async (client) => [
      await identitiesOf(client),
      (await client.call("setData", { path: "/shut", data: null, version: -1 })).header.err,
      (await client.call("getACL", { path: "/shut" })).body?.acl,
    ]);
    expect([here, whoHere]).toEqual([there, whoThere]);
    expect([here, whoHere?.[1]]).toEqual([-102, 0]);
    expect(JSON.stringify(whoHere)).toContain("super:");
  });

  test("without one there is no identity, and asking for scheme x509 ends the connection", async () => {
    const [here, there] = await onBoth(as(), identitiesOf);
    expect(here).toEqual(there);
    const asked = await onBoth(as(), async (client) => {
      const { header } = await client.call("auth", { type: 0, scheme: "x509", auth: Buffer.alloc(0) });
      return [
        header.err,
        await client.call("whoAmI", {}).then(
          () => "open",
          () => "closed",
        ),
      ];
    });
    expect(asked).toEqual([
      [-115, "closed"],
      [-115, "closed"],
    ]);
  });

  test("what `auth` stands for, and who may read it", async () => {
    const results = await onBoth(as(alice), async (client) => {
      const again = (await client.call("auth", { type: 0, scheme: "x509", auth: Buffer.alloc(0) })).header.err;
      const made = await client.call("create", {
        path: "/mine",
        data: Buffer.from("x"),
        acl: listFor("auth", ""),
        flags: 0,
      });
      const { body } = await client.call("getACL", { path: "/mine" });
      return [again, made.header.err, body?.acl];
    });
    expect(results[0]).toEqual(results[1]);
    expect(
      await onBoth(as(), async (client) => (await client.call("getData", { path: "/mine", watch: false })).header.err),
    ).toEqual([-102, -102]);
    expect(
      await onBoth(
        as(alice),
        async (client) => (await client.call("getData", { path: "/mine", watch: false })).header.err,
      ),
    ).toEqual([0, 0]);
  });

  test("which names scheme x509 takes", async () => {
    const names = [
      "",
      "CN=a",
      "cn = a , o=b",
      "alice",
      "CN=a,",
      "XX=a",
      "1.2.3=a",
      "OID.2.5.4.3=x",
      'CN="a,b"',
      "CN=a\\",
      "CN=a\\,b",
      "CN=a<b",
      "CN=#zz",
      "CN=#130161",
      "CN=",
      "CN=a O",
      "CN=a+UID=b;C=DE",
    ];
    const [here, there] = await onBoth(as(alice), async (client) => {
      const codes: Record<string, number> = {};
      for (const [index, name] of names.entries()) {
        const acl = listFor("x509", name);
        codes[name] = (
          await client.call("create", { path: `/named-${index}`, data: Buffer.from("x"), acl, flags: 0 })
        ).header.err;
      }
      return codes;
    });
    expect(here).toEqual(there);
  });

  test("the bridge speaks TLS to it, with a certificate of its own", async () => {
    const files = [
      "--bridge-certfile",
      workshop.file("alice.pem", alice.cert),
      "--bridge-keyfile",
      workshop.file("alice-key.pem", alice.key),
    ];
    const bridge = await workshop.zetcd([
      "--debug-zkbridge",
      `localhost:${securePort}`,
      "--bridge-cafile",
      workshop.file("bridge-ca.pem", authority.cert),
      ...files,
    ]);
    const client = await workshop.session({ port: bridge.port });
    expect((await identitiesOf(client)).join()).toContain("x509:");
    expect(await fourLetterWord({ host, port: bridge.port }, "srvr")).toContain("Zookeeper version: 3.9.5");
  });
});
