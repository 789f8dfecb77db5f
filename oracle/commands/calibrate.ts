/** `--calibrate`: what a run is going to send goes to the oracle and to its twin first. What they disagree about is noise. */
import { Arena } from "../../scenarios/arena.ts";
import { Casebook } from "../../scenarios/casebook.ts";
import { bridge } from "../bridge.ts";
import type { Noise } from "../calibrate.ts";
import { crosscheck } from "../crosscheck.ts";
import { BadArgument, parseServer } from "../servers/endpoints.ts";
import { ServerFailed } from "../servers/process.ts";
import { startZooKeeper, type ZooKeeperServer } from "../servers/zookeeper.ts";
import { optionsFor, type Wishes } from "./acquaintance.ts";
import { tidyUp } from "./cleanup.ts";
import { type RawFlags, textOf } from "./flags.ts";
import type { Progress } from "./progress.ts";
import { type Contender, contender, type Duel, openOracle } from "./servers.ts";
import type { Stage, StageFlags } from "./stage.ts";

/** How long one side may take longer than the other, ms. */
const replyWaitMs = 10_000;

/** What a run does with its arena; answers how many operations it sent, and why it could not go on. */
export type Drive = (arena: Arena) => Promise<{ readonly operations: number; readonly lost?: string | undefined }>;

/** What calibration needs of a run. */
export interface Calibrating {
  /** `auto`, or a ZooKeeper. */
  readonly twin: string;
  readonly flags: StageFlags;
  readonly noise: Noise;
  readonly progress: Progress;
  readonly drive: Drive;
}

/** Where the twin is; undefined without `--calibrate`. Throws `BadArgument`. */
export function twinFlag(raw: RawFlags): string | undefined {
  const named = textOf(raw, "oracle-twin");
  if (named === undefined && raw.calibrate !== true) return undefined;
  const twin = named === undefined || named === "auto" || named.includes("://") ? (named ?? "auto") : `zk://${named}`;
  if (parseServer(twin, "--oracle-twin").is === "etcd")
    throw new BadArgument("--oracle-twin", twin, "is no ZooKeeper; a twin is a server of the oracle's own kind");
  return twin;
}

/** Fills `noise` and journals what it is made of. Answers why the calibration could not be finished, if so. Throws `ServerFailed` when there is no
 *  twin of the oracle's version. */
export async function calibrate(stage: Stage, how: Calibrating): Promise<string | undefined> {
  const { oracle, chroot } = stage.duel;
  const started = performance.now();
  const twin = await openTwin(how.twin, stage.duel);
  const reapEveryMs = how.flags.reapEveryMs ?? twin.reapEveryMs;
  const silent = new Casebook(() => undefined);
  const check = crosscheck({
    ...{ candidate: twin.backend, oracle: bridge(oracle.endpoint), answerFrom: "oracle", replyWaitMs },
    ...{ serial: how.flags.serial ?? false, keepAnswers: true, reveal: how.flags.reveal ?? false },
    ...{ settleMs: how.flags.settleMs, reapEveryMs },
    emit: how.noise.collector(silent.emit, stage.journal),
  });
  const arena = new Arena(check, silent, { chroot, reapEveryMs, slots: stage.slots });
  try {
    how.progress.say(`calibration: ${oracle.description.version} at ${oracle.description.address} against its twin`);
    const { operations, lost } = await how.drive(arena);
    const causes = how.noise.size;
    const durationMs = Math.round(performance.now() - started);
    const { description } = twin;
    stage.journal({
      event: "calibration",
      twin: description,
      operations,
      compared: silent.compared,
      causes,
      durationMs,
    });
    how.progress.say(
      causes === 0
        ? `calibration: ${silent.compared} replies, no difference`
        : `calibration: the oracle disagrees with its twin for ${causes} causes; they are not held against the candidate`,
    );
    return lost === undefined ? undefined : `the calibration could not be finished: ${lost}`;
  } finally {
    await check.close();
    const { cleanup, cleanupAuth: credential } = how.flags;
    if (cleanup) await tidyUp([twin, oracle], { roots: arena.roots, credential, progress: how.progress });
    await twin.stop();
  }
}

/** The named twin, or a private one of the oracle's version. */
async function openTwin(named: string, { oracle, reapEveryMs }: Duel): Promise<Contender> {
  const parsed = parseServer(named, "--oracle-twin");
  if (parsed.is !== "auto") {
    const twin = await openOracle(parsed);
    if (twin.description.address !== oracle.description.address) return twin;
    await twin.stop();
    throw new BadArgument("--oracle-twin", named, "is the oracle itself; a twin is another server like it");
  }
  const { setup } = oracle;
  const server = await startLike(oracle.description.version, { reapEveryMs, ...setup });
  const { host, port, version } = server;
  const known = { name: "zookeeper", version, isGiven: false, reapEveryMs, setup };
  return contender(known, { host, port }, () => server.stop());
}

/** The machine's own ZooKeeper, or the release that the oracle is. A twin of another version would show versions, not noise. */
async function startLike(version: string, wishes: Wishes): Promise<ZooKeeperServer> {
  const options = optionsFor(wishes);
  const own = await startZooKeeper(options);
  if (own.version === version || version === "unknown") return own;
  await own.stop();
  try {
    return await startZooKeeper({ ...options, version });
  } catch (cause) {
    throw new ServerFailed(`--oracle-twin auto: no ZooKeeper ${version} to be had; name one`, { cause });
  }
}
