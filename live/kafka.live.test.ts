/** A Kafka 3.9 broker in ZooKeeper mode on a cross-checking `bin/zetcd`: the heaviest user ZooKeeper has had. It takes a minute and 100 MB of
 *  jars, so it runs only when asked for: `ZETCD_KAFKA=1 npm run test:live -- kafka`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../oracle/servers/ports.ts";
import { type Address, startModes } from "./modes.fixture.ts";
import { built, step } from "./toolchain.fixture.ts";

const copyJars = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";

/** What goes through the topic. */
const messages = Array.from({ length: 200 }, (_, index) => `message ${index}`);

/** Kafka's classes, with little memory. */
const java = (jars: string, ...args: string[]) => ["-Xmx400m", "-cp", join(jars, "*"), ...args];

/** Runs a tool to its end; answers what it printed. Throws when it fails. */
async function run(args: readonly string[], input = ""): Promise<string> {
  const child = spawn("java", args, { stdio: ["pipe", "pipe", "pipe"], timeout: 90_000 });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  const closed = once(child, "close");
  child.stdin.end(input);
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`${args.slice(3).join(" ")}: exit code ${code}\n${said.err}`);
  return said.out;
}

/** Brokers, so that none outlives a failed test. */
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** A broker that keeps its data in `dir`; resolves when it takes connections. */
async function startBroker(jars: string, dir: string, zookeeper: Address) {
  const port = await freePort();
  const properties = {
    "broker.id": 1,
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    "zookeeper.connect": `${zookeeper.host}:${zookeeper.port}/kafka`,
    "log.dirs": join(dir, "logs"),
    "offsets.topic.num.partitions": 2,
    "offsets.topic.replication.factor": 1,
    "group.initial.rebalance.delay.ms": 0,
  };
  const file = join(dir, "server.properties");
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(""));
  const child = spawn("java", java(jars, "kafka.Kafka", file), { stdio: "ignore" });
  const exited = once(child, "exit");
  running.add(child);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    running.delete(child);
  };
  for (let waited = 0; !(await accepts(port)); waited += 200) {
    if (child.exitCode !== null || waited > 60_000) throw new Error(`no broker on port ${port}`);
    await sleep(200);
  }
  return { address: `127.0.0.1:${port}`, stop };
}

/** Whether somebody listens on a port of this machine. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return isOpen;
}

test.skipIf(!process.env.ZETCD_KAFKA)(
  "Kafka: topic, messages, restart, and no divergence",
  { timeout: 600_000 },
  async () => {
    const jars = await built("kafka-3.9.1", {
      sources: ["kafka/pom.xml"],
      build: (folder, at) =>
        step("mvn", ["-q", "-B", "-f", join(at, "kafka/pom.xml"), copyJars, `-DoutputDirectory=${folder}`]),
    });
    const [modes, dir] = await Promise.all([startModes(), mkdtemp(join(tmpdir(), "zetcd-kafka-"))]);
    const topics = (broker: string, ...args: string[]) =>
      run(java(jars, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker, ...args));
    const consumed = async (broker: string, group: string) => {
      const consumer = java(jars, "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", broker);
      const bounds = ["--max-messages", String(messages.length), "--timeout-ms", "60000"];
      const text = await run([...consumer, "--topic", "t", "--group", group, "--from-beginning", ...bounds]);
      return text.trimEnd().split("\n").sort();
    };
    try {
      const first = await startBroker(jars, dir, modes.crosscheck);
      await topics(first.address, "--create", "--topic", "t", "--partitions", "3");
      const producer = java(jars, "kafka.tools.ConsoleProducer", "--bootstrap-server", first.address, "--topic", "t");
      await run(producer, `${messages.join("\n")}\n`);
      expect(await consumed(first.address, "one")).toEqual([...messages].sort());
      await first.stop();

      const second = await startBroker(jars, dir, modes.crosscheck);
      expect(await topics(second.address, "--describe", "--topic", "t")).toContain("PartitionCount: 3");
      await topics(second.address, "--alter", "--topic", "t", "--partitions", "5");
      expect(await consumed(second.address, "two")).toEqual([...messages].sort());
      await topics(second.address, "--delete", "--topic", "t");
      await expect.poll(() => topics(second.address, "--list"), { timeout: 30_000 }).not.toMatch(/^t$/m);
      await second.stop();

      const { divergences, exitCode, checkedReplies, checkedEvents } = await modes.verdict();
      expect({ divergences, exitCode }).toEqual({ divergences: [], exitCode: 0 });
      expect(checkedReplies).toBeGreaterThan(200);
      expect(checkedEvents).toBeGreaterThan(10);
    } finally {
      await modes.stop();
      await rm(dir, { recursive: true });
    }
  },
);
