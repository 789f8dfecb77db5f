/** `xchk fuzz`: generated sequences against two servers until a limit is reached. */
import { randomInt } from "node:crypto";
import { cellsReachable } from "../../scenarios/coverage/cells.ts";
import { headline } from "../../scenarios/generate/counterexample.ts";
import { explain } from "../../scenarios/generate/explain.ts";
import type { Profile } from "../../scenarios/generate/profile.ts";
import { profileHash } from "../../scenarios/generate/profile.ts";
import { type Cause, type FuzzLimits, type FuzzTotals, fuzz, type Shard } from "../../scenarios/generate/property.ts";
import { encodeToken, type Replay, toolVersion } from "../../scenarios/generate/replay-token.ts";
import { generator } from "../../scenarios/generate/sequence.ts";
import { Noise } from "../calibrate.ts";
import type { RunLine } from "../journal.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { journalBehaviour } from "./behaviour.ts";
import { type Calibrating, calibrate, twinFlag } from "./calibrate.ts";
import { inFlightDefault, profileFlag, type RawFlags, stageFlags, textOf, wholeNumber } from "./flags.ts";
import { inquest, type Suspect } from "./inquest.ts";
import { bar, Progress } from "./progress.ts";
import { onInterrupt, type Stage, type StageFlags, setStage } from "./stage.ts";

/** Operations of a run that sets no limit of its own. */
const operationsDefault = 20_000;

/** What a fuzz run is asked for. */
export interface FuzzRequest {
  readonly mode: RunLine["mode"];
  readonly seed: number;
  readonly profile: Profile;
  readonly allowHazards: boolean;
  readonly limits: FuzzLimits;
  /** Fewest compared operations that make a verdict. */
  readonly operationsFloor: number;
  /** Fewest coverage cells that make a verdict. */
  readonly cellsFloor?: number;
  /** Where the oracle's twin is: the run begins with a comparison of the two. */
  readonly twin?: string | undefined;
}

/** The token of a run, or of one of its sequences. */
export function tokenOf(
  request: Pick<FuzzRequest, "seed" | "profile" | "allowHazards" | "limits">,
  index?: number,
): string {
  const { profile, seed, allowHazards, limits } = request;
  const replay: Replay = {
    tool: toolVersion,
    seed,
    profile: profile.name,
    profileHash: profileHash(profile),
    sessions: profile.sessions,
    surface: profile.surface,
    operations: Number.isFinite(limits.operations) ? limits.operations * (limits.shard?.count ?? 1) : 0,
    allowHazards,
    isSteered: limits.isSteered,
    ...(index === undefined ? {} : { index }),
  };
  return encodeToken(replay);
}

/** Reads the command's flags. Throws `BadArgument` and `BadProfile`. */
export function fuzzRequest(raw: RawFlags): FuzzRequest {
  const runs = wholeNumber(raw, "runs", 1);
  const seconds = wholeNumber(raw, "time-limit", 1);
  const asked = wholeNumber(raw, "ops", 1);
  const operations = asked ?? (runs === undefined && seconds === undefined ? operationsDefault : undefined);
  const seed = wholeNumber(raw, "seed", -(2 ** 31)) ?? randomInt(2 ** 31);
  const shard = shardFlag(raw);
  const part = (whole: number) => Math.ceil(whole / (shard?.count ?? 1));
  const cellsFloor = cellsFlag(raw);
  const twin = twinFlag(raw);
  const ownOperations = operations === undefined ? undefined : part(operations);
  return {
    mode: "fuzz",
    twin,
    seed: seed | 0,
    profile: profileFlag(raw),
    allowHazards: raw.allowHazards === true,
    limits: {
      runs: part(runs ?? Number.POSITIVE_INFINITY),
      operations: ownOperations ?? Number.POSITIVE_INFINITY,
      timeLimitMs: (seconds ?? Number.POSITIVE_INFINITY) * 1_000,
      inFlight: wholeNumber(raw, "in-flight", 1) ?? inFlightDefault,
      maxCauses: wholeNumber(raw, "max-causes", 1) ?? 5,
      shrinkMs: (wholeNumber(raw, "shrink-time", 0) ?? 20) * 1_000,
      endOnFailure: raw.endOnFailure === true,
      // A calibration has to send what the run is going to send.
      isSteered: raw.inOrder !== true && twin === undefined,
      ...(shard === undefined ? {} : { shard }),
    },
    operationsFloor: ownOperations === undefined || raw.endOnFailure === true ? 1 : Math.ceil(ownOperations / 2),
    ...(cellsFloor === undefined ? {} : { cellsFloor }),
  };
}

/** `--min-cells`: of this run alone, also where it is a shard. Throws `BadArgument`. */
function cellsFlag(raw: RawFlags): number | undefined {
  const floor = wholeNumber(raw, "min-cells", 0);
  if (floor !== undefined && floor > cellsReachable())
    throw new BadArgument("--min-cells", String(floor), `is more than there are: ${cellsReachable()}`);
  return floor;
}

/** `--shard 2/8`. Without the seed that all shards share there would be nothing to split. Throws `BadArgument`. */
function shardFlag(raw: RawFlags): Shard | undefined {
  const text = textOf(raw, "shard");
  if (text === undefined) return undefined;
  const [, index = "0", count = "0"] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index < 1 || shard.index > shard.count)
    throw new BadArgument("--shard", text, "is not I/N with I from 1 to N, like 2/8");
  if (raw.seed === undefined)
    throw new BadArgument("--shard", text, "needs --seed: all shards split the sequences of one seed");
  return shard;
}

/** Runs it on servers that are found or started; answers the exit code. */
export async function runFuzz(request: FuzzRequest, flags: StageFlags): Promise<number> {
  const { seed, profile, limits } = request;
  const stop = onInterrupt();
  const token = tokenOf(request);
  const noise = new Noise();
  const stage = await setStage(
    { ...flags, noise, inFlight: limits.inFlight },
    {
      mode: request.mode,
      seed: String(seed),
      replayToken: token,
      operationsFloor: request.operationsFloor,
      ...(request.cellsFloor === undefined ? {} : { cellsFloor: request.cellsFloor }),
      options: {
        profile: profile.name,
        surface: profile.surface,
        sessions: profile.sessions,
        inFlight: limits.inFlight,
        ...(limits.isSteered ? {} : { inOrder: true }),
        ...(request.twin === undefined ? {} : { calibrate: request.twin }),
        ...(limits.shard === undefined ? {} : { shard: `${limits.shard.index}/${limits.shard.count}` }),
      },
    },
  );
  const progress = new Progress();
  progress.say(
    `seed ${seed}, profile ${profile.name}: ${nameOf(stage, "candidate")} against ${nameOf(stage, "oracle")}`,
  );
  const trouble =
    request.twin === undefined
      ? undefined
      : await calibrate(stage, {
          ...{ twin: request.twin, flags, noise, progress },
          drive: calibration(request, stage, stop, progress),
        });
  if (trouble !== undefined) return stage.finish({ interrupted: false, failure: trouble });
  const totals = await fuzz({ seed, profile, allowHazards: request.allowHazards }, limits, {
    ...stage,
    stop: AbortSignal.any([stop, stage.gone]),
    replayOf: (index) => stage.replayToken(tokenOf(request, index)),
    progress: (now) => progress.show(() => progressLine(now, limits, stage)),
    found: (cause) => progress.say(foundLine(cause)),
  });
  progress.done();
  await inquest(stage, { suspect: (name) => suspect(name, request, stage, stop), stop, progress });
  const failure = totals.ended === "lost" ? `a server is gone: ${totals.trouble}` : undefined;
  const interrupted = stop.aborted;
  const isFirstShard = (limits.shard?.index ?? 1) === 1;
  if (failure === undefined && !interrupted && !stage.gone.aborted && isFirstShard)
    await journalBehaviour(stage, flags);
  return stage.finish({ interrupted, ...(failure === undefined ? {} : { failure }) });
}

/** A sequence by the name of its case. */
function suspect(name: string, request: FuzzRequest, stage: Stage, stop: AbortSignal): Suspect | undefined {
  const index = Number(/^seq-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  if (Number.isNaN(index)) return undefined;
  const plan = { seed: request.seed, profile: request.profile, allowHazards: request.allowHazards };
  const scenario = generator(plan)(index);
  const replay = stage.replayToken(tokenOf(request, index));
  const { shrinkMs } = request.limits;
  return {
    scenario,
    explain: async (part, divergence) =>
      shrinkMs > 0 && explain(part, divergence, { ...stage, stop, shrinkMs, plan, index, replay }),
  };
}

/** The run's own sequences, sent to the oracle and its twin; nothing is shrunk, and every cause counts. */
const calibration =
  (
    { seed, profile, allowHazards, limits }: FuzzRequest,
    stage: Stage,
    stop: AbortSignal,
    progress: Progress,
  ): Calibrating["drive"] =>
  async (arena) => {
    const all = { ...limits, shrinkMs: 0, maxCauses: Number.POSITIVE_INFINITY, endOnFailure: false };
    const totals = await fuzz({ seed, profile, allowHazards }, all, {
      ...{ ...stage, arena, lab: arena, journal: () => undefined, stop, replayOf: () => "" },
      progress: (now) => progress.show(() => `calibration: ${now.operations} operations`),
    });
    progress.done();
    return { operations: totals.operations, lost: totals.ended === "lost" ? totals.trouble : undefined };
  };

const nameOf = ({ duel }: Stage, side: "candidate" | "oracle") =>
  `${duel[side].description.name} ${duel[side].description.version}`;

function foundLine({ divergence, counterexample }: Cause): string {
  const told = `found: ${headline(divergence)}`;
  if (counterexample === undefined) return told;
  const { operations, reproduced, shrinkMs } = counterexample;
  if (reproduced === 0) return `${told}; it does not show itself again`;
  return `${told}: ${operations} operations, shrunk in ${(shrinkMs / 1_000).toFixed(1)} s`;
}

function progressLine(totals: FuzzTotals, limits: FuzzLimits, stage: Stage): string {
  const share = Number.isFinite(limits.operations) ? totals.operations / limits.operations : totals.runs / limits.runs;
  const shown = share > 0 ? `${bar(share)} ` : "";
  const { book, cells } = stage.arena;
  const exercised = `${book.compared} replies compared, ${cells?.cells ?? 0} cells hit`;
  return `${shown}${totals.operations} operations in ${totals.runs} sequences, ${exercised}, ${totals.causes.length} causes`;
}

/** The command as commander calls it. */
export const fuzzCommand = (raw: RawFlags): Promise<number> => runFuzz(fuzzRequest(raw), stageFlags(raw));
