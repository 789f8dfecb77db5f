/** `xchk fuzz`: generated sequences against two servers until a limit is reached. */
import { randomInt } from "node:crypto";
import type { Arena } from "../../scenarios/arena.ts";
import { cellsReachable } from "../../scenarios/coverage/cells.ts";
import { headline } from "../../scenarios/generate/counterexample.ts";
import { explain } from "../../scenarios/generate/explain.ts";
import { type Profile, profileHash, type Surface } from "../../scenarios/generate/profile.ts";
import { type Cause, type FuzzLimits, type FuzzTotals, fuzz, type Shard } from "../../scenarios/generate/property.ts";
import { encodeToken, type Replay, toolVersion } from "../../scenarios/generate/replay-token.ts";
import { generator } from "../../scenarios/generate/sequence.ts";
import { Noise } from "../calibrate.ts";
import type { RunLine } from "../journal.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { journalBehaviour } from "./behaviour.ts";
import { calibrate, twinFlag } from "./calibrate.ts";
import { commonCapacity } from "./capacity.ts";
import { inFlightDefault, profileFlag, type RawFlags, stageFlags, textOf, wholeNumber } from "./flags.ts";
import { inquest, type Suspect } from "./inquest.ts";
import { bar, Progress } from "./progress.ts";
import type { Duel } from "./servers.ts";
import { onInterrupt, openSides, type RunFacts, type Stage, type StageFlags, setStage } from "./stage.ts";
import { commonSurface } from "./surface.ts";

/** How long a run goes on that sets no limit of its own, and below how many operations it shows nothing. */
const defaults = { timeLimitS: 60, operationsFloor: 1_000 } as const;

/** What a fuzz run is asked for. */
export interface FuzzRequest {
  readonly mode: RunLine["mode"];
  readonly seed: number;
  /** Where it names no surface, the servers are asked for the one that both serve. */
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

/** Whoever names none means what every server offers. */
const surfaceOf = ({ surface }: Profile): Surface => surface ?? "core";

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
    surface: surfaceOf(profile),
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
  const operations = wholeNumber(raw, "ops", 1);
  const isUnlimited = runs === undefined && seconds === undefined && operations === undefined;
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
      timeLimitMs: (seconds ?? (isUnlimited ? defaults.timeLimitS : Number.POSITIVE_INFINITY)) * 1_000,
      inFlight: wholeNumber(raw, "in-flight", 1) ?? inFlightDefault,
      maxCauses: wholeNumber(raw, "max-causes", 1) ?? 5,
      shrinkMs: (wholeNumber(raw, "shrink-time", 0) ?? 20) * 1_000,
      endOnFailure: raw.endOnFailure === true,
      // A calibration has to send what the run is going to send.
      isSteered: raw.inOrder !== true && twin === undefined,
      ...(shard === undefined ? {} : { shard }),
    },
    operationsFloor: raw.endOnFailure === true ? 1 : floorOf(ownOperations, isUnlimited),
    ...(cellsFloor === undefined ? {} : { cellsFloor }),
  };
}

/** Half of what was asked for; of a run without a limit a number that any server reaches. */
const floorOf = (operations: number | undefined, isUnlimited: boolean): number =>
  operations === undefined ? (isUnlimited ? defaults.operationsFloor : 1) : Math.ceil(operations / 2);

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

/** What both servers leave of a request: the surface and the connections that they have in common, and what there is to be said about that. */
interface Settled {
  readonly request: FuzzRequest;
  readonly connections: number;
  readonly notes: readonly string[];
}

async function settled(asked: FuzzRequest, duel: Duel): Promise<Settled> {
  const { profile, limits } = asked;
  // Every session may connect again before its server has closed the old connection.
  const capacity = await commonCapacity(duel, limits.inFlight * profile.sessions * 2, profile.sessions);
  const common = profile.surface === undefined ? await commonSurface(duel) : undefined;
  const notes = [capacity.note, common?.note].filter((note) => note !== undefined);
  const surface = common?.surface ?? surfaceOf(profile);
  return { request: { ...asked, profile: { ...profile, surface } }, connections: capacity.connections, notes };
}

/** What the journal says of it at the beginning. */
function factsOf(request: FuzzRequest): RunFacts {
  const { mode, seed, profile, limits, operationsFloor, cellsFloor, twin } = request;
  return {
    ...{ mode, seed: String(seed), replayToken: tokenOf(request), operationsFloor },
    ...(cellsFloor === undefined ? {} : { cellsFloor }),
    options: {
      profile: profile.name,
      surface: surfaceOf(profile),
      sessions: profile.sessions,
      inFlight: limits.inFlight,
      ...(limits.isSteered ? {} : { inOrder: true }),
      ...(twin === undefined ? {} : { calibrate: twin }),
      ...(limits.shard === undefined ? {} : { shard: `${limits.shard.index}/${limits.shard.count}` }),
    },
  };
}

/** Runs it on servers that are found or started; answers the exit code. */
export async function runFuzz(asked: FuzzRequest, flags: StageFlags): Promise<number> {
  const stop = onInterrupt();
  const noise = new Noise();
  const shared = { ...flags, noise, inFlight: asked.limits.inFlight };
  const sides = await openSides(shared);
  const { request, notes, connections } = await settled(asked, sides.duel).catch(async (cause: unknown) => {
    await sides.duel.stop();
    throw cause;
  });
  const { seed, profile, limits } = request;
  const stage = setStage({ ...shared, connectionsMax: connections }, sides, factsOf(request));
  const progress = new Progress();
  progress.say(
    `seed ${seed}, profile ${profile.name}: ${nameOf(stage, "candidate")} against ${nameOf(stage, "oracle")}`,
  );
  for (const text of notes) {
    progress.say(text);
    stage.journal({ event: "note", text });
  }
  let runs = limits.runs;
  const trouble =
    request.twin === undefined
      ? undefined
      : await calibrate(stage, {
          ...{ twin: request.twin, flags, noise, progress },
          drive: async (arena) => {
            const totals = await sendTo(arena, request, stage, { stop, progress });
            runs = Math.min(runs, totals.runs);
            return { operations: totals.operations, lost: totals.ended === "lost" ? totals.trouble : undefined };
          },
        });
  if (trouble !== undefined) return stage.finish({ interrupted: false, failure: trouble });
  const started = performance.now();
  // Beyond what the calibration had time for nobody knows what is noise.
  const bounds = { ...limits, runs };
  const totals = await fuzz({ seed, profile, allowHazards: request.allowHazards }, bounds, {
    ...stage,
    stop: AbortSignal.any([stop, stage.gone]),
    replayOf: (index) => stage.replayToken(tokenOf(request, index)),
    progress: (now) => progress.show(() => progressLine(now, shareOf(now, bounds, performance.now() - started), stage)),
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
async function sendTo(
  arena: Arena,
  { seed, profile, allowHazards, limits }: FuzzRequest,
  stage: Stage,
  { stop, progress }: { readonly stop: AbortSignal; readonly progress: Progress },
): Promise<FuzzTotals> {
  const all = { ...limits, shrinkMs: 0, maxCauses: Number.POSITIVE_INFINITY, endOnFailure: false };
  const totals = await fuzz({ seed, profile, allowHazards }, all, {
    ...{ ...stage, arena, lab: arena, journal: () => undefined, stop, replayOf: () => "" },
    progress: (now) => progress.show(() => `calibration: ${now.operations} operations`),
  });
  progress.done();
  return totals;
}

const nameOf = ({ duel }: Stage, side: "candidate" | "oracle") =>
  `${duel[side].description.name} ${duel[side].description.version}`;

function foundLine({ divergence, counterexample }: Cause): string {
  const told = `found: ${headline(divergence)}`;
  if (counterexample === undefined) return told;
  const { operations, reproduced, shrinkMs } = counterexample;
  if (reproduced === 0) return `${told}; it does not show itself again`;
  return `${told}: ${operations} operations, shrunk in ${(shrinkMs / 1_000).toFixed(1)} s`;
}

/** How much of the run is over, by the limit that is nearest; 0 where there is none. */
const shareOf = ({ runs, operations }: FuzzTotals, limits: FuzzLimits, elapsedMs: number): number =>
  Math.min(1, Math.max(runs / limits.runs, operations / limits.operations, elapsedMs / limits.timeLimitMs));

function progressLine(totals: FuzzTotals, share: number, stage: Stage): string {
  const shown = share > 0 ? `${bar(share)} ` : "";
  const { book, cells } = stage.arena;
  const exercised = `${book.compared} replies compared, ${cells?.cells ?? 0} cells hit`;
  return `${shown}${totals.operations} operations in ${totals.runs} sequences, ${exercised}, ${totals.causes.length} causes`;
}

/** The command as commander calls it. */
export const fuzzCommand = (raw: RawFlags): Promise<number> => runFuzz(fuzzRequest(raw), stageFlags(raw));
