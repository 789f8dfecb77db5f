/** `xchk replay`: a token's sequence, or a saved scenario, once more. */
import { basename } from "node:path";
import { decodeToken, isToken, profileOf, toolVersion } from "../../scenarios/generate/replay-token.ts";
import { generator } from "../../scenarios/generate/sequence.ts";
import { readScenario } from "../../scenarios/validate.ts";
import { type RawFlags, stageFlags } from "./flags.ts";
import { fuzzRequest, runFuzz } from "./fuzz.ts";
import { runScenarios } from "./run.ts";

/** Replays a token or a file; a token without a sequence is a whole run. Throws `BadToken`, `BadProfile`, `BadScenario`, `BadArgument`. */
export async function replayCommand(what: string, raw: RawFlags): Promise<number> {
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
  const request = fuzzRequest({ ...raw, ops: String(Math.max(replay.operations, 1)), seed: String(seed) });
  return runFuzz({ ...request, mode: "replay", seed, profile, allowHazards }, stageFlags(raw));
}
