/** The server's composition root: options, then a backend, then the listener; and an orderly end on SIGINT or SIGTERM. The one file of the
 *  product that may reach into the harness, and only when asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import { printHostPort } from "./addresses.ts";
import type { Backend } from "./backend.ts";
import { packageVersion } from "./command-line.ts";
import { createLogger, describeError, type Logger } from "./logger.ts";
import { type BridgeAddress, type EtcdAddress, type Mode, type Options, parseOptions } from "./options.ts";
import { readClientTls, readSaslUsers, readTls, UnusableFile } from "./secret-files.ts";
import { type RunningServer, startServer } from "./server/listener.ts";
import type { TlsSettings } from "./server/tls.ts";

/** Exit codes: design section 6. */
const exitCodes = { stopped: 0, badArguments: 254, failed: 255 } as const;

/** Pause between two attempts to reach what we serve from, and how often that is said. */
const retryMs = 1_000;
const sayAgainMs = 10_000;

/** A backend with what must happen before it is closed. */
interface Service {
  readonly backend: Backend;
  /** Where the report is served while the check runs. */
  readonly reportUrl?: string | undefined;
  /** Writes the report, if there is one. */
  finish(): Promise<void>;
}

await run();

async function run(): Promise<void> {
  const parsed = parseOptions(process.argv.slice(2), process.env, packageVersion());
  if (parsed.is === "say") {
    process.stdout.write(parsed.text);
    return;
  }
  if (parsed.is === "bad") return complain(parsed.line, exitCodes.badArguments);
  const log = createLogger(parsed.options.logLevel);
  const stop = stopOnSignals(log);
  process.setUncaughtExceptionCaptureCallback((cause) => {
    // Nobody knows what is left intact: the sessions are safer with another proxy, and with us after a restart.
    log.error({ cause, stack: cause.stack }, "a bug; giving up");
    process.exit(exitCodes.failed);
  });
  try {
    const tls = parsed.options.tls === undefined ? undefined : await readClientTls(parsed.options.tls);
    const recorder = await startRecording(parsed.options, log);
    const service = await reach(parsed.options, log);
    stop.before(() => service.backend.close());
    stop.before(() => service.finish());
    stop.before(() => recorder.finish());
    const server = await serve(parsed.options, { backend: recorder.of(service.backend), tls }, log);
    stop.before(() => server.close());
    if (parsed.options.admin !== undefined) {
      const { startAdmin } = await import("./server/admin.ts");
      const admin = await startAdmin(parsed.options.admin, server.view, log);
      stop.before(() => admin.close());
      process.stdout.write(`admin port on ${printHostPort({ ...parsed.options.admin, port: admin.port })}\n`);
    }
    if (service.reportUrl !== undefined) process.stdout.write(`report at ${service.reportUrl}\n`);
  } catch (cause) {
    complain(describeError(cause), isUsersMistake(cause) ? exitCodes.badArguments : exitCodes.failed);
  }
}

/** What keeps client traffic, if it is to be kept. */
interface Recorder {
  of(backend: Backend): Backend;
  finish(): Promise<void>;
}

/** Makes the file. Rejects with {@link UnusableFile} when it cannot; once it is there, no trouble with it stops the server. */
async function startRecording({ recording }: Options, log: Logger): Promise<Recorder> {
  if (recording === undefined) return { of: (backend) => backend, finish: async () => undefined };
  const [{ recorded }, { StandIns }, { createTapeFile, Tape }] = await Promise.all([
    import("./recording/recorded.ts"),
    import("./recording/stand-ins.ts"),
    import("./recording/tape.ts"),
  ]);
  const { redaction } = recording;
  const { file, path } = await createTapeFile(recording.file).catch((cause: unknown) => {
    throw new UnusableFile(`--record ${recording.file} cannot be made`, { cause });
  });
  const tape = new Tape(file, { tool: `zetcd ${packageVersion()}`, redaction }, { log });
  log.info({ file: path, redaction }, "recording what clients ask");
  return { of: (backend) => recorded(backend, tape, new StandIns(redaction)), finish: () => tape.finish() };
}

/** A file that a flag names cannot be used. The harness's own class is not at hand where the harness was not asked for, hence the name. */
function isUsersMistake(cause: unknown): boolean {
  return cause instanceof UnusableFile || (cause instanceof Error && cause.name === "BadKnownList");
}

/** Says why, in one line, and ends. */
function complain(line: string, exitCode: number): never {
  process.stderr.write(`zetcd: ${line.replaceAll(/\s*\n\s*/g, " ")}\n`);
  process.exit(exitCode);
}

async function serve(
  options: Options,
  { backend, tls }: { readonly backend: Backend; readonly tls: TlsSettings | undefined },
  log: Logger,
): Promise<RunningServer> {
  const { tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs, listen } = options;
  const secure = options.tls?.listen;
  const server = await startServer({
    ...{ backend, log, ...listen, words: options.words },
    ...(tls === undefined ? {} : { tls }),
    ...(secure === undefined ? {} : { secure }),
    limits: { frameBytesMax: options.frameBytesMax, connectionsPerAddressMax: options.connectionsPerAddressMax },
    timeouts: { tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs },
  });
  const main = `listening on ${printHostPort({ host: listen.host, port: server.port })}`;
  const tlsToo =
    secure === undefined || server.securePort === undefined
      ? ""
      : `, with TLS on ${printHostPort({ host: secure.host, port: server.securePort })}`;
  process.stdout.write(`${main}${tlsToo}, ${describe(options.mode)}\n`);
  return server;
}

function describe(mode: Mode): string {
  const etcd = mode.is === "bridge" ? "" : `etcd at ${mode.etcd.endpoints.join(",")}`;
  const zookeeper = mode.is === "proxy" ? "" : `ZooKeeper at ${printHostPort(mode.zookeeper)}`;
  switch (mode.is) {
    case "proxy":
      return `proxy for ${etcd}`;
    case "bridge":
      return `bridge to ${zookeeper}`;
    case "crosscheck":
      return `cross-check of ${etcd} against ${zookeeper}, answers from ${mode.answerFrom === "oracle" ? "ZooKeeper" : "etcd"}`;
  }
}

/** Makes the backend that the mode asks for, as soon as what it stands on can be reached. */
async function reach(options: Options, log: Logger): Promise<Service> {
  const { mode } = options;
  const nothing = async () => undefined;
  if (mode.is === "proxy") return { backend: await reachEtcd(options, mode.etcd, log), finish: nothing };
  const live = await import("../oracle/live.ts");
  const zookeeper = {
    ...{ name: "ZooKeeper", at: printHostPort(mode.zookeeper), log },
    isDown: (cause: unknown) => cause instanceof live.BridgeDown,
  };
  const target = await bridgeTarget(mode.zookeeper);
  if (mode.is === "bridge") return { backend: await retry(zookeeper, () => live.startBridge(target)), finish: nothing };
  const candidate = await reachEtcd(options, mode.etcd, log);
  const { answerFrom, serial, reportDir, reportAt, reveal, knownFile } = mode;
  return retry(zookeeper, () =>
    live.startCrossCheck({
      ...{ candidate, bridge: target, answerFrom, serial, reveal, log },
      ...(reportDir === undefined ? {} : { reportDir }),
      ...(reportAt === undefined ? {} : { reportAt }),
      ...(knownFile === undefined ? {} : { knownFile }),
    }),
  );
}

async function bridgeTarget({ host, port, tls }: BridgeAddress) {
  return { host, port, ...(tls === undefined ? {} : { tls: await readTls("--bridge-", tls) }) };
}

async function reachEtcd(options: Options, etcd: EtcdAddress, log: Logger): Promise<Backend> {
  const { prefix, zkVersion, extendedTypes, enforceQuota, reapIntervalMs, superDigest } = options;
  const { minSessionTimeoutMs, maxSessionTimeoutMs, tickTimeMs } = options;
  const needsTls = etcd.caFile !== undefined || etcd.certFile !== undefined;
  const tls = needsTls ? await readTls("--", etcd) : undefined;
  const saslUsers = options.saslUsersFile === undefined ? undefined : await readSaslUsers(options.saslUsersFile);
  const [{ connectEtcdBackend }, { EtcdCompacted, EtcdLost, EtcdRefused }] = await Promise.all([
    import("./etcd/backend.ts"),
    import("./etcd/store.ts"),
  ]);
  const isDown = (cause: unknown) =>
    cause instanceof EtcdLost || cause instanceof EtcdRefused || cause instanceof EtcdCompacted;
  return retry({ name: "etcd", at: etcd.endpoints.join(","), log, isDown }, () =>
    connectEtcdBackend({
      ...{ prefix, zkVersion, extendedTypes, enforceQuota, reapIntervalMs, log },
      ...{ minSessionTimeoutMs, maxSessionTimeoutMs, tickTimeMs },
      ...(superDigest === undefined ? {} : { superDigest }),
      clientCertificates: options.tls !== undefined && options.tls.clientAuth !== "none",
      ...(saslUsers === undefined ? {} : { saslUsers }),
      ...(options.requiredSchemes === undefined ? {} : { requiredSchemes: options.requiredSchemes }),
      ...(options.superCertificate === undefined ? {} : { superCertificate: options.superCertificate }),
      ...(etcd.user === undefined ? {} : { auth: etcd.user }),
      endpoints: [...etcd.endpoints],
      ...(tls === undefined ? {} : { tls }),
    }),
  );
}

/** A server that we stand on. `isDown` tells an error that time may heal from one that it will not. */
interface Foundation {
  readonly name: string;
  readonly at: string;
  readonly log: Logger;
  isDown(cause: unknown): boolean;
}

/** Tries until it is there: a server is often started before what it stands on. Ended by a signal only. Rejects with errors of another kind. */
async function retry<T>({ name, at, log, isDown }: Foundation, attempt: () => Promise<T>): Promise<T> {
  let sayAt = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (!isDown(cause)) throw cause;
      if (performance.now() >= sayAt) {
        log.warn({ at, cause }, `${name} cannot be reached, trying again`);
        sayAt = performance.now() + sayAgainMs;
      }
      await sleep(retryMs);
    }
  }
}

/** On the first signal the steps run, the newest first, and the process ends with 0; a second signal ends it at once. */
function stopOnSignals(log: Logger): { before(step: () => Promise<void>): void } {
  const steps: (() => Promise<void>)[] = [];
  let isStopping = false;
  const onSignal = async (signal: NodeJS.Signals, number: number) => {
    if (isStopping) process.exit(128 + number);
    isStopping = true;
    log.info({ signal }, "stopping");
    let exitCode: number = exitCodes.stopped;
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (cause) {
        log.error({ cause }, "could not stop in good order");
        exitCode = exitCodes.failed;
      }
    }
    process.exit(exitCode);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  return { before: (step) => void steps.push(step) };
}
