/** `xchk replay`: a token's sequence, a saved scenario or recorded traffic, once more. */
import { basename } from "node:path";
import { decodeToken, isToken, profileOf, type Replay, toolVersion } from "../../scenarios/generate/replay-token.ts";
import { generator } from "../../scenarios/generate/sequence.ts";
import { readScenario } from "../../scenarios/validate.ts";
import { BadRecording, type RecordingHeader } from "../../src/recording/format.ts";
import { recordingHeader } from "../../src/recording/read.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { type RawFlags, stageFlags, textOf } from "./flags.ts";
import { type FuzzRequest, fuzzRequest, runFuzz } from "./fuzz.ts";
import { replayRecording } from "./replay-recording.ts";
import { runScenarios } from "./run.ts";

/** Replays a token or a file; a token without a sequence is a whole run. Throws `BadToken`, `BadProfile`, `BadScenario`, `BadRecording`,
 *  `BadArgument`. */
export async function replayCommand(what: string, raw: RawFlags): Promise<number> {
  const header = isToken(what) ? undefined : await headerOf(what);
  if (header !== undefined) return replayRecording(what, header, raw);
  const speed = textOf(raw, "speed");
  if (speed !== undefined) throw new BadArgument("--speed", speed, "is for recordings of zetcd --record");
  if (!isToken(what))
    return runScenarios([{ name: basename(what, ".json"), scenario: readScenario(what) }], raw, "replay");
  const replay = decodeToken(what);
  const profile = profileOf(replay);
  if (replay.tool !== toolVersion)
    console.error(
      `xchk: the token was made by version ${replay.tool}, this is ${toolVersion}; it may generate something else`,
    );
  const { seed, allowHazards, index } = replay;
  if (index !== undefined) {
    const scenario = generator({ seed, profile, allowHazards })(index);
    return runScenarios([{ name: `seq-${index}`, scenario }], raw, "replay");
  }
  return runFuzz({ ...wholeRun(replay, raw), profile }, stageFlags(raw));
}

/** The run that a token without a sequence stands for; one that was limited by time alone goes on as long as a run without a limit. */
export function wholeRun({ seed, operations, isSteered, allowHazards }: Replay, raw: RawFlags): FuzzRequest {
  const limit = operations > 0 ? { ops: String(operations) } : {};
  const request = fuzzRequest({ ...raw, ...limit, seed: String(seed) });
  return { ...request, limits: { ...request.limits, isSteered }, mode: "replay", seed, allowHazards };
}

/** A recording's header. What is no file is left to the scenario's reader to complain about. */
async function headerOf(what: string): Promise<RecordingHeader | undefined> {
  try {
    return await recordingHeader(what);
  } catch (cause) {
    if (cause instanceof BadRecording) throw cause;
    return undefined;
  }
}
