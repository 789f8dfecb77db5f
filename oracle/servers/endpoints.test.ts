import { describe, expect, test } from "vitest";
import { BadArgument, parseServer, parseServerVariable } from "./endpoints.ts";

describe("a SERVER argument", () => {
  test.each([
    ["auto", { is: "auto" }],
    ["zk://localhost:2181", { is: "zk", host: "localhost", port: 2181, chroot: "" }],
    ["zk://localhost:2181/", { is: "zk", host: "localhost", port: 2181, chroot: "" }],
    ["zk://zk-1.example.org:65535/kafka/eu", { is: "zk", host: "zk-1.example.org", port: 65535, chroot: "/kafka/eu" }],
    ["zk://[::1]:2181/a", { is: "zk", host: "::1", port: 2181, chroot: "/a" }],
    ["etcd://127.0.0.1:2379", { is: "etcd", endpoints: ["http://127.0.0.1:2379"] }],
    ["etcd://a:1,b:2,[::1]:3", { is: "etcd", endpoints: ["http://a:1", "http://b:2", "http://[::1]:3"] }],
    ["etcd://http://a:1,http://b:2", { is: "etcd", endpoints: ["http://a:1", "http://b:2"] }],
  ])("%s is understood", (argument, server) => {
    expect(parseServer(argument)).toEqual(server);
  });

  test.each([
    "",
    "Auto",
    "localhost:2181",
    "zookeeper://localhost:2181",
    "zk://",
    "zk://localhost",
    "zk://:2181",
    "zk://localhost:",
    "zk://localhost:0",
    "zk://localhost:65536",
    "zk://localhost:21x",
    "zk://a b:2181",
    "zk://::1:2181",
    "zk://user@host:2181",
    "zk://a:1,b:2",
    "zk://a:1/x/",
    "zk://a:1/x//y",
    "zk://a:1/../y",
    "etcd://",
    "etcd://a:1,",
    "etcd://a:1/x",
    "etcd://a",
  ])("%j is refused, and the message names the flag and the argument", (argument) => {
    const parse = () => parseServer(argument, "--oracle");
    expect(parse).toThrow(BadArgument);
    expect(parse).toThrow(`--oracle: ${JSON.stringify(argument)} `);
  });
});

describe("a server named in the environment", () => {
  test.each([undefined, "", "auto"])("%j means: look for one", (value) => {
    expect(parseServerVariable("etcd", "ZETCD_ETCD", value)).toBeUndefined();
  });

  test("may leave out its scheme", () => {
    const server = { is: "zk", host: "zk", port: 2181, chroot: "/a" };
    expect(parseServerVariable("zk", "ZETCD_ZOOKEEPER", "zk:2181/a")).toEqual(server);
    expect(parseServerVariable("zk", "ZETCD_ZOOKEEPER", "zk://zk:2181/a")).toEqual(server);
  });

  test("of the other kind is refused", () => {
    expect(() => parseServerVariable("etcd", "ZETCD_ETCD", "zk://zk:2181")).toThrow(BadArgument);
  });
});
