import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** zoo.cfg by key; a value is written as it is. */
export type ZooKeeperConfig = Readonly<Record<string, string>>;

/** What every private ZooKeeper is configured with, unless a test says otherwise. Durable as shipped (`forceSync` untouched), but it
 *  takes no snapshots on the way. An unknown key becomes the system property `zookeeper.<key>`.
 *  Source: Administrator's Guide, "Configuration Parameters"; QuorumPeerConfig.parseProperties (3.8). */
export const zooKeeperConfig: ZooKeeperConfig = {
  tickTime: "2000",
  maxClientCnxns: "0",
  snapCount: "1000000",
  extendedTypesEnabled: "true",
  "autopurge.purgeInterval": "0",
  "4lw.commands.whitelist": "*",
  "admin.enableServer": "false",
  "admin.serverAddress": "127.0.0.1",
};

/** zoo.cfg as text, one `key=value` line per entry. */
export function renderConfig(config: ZooKeeperConfig): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Warnings to stdout for the three logging libraries that ZooKeeper releases have shipped with: Logback (3.8 and later), Log4j 1
 *  (before), and slf4j-simple (Debian's package has no binding of its own). NIOServerCnxn would print a stack trace for each client that hangs up. */
const loggingFiles: Readonly<Record<string, string>> = {
  "logback.xml": `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5p %logger{20}: %m%n</pattern></encoder>
  </appender>
  <logger name="org.apache.zookeeper.server.NIOServerCnxn" level="ERROR" />
  <root level="WARN"><appender-ref ref="OUT" /></root>
</configuration>
`,
  "log4j.properties": `log4j.rootLogger=WARN, OUT
log4j.logger.org.apache.zookeeper.server.NIOServerCnxn=ERROR
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d %-5p %c{1}: %m%n
`,
  "simplelogger.properties": `org.slf4j.simpleLogger.defaultLogLevel=warn
org.slf4j.simpleLogger.log.org.apache.zookeeper.server.NIOServerCnxn=error
org.slf4j.simpleLogger.logFile=System.out
org.slf4j.simpleLogger.showDateTime=true
`,
};

/** Where {@link writeConfig} put things, as absolute paths. */
export interface WrittenConfig {
  readonly file: string;
  /** To be first on the class path: holds the logging set-up. */
  readonly folder: string;
}

/** Writes `conf/zoo.cfg` and the logging set-up under `dir`; data goes to `dir`/data. Writing again keeps the data. */
export async function writeConfig(dir: string, config: ZooKeeperConfig): Promise<WrittenConfig> {
  const folder = join(dir, "conf");
  const dataDir = join(dir, "data");
  await Promise.all([mkdir(folder, { recursive: true }), mkdir(dataDir, { recursive: true })]);
  const file = join(folder, "zoo.cfg");
  const texts = { ...loggingFiles, "zoo.cfg": renderConfig({ dataDir, ...config }) };
  await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(folder, name), text)));
  return { file, folder };
}
