import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ServerFailed } from "./process.ts";
import { type Environment, findOnPath } from "./programs.ts";
import { jarsIn, type ZooKeeperInstall } from "./zookeeper-install.ts";

/** What a ZooKeeper 3.8 or 3.9 server needs beside its own two jars, as `group:artifact:version`. ZooKeeper's POM leaves the logging
 *  library, the metrics and Snappy to whoever runs it. Source: zookeeper-server/pom.xml (3.9.3). */
const companions = [
  "org.slf4j:slf4j-api:1.7.36",
  "ch.qos.logback:logback-classic:1.2.13",
  "ch.qos.logback:logback-core:1.2.13",
  "io.dropwizard.metrics:metrics-core:4.1.12.1",
  "org.xerial.snappy:snappy-java:1.1.10.5",
  "commons-io:commons-io:2.17.0",
  "commons-cli:commons-cli:1.5.0",
  "org.apache.yetus:audience-annotations:0.12.0",
  ...[
    "handler",
    "common",
    "buffer",
    "codec",
    "resolver",
    "transport",
    "transport-native-unix-common",
    "transport-classes-epoll",
  ].map((part) => `io.netty:netty-${part}:4.1.113.Final`),
  ...["util", "util-ajax", "http", "io", "server", "security", "servlet"].map(
    (part) => `org.eclipse.jetty:jetty-${part}:9.4.56.v20240826`,
  ),
  "javax.servlet:javax.servlet-api:3.1.0",
  ...["databind", "core", "annotations"].map((part) => `com.fasterxml.jackson.core:jackson-${part}:2.15.2`),
];

/** Where Maven artifacts come from when no mirror is configured. */
const mavenCentral = "https://repo1.maven.org/maven2";

/** The folder for what is downloaded once: `ZETCD_CACHE`, else `$XDG_CACHE_HOME/zetcd`, else `~/.cache/zetcd`. */
export function cacheFolder(env: Environment = process.env): string {
  return env.ZETCD_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "zetcd");
}

/** A released ZooKeeper, like `3.9.3`, from Maven Central: from the cache, else through `mvn` (which knows the machine's mirrors and
 *  proxies), else over HTTPS. Throws {@link ServerFailed} when it cannot be had. */
export async function installFromMaven(version: string): Promise<ZooKeeperInstall> {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    throw new ServerFailed(`"${version}" is not a ZooKeeper release like 3.9.3`);
  const folder = join(cacheFolder(), `zookeeper-${version}`);
  if (!existsSync(folder)) {
    await mkdir(cacheFolder(), { recursive: true });
    const unfinished = await mkdtemp(`${folder}.part-`);
    try {
      const jars = [
        `org.apache.zookeeper:zookeeper:${version}`,
        `org.apache.zookeeper:zookeeper-jute:${version}`,
        ...companions,
      ];
      await (findOnPath("mvn") === undefined ? download : copyWithMaven)(jars, unfinished);
      if (!existsSync(folder)) await rename(unfinished, folder); // another process may have been faster
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return { from: `${version} from Maven Central`, classPath: jarsIn(folder) };
}

/** Group, artifact and version of `group:artifact:version`. */
function coordinates(jar: string): { group: string; artifact: string; version: string } {
  const [group = "", artifact = "", version = ""] = jar.split(":");
  return { group, artifact, version };
}

/** Lets Maven copy the jars, and nothing they depend on, into a folder. */
async function copyWithMaven(jars: readonly string[], folder: string): Promise<void> {
  const dependencies = jars.map(coordinates).map(
    ({
      group,
      artifact,
      version,
    }) => `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>`,
  );
  const pom = join(folder, "pom.xml");
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>zetcd</groupId><artifactId>oracle</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join("\n")}</dependencies></project>\n`,
  );
  const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";
  const { code, output } = await run("mvn", ["-q", "-B", "-f", pom, goal, `-DoutputDirectory=${folder}`], folder);
  if (code !== 0)
    throw new ServerFailed(`mvn could not fetch ZooKeeper:\n${output.trimEnd().split("\n").slice(-15).join("\n")}`);
}

/** Runs a program to its end; `output` is both its streams. */
function run(program: string, args: readonly string[], cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Downloads the jars one after the other, each checked against its published SHA-1. */
async function download(jars: readonly string[], folder: string): Promise<void> {
  const repository = await repositoryUrl();
  for (const { group, artifact, version } of jars.map(coordinates)) {
    const name = `${artifact}-${version}.jar`;
    const url = `${repository}/${group.replaceAll(".", "/")}/${artifact}/${version}/${name}`;
    const [jar, sum] = [await fetchBytes(url), await fetchBytes(`${url}.sha1`)];
    if (createHash("sha1").update(jar).digest("hex") !== sum.toString("latin1").trim().slice(0, 40))
      throw new ServerFailed(`${url} arrived damaged: its SHA-1 is not the published one`);
    await writeFile(join(folder, name), jar);
  }
}

/** The body at a URL. Throws {@link ServerFailed} for any status but 200 and for a broken connection. */
async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) }).catch((cause: unknown) => {
    throw new ServerFailed(`cannot download ${url}`, { cause });
  });
  if (!response.ok) throw new ServerFailed(`cannot download ${url}: HTTP status ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** The mirror of Maven Central in the user's settings.xml, else Maven Central itself. */
async function repositoryUrl(): Promise<string> {
  const settings = join(homedir(), ".m2", "settings.xml");
  return existsSync(settings) ? (mirrorOfCentral(await readFile(settings, "utf8")) ?? mavenCentral) : mavenCentral;
}

/** The URL of the first mirror that a Maven settings.xml sets up for Central, without a trailing slash; undefined when there is none.
 *  Source: Maven, "Guide to mirror settings". */
export function mirrorOfCentral(settings: string): string | undefined {
  const mirrors = settings.replace(/<!--.*?-->/gs, "").match(/<mirror>.*?<\/mirror>/gs) ?? [];
  const mirror = mirrors.find((text) =>
    /<mirrorOf>\s*([^<]*,)?(\*|external:\*|central)(,[^<]*)?\s*<\/mirrorOf>/.test(text),
  );
  return /<url>\s*([^<\s]+?)\/?\s*<\/url>/.exec(mirror ?? "")?.[1];
}
