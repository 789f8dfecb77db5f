/** The replay token: one word that regenerates a run or one of its sequences. `zx1:` and base64url of a JSON list. */
import { packageVersion } from "../../src/command-line.ts";
import { loadProfile, type Profile, profileHash, type Surface } from "./profile.ts";

/** This tool's version, from package.json. */
export const toolVersion = packageVersion();

/** What a token holds. */
export interface Replay {
  /** The version that made it: another one may generate something else. */
  readonly tool: string;
  readonly seed: number;
  /** The sequence; absent for a whole run. */
  readonly index?: number;
  readonly profile: string;
  readonly profileHash: string;
  readonly sessions: number;
  readonly surface: Surface;
  /** Operations asked of the whole run. */
  readonly operations: number;
  readonly allowHazards: boolean;
  /** Whether the run preferred sequences with cells to hit; one sequence is the same either way. */
  readonly isSteered: boolean;
}

/** Not a token, or one that this version cannot follow. */
export class BadToken extends Error {
  override readonly name = "BadToken";
}

const prefix = "zx1:";

/** What the last number of a token holds. */
const bits = { hazards: 1, steered: 2 } as const;

/** Whether a word claims to be a token. */
export const isToken = (word: string): boolean => /^zx\d+:/.test(word);

/** A token. */
export function encodeToken(replay: Replay): string {
  const list = [
    replay.tool,
    replay.seed,
    replay.index ?? -1,
    replay.profile,
    replay.profileHash,
    replay.sessions,
    replay.surface,
    replay.operations,
    (replay.allowHazards ? bits.hazards : 0) | (replay.isSteered ? bits.steered : 0),
  ];
  return prefix + Buffer.from(JSON.stringify(list), "utf8").toString("base64url");
}

/** Takes a token apart. Errors: `BadToken`. */
export function decodeToken(token: string): Replay {
  if (!token.startsWith(prefix))
    throw new BadToken(`"${token}" is no replay token of this version; they start with ${prefix}`);
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(token.slice(prefix.length), "base64url").toString("utf8"));
  } catch {
    throw new BadToken(`"${token}" is damaged: copy it whole`);
  }
  if (!Array.isArray(list) || list.map((item) => typeof item).join() !== tokenTypes)
    throw new BadToken(`"${token}" is damaged: copy it whole`);
  const [tool, seed, index, profile, hash, sessions, surface, operations, flags] = list;
  return {
    tool,
    seed,
    ...(index < 0 ? {} : { index }),
    profile,
    profileHash: hash,
    sessions,
    surface,
    operations,
    allowHazards: (flags & bits.hazards) !== 0,
    isSteered: (flags & bits.steered) !== 0,
  };
}

const tokenTypes = "string,number,number,string,string,number,string,number,number";

/** The profile a token was made with. Errors: `BadProfile`; `BadToken` when the profile has changed since. */
export function profileOf(replay: Replay): Profile {
  const profile = { ...loadProfile(replay.profile), sessions: replay.sessions, surface: replay.surface };
  if (profileHash(profile) !== replay.profileHash)
    throw new BadToken(
      `the token was made by version ${replay.tool} with profile ${replay.profile} (${replay.profileHash}), which is ${profileHash(profile)} now: replay the saved counterexample instead`,
    );
  return profile;
}
