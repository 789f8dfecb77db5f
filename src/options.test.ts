import { describe, expect, test } from "vitest";
import { type Options, parseOptions } from "./options.ts";

type Environment = Record<string, string>;
const parse = (line: string, env: Environment = {}) => parseOptions(line.split(" ").filter(Boolean), env, "1.2.3");

function options(line: string, env?: Environment): Options {
  const parsed = parse(line, env);
  if (parsed.is !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

describe("what is said is what is meant", () => {
  test("etcd alone is a proxy with ZooKeeper's defaults", () => {
    expect(options("--endpoints localhost:2379")).toEqual({
      listen: { host: "0.0.0.0", port: 2181 },
      mode: { is: "proxy", etcd: { endpoints: ["http://localhost:2379"] } },
      prefix: "/zetcd",
      zkVersion: "3.9",
      extendedTypes: false,
      reapIntervalMs: 60_000,
      enforceQuota: false,
      superDigest: undefined,
      tickTimeMs: 2_000,
      minSessionTimeoutMs: 4_000,
      maxSessionTimeoutMs: 40_000,
      connectionsPerAddressMax: 0,
      frameBytesMax: 1_048_575,
      words: "*",
      logLevel: "info",
    });
  });

  test("a ZooKeeper alone is a bridge", () => {
    expect(options("--debug-zkbridge zk:2181").mode).toEqual({ is: "bridge", zookeeper: { host: "zk", port: 2181 } });
  });

  test.each([
    ["zk", "oracle"],
    ["etcd", "candidate"],
  ])("--debug-oracle %s answers from the %s", (oracle, answerFrom) => {
    const line = `--endpoints a:1 --debug-zkbridge b:2 --debug-oracle ${oracle} --debug-serial --report-dir out --known k.yml`;
    expect(options(line).mode).toMatchObject({ answerFrom, serial: true, reportDir: "out", knownFile: "k.yml" });
  });

  test("a cross-check's report can be served, and shows no data unless asked", () => {
    const line = "--endpoints a:1 --debug-zkbridge b:2 --debug-oracle zk";
    expect(options(line).mode).toMatchObject({ reveal: false });
    expect(options(line).mode).not.toHaveProperty("reportAt");
    expect(options(`${line} -report-addr :8080 -reveal`).mode).toMatchObject({
      reveal: true,
      reportAt: { host: "0.0.0.0", port: 8_080 },
    });
  });

  test("a recording holds data and no passwords, unless asked otherwise", () => {
    const recording = (line: string) => options(`--endpoints a:1 ${line}`).recording;
    expect(recording("--record f")).toEqual({ file: "f", redaction: "credentials" });
    expect(recording("-record f -record-redact")).toEqual({ file: "f", redaction: "all" });
    expect(recording("--record f --record-secrets")).toEqual({ file: "f", redaction: "none" });
    expect(recording("")).toBeUndefined();
  });

  test.each([
    "-zkaddr 127.0.0.1:7000 -endpoints a:1",
    "--zkaddr=127.0.0.1:7000 --endpoints=a:1",
    "-zkaddr=127.0.0.1:7000 -endpoints=a:1",
  ])("one dash or two, blank or equals sign: %s", (line) => {
    expect(options(line).listen).toEqual({ host: "127.0.0.1", port: 7_000 });
  });

  test("the environment has twins, and flags win", () => {
    const env = {
      ZETCD_ENDPOINTS: "a:1,b:2",
      ZETCD_ZKADDR: ":7000",
      ZETCD_LOG_LEVEL: "debug",
      ZETCD_DEBUG_SERIAL: "false",
    };
    const read = options("--zkaddr :8000", env);
    expect(read.mode).toMatchObject({ etcd: { endpoints: ["http://a:1", "http://b:2"] } });
    expect([read.listen, read.logLevel]).toEqual([{ host: "0.0.0.0", port: 8_000 }, "debug"]);
    expect(options("--debug-zkbridge z:3 --debug-oracle zk", { ...env, ZETCD_DEBUG_SERIAL: "1" }).mode).toMatchObject({
      serial: true,
    });
  });

  test("TLS files make the members https", () => {
    expect(options("--endpoints a:1 --cafile ca --certfile c --keyfile k").mode).toMatchObject({
      etcd: { endpoints: ["https://a:1"], caFile: "ca", certFile: "c", keyFile: "k" },
    });
  });

  test("etcd's user: the password may hold colons", () => {
    expect(options("--endpoints a:1", { ZETCD_USER: "root:a:b" }).mode).toMatchObject({
      etcd: { user: { username: "root", password: "a:b" } },
    });
  });

  test.each([
    ["", "none"],
    ["--zk-cafile a", "need"],
    ["--zk-cafile a --zk-client-auth want", "want"],
    ["--zk-cafile a --zk-client-auth none", "none"],
  ])("TLS for clients, %j: a certificate of theirs is wanted as %s", (more, clientAuth) => {
    const { tls } = options(`--endpoints a:1 --zk-certfile c --zk-keyfile k ${more}`);
    expect(tls).toMatchObject({ certFile: "c", keyFile: "k", clientAuth });
    expect(tls).not.toHaveProperty("listen");
  });

  test("more ports, and files of secrets", () => {
    const line = "--endpoints a:1 --zk-certfile c --zk-keyfile k --zk-secure-addr h:2 --admin-addr h:3 --sasl-users u";
    expect(options(line)).toMatchObject({
      tls: { listen: { host: "h", port: 2 } },
      admin: { host: "h", port: 3 },
      saslUsersFile: "u",
    });
    expect(options("--debug-zkbridge b:2 --bridge-cafile a").mode).toMatchObject({
      zookeeper: { host: "b", port: 2, tls: { caFile: "a" } },
    });
  });

  test("who has to prove what, and who may do everything", () => {
    const line = "--endpoints a:1 --sasl-users u --zk-certfile c --zk-keyfile k --zk-cafile a";
    expect(options(`${line} --require-auth sasl,x509 --super-certificate CN=root`)).toMatchObject({
      requiredSchemes: ["sasl", "x509"],
      superCertificate: "CN=root",
    });
  });

  test("timeouts follow the tick, sizes may be hexadecimal, words are a set", () => {
    const read = options("--endpoints a:1 --tick-time 500 --jute-maxbuffer 0xfffff --four-letter-words ruok,srvr");
    expect([read.minSessionTimeoutMs, read.maxSessionTimeoutMs, read.frameBytesMax]).toEqual([1_000, 10_000, 0xfffff]);
    expect([read.reapIntervalMs, options("--endpoints a:1 --container-check-interval 500").reapIntervalMs]).toEqual([
      60_000, 500,
    ]);
    expect(read.words).toEqual(new Set(["ruok", "srvr"]));
  });

  test("the result is frozen", () => {
    const read = options("--endpoints a:1");
    expect([Object.isFrozen(read), Object.isFrozen(read.mode)]).toEqual([true, true]);
  });

  test("help and version are said, not run", () => {
    expect(parse("--version")).toEqual({ is: "say", text: "1.2.3\n" });
    expect(parse("-help")).toMatchObject({ is: "say", text: expect.stringContaining("--debug-zkbridge") });
  });
});

test.each([
  ["", "nothing to serve"],
  ["--endpoints a:1 --bogus", "--bogus"],
  ["--endpoints a:1 -bogus", "-b"],
  ["--endpoints a:1 extra", "too many arguments"],
  ["--endpoints", "argument missing"],
  ["--endpoints a", "each member is HOST:PORT"],
  ["--endpoints a:1,", "each member is HOST:PORT"],
  ["--endpoints http://a:1,https://b:1", "do not mix"],
  ["--endpoints a:1 --zkaddr localhost", "--zkaddr is HOST:PORT"],
  ["--endpoints a:1 --zkaddr localhost:70000", "--zkaddr is HOST:PORT"],
  ["--endpoints a:1 --debug-zkbridge b:2", "say --debug-oracle"],
  ["--endpoints a:1 --debug-zkbridge b:2 --debug-oracle both", "zk, etcd"],
  ["--endpoints a:1 --debug-oracle zk", "--debug-oracle is for a cross-check"],
  ["--debug-zkbridge b:2 --report-dir x", "--report-dir is for a cross-check"],
  ["--debug-zkbridge b:2 --cafile x", "--cafile is for etcd"],
  ["--endpoints a:1 --certfile x", "belong together"],
  ["--endpoints a:1 --user root", "--user is NAME:PASSWORD"],
  ["--debug-zkbridge b:2 --user root:x", "--user is for etcd"],
  ["--debug-zkbridge b:2 --sasl-users x", "--sasl-users is for etcd"],
  ["--debug-zkbridge b:2 --require-auth digest", "--require-auth is for etcd"],
  ["--endpoints a:1 --require-auth sasl", "--require-auth sasl needs --sasl-users"],
  ["--endpoints a:1 --require-auth x509", "--require-auth x509 needs clients that are asked for certificates"],
  ["--endpoints a:1 --require-auth digest,ip", '--require-auth knows no "ip"'],
  ["--endpoints a:1 --super-certificate CN=a", "--super-certificate needs clients that are asked for certificates"],
  ["--endpoints a:1 --bridge-cafile x", "--bridge-cafile needs --debug-zkbridge"],
  ["--debug-zkbridge b:2 --bridge-keyfile x", "--bridge-certfile and --bridge-keyfile belong together"],
  ["--endpoints a:1 --zk-keyfile x", "--zk-certfile and --zk-keyfile belong together"],
  ["--endpoints a:1 --zk-cafile x", "--zk-cafile needs --zk-certfile and --zk-keyfile"],
  ["--endpoints a:1 --zk-secure-addr :2", "--zk-secure-addr needs --zk-certfile"],
  ["--endpoints a:1 --zk-certfile c --zk-keyfile k --zk-secure-addr x", "--zk-secure-addr is HOST:PORT"],
  ["--endpoints a:1 --zk-certfile c --zk-keyfile k --zk-client-auth want", "--zk-client-auth want needs --zk-cafile"],
  ["--endpoints a:1 --zk-certfile c --zk-keyfile k --zk-client-auth maybe", "none, want, need"],
  ["--endpoints a:1 --admin-addr 8080", "--admin-addr is HOST:PORT"],
  ["--endpoints a:1 --zk-version 3.4", "3.8, 3.9"],
  ["--endpoints a:1 --tick-time 0", "--tick-time is a whole number from 1"],
  ["--endpoints a:1 --max-client-cnxns -1", "--max-client-cnxns is a whole number from 0"],
  ["--endpoints a:1 --min-session-timeout 9 --max-session-timeout 8", "is above"],
  ["--endpoints a:1 --prefix zetcd", "--prefix is a path"],
  ["--endpoints a:1 --four-letter-words ruok,dumb", 'knows no "dumb"'],
  ["--endpoints a:1 --log-level loud", "silent, error, warn"],
  ["--endpoints a:1 --record-redact", "--record-redact needs --record FILE"],
  ["--endpoints a:1 --record-secrets", "--record-secrets needs --record FILE"],
  ["--endpoints a:1 --record f --record-redact --record-secrets", "leave one out"],
])("a mistake is one line that says what to do: %s", (line, says) => {
  const parsed = parse(line);
  expect(parsed).toMatchObject({ is: "bad", line: expect.stringContaining(says) });
  if (parsed.is === "bad") expect(parsed.line).not.toContain("\n");
});

test("a twin that is no boolean is named as the user wrote it", () => {
  expect(parse("--endpoints a:1", { ZETCD_DEBUG_SERIAL: "maybe" })).toMatchObject({
    is: "bad",
    line: expect.stringContaining("ZETCD_DEBUG_SERIAL is true or false"),
  });
});
