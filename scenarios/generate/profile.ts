/** Profiles: which steps are generated how often. A profile is data; `--profile` takes a name of this file or a JSON file that overrides
 *  parts of `default`. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Step } from "../format.ts";

/** Relative frequency of each kind of step; an operation that is absent is not generated, but that a session expires now and then is left out only by
 *  an `expire` of 0, and that servers remove containers and TTL znodes by a `reap` of 0. */
export type Weights = Readonly<Partial<Record<Step["op"], number>>>;

/** Which names ordinary paths have; `values.ts` lists them. */
export const nameSets = ["everyday", "narrow", "flat", "wide", "deep", "beyond-ascii"] as const;
export type NameSet = (typeof nameSets)[number];

/** `core` leaves out the operations and flags that came after ZooKeeper 3.4 and that few clients use. */
export const surfaces = ["core", "full"] as const;
export type Surface = (typeof surfaces)[number];

/** What a generated sequence looks like. */
export interface Profile {
  readonly name: string;
  readonly weights: Weights;
  /** Absent: nobody has said, and `xchk fuzz` asks the servers what they serve. Sequences are then those of `core`. */
  readonly surface?: Surface;
  /** Sessions of one sequence, at most. */
  readonly sessions: number;
  /** Steps of one sequence, at most; half as many at least. Sequences of a single session may be three times as long, and what stands at the
   *  beginning of one with an aim comes on top. */
  readonly stepsMax: number;
  readonly names: NameSet;
  /** Of 100 paths, how many are odd: illegal, reserved, null, outside ASCII. */
  readonly oddPathsPercent: number;
  /** Largest znode content, bytes. */
  readonly dataBytesMax: number;
  /** Of 100 reads, how many leave a watch. */
  readonly watchPercent: number;
  /** Of 100 creates without a number, how many are ephemeral. */
  readonly ephemeralPercent: number;
  /** Of 100 steps of a sequence that dwells on quotas, how many are about them; 0: no sequence does. */
  readonly quotaPercent: number;
  /** Session timeout asked for, ms. */
  readonly timeoutMs: number;
  /** Whether setWatches quotes zxids that the session was told. Behind a port nobody can wait for the slower side, and what a session had seen there
   *  is then a matter of chance. */
  readonly quotesZxids: boolean;
}

const everyday: Weights = {
  create: 14,
  create2: 6,
  delete: 10,
  setData: 12,
  exists: 8,
  getData: 8,
  getChildren: 4,
  getChildren2: 4,
  getACL: 3,
  setACL: 4,
  auth: 3,
  multi: 8,
  sync: 2,
  ping: 1,
  setWatches: 2,
  closeSession: 1.5,
  drop: 1.5,
  reconnect: 2,
  raw: 0.5,
  createContainer: 2,
  createTTL: 2,
  addWatch: 4,
  removeWatches: 3,
  checkWatches: 2,
  multiRead: 3,
  getEphemerals: 2,
  // ZooKeeper goes through all znodes there are for each of them.
  getAllChildrenNumber: 0.5,
  whoAmI: 1,
  setWatches2: 1,
};

const base: Profile = {
  name: "default",
  weights: everyday,
  sessions: 3,
  stepsMax: 40,
  names: "everyday",
  oddPathsPercent: 3,
  dataBytesMax: 5_000,
  watchPercent: 35,
  ephemeralPercent: 35,
  quotaPercent: 20,
  timeoutMs: 30_000,
  quotesZxids: true,
};

/** The profiles that have a name. `expiry` is slow: every `expire` takes seconds. `live` is for
 *  traffic through a port, where nobody waits, and keeps to what every server offers. */
export const profiles: Readonly<Record<string, Profile>> = {
  default: base,
  watches: {
    ...base,
    name: "watches",
    watchPercent: 80,
    weights: { ...everyday, exists: 14, getData: 12, getChildren: 8, getChildren2: 8, setWatches: 5, addWatch: 10 },
  },
  multi: { ...base, name: "multi", weights: { ...everyday, multi: 40, multiRead: 10 } },
  acl: { ...base, name: "acl", weights: { ...everyday, setACL: 18, getACL: 10, auth: 12 } },
  sessions: {
    ...base,
    name: "sessions",
    sessions: 4,
    weights: { ...everyday, create: 24, closeSession: 6, drop: 6, reconnect: 8, setWatches: 5, getEphemerals: 5 },
  },
  live: {
    ...base,
    name: "live",
    surface: "core",
    quotesZxids: false,
    weights: { ...everyday, raw: 0, expire: 0, reap: 0 },
  },
  names: { ...base, name: "names", oddPathsPercent: 35 },
  large: { ...base, name: "large", dataBytesMax: 200_000 },
  expiry: {
    ...base,
    name: "expiry",
    stepsMax: 24,
    timeoutMs: 4_000,
    weights: { ...everyday, create: 24, expire: 3, drop: 1, closeSession: 1 },
  },
};

/** `--profile` names nothing, or a file that is no profile. */
export class BadProfile extends Error {
  override readonly name = "BadProfile";
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a profile file: any part of a Profile, put over `default`. */
function profileFrom(value: unknown, file: string): Profile {
  if (!isObject(value)) throw new BadProfile(`${file}: expected an object with fields of a profile`);
  for (const [name, field] of Object.entries(value)) {
    const wanted = name === "surface" ? surfaces[0] : base[name as keyof Profile];
    if (wanted === undefined) throw new BadProfile(`${file}: unknown field "${name}"`);
    if (typeof field !== typeof wanted)
      throw new BadProfile(`${file}: "${name}" must be like ${JSON.stringify(wanted)}`);
  }
  if (value.names !== undefined && !nameSets.some((set) => set === value.names))
    throw new BadProfile(`${file}: "names" must be one of ${nameSets.join(", ")}`);
  if (value.surface !== undefined && !surfaces.some((surface) => surface === value.surface))
    throw new BadProfile(`${file}: "surface" must be one of ${surfaces.join(", ")}`);
  const given = isObject(value.weights) ? value.weights : {};
  for (const [op, weight] of Object.entries(given))
    if (!(op in everyday) && op !== "expire" && op !== "reap" && op !== "check")
      throw new BadProfile(`${file}: "weights" names "${op}", which is no operation that can be generated`);
    else if (typeof weight !== "number" || !(weight >= 0))
      throw new BadProfile(`${file}: the weight of "${op}" must be a number from 0 up`);
  return { ...base, name: file, ...value, weights: { ...everyday, ...given } } as Profile;
}

/** A profile by name or file. Errors: `BadProfile`. */
export function loadProfile(nameOrFile: string): Profile {
  const named = Object.hasOwn(profiles, nameOrFile) ? profiles[nameOrFile] : undefined;
  if (named !== undefined) return named;
  if (!nameOrFile.includes(".") && !nameOrFile.includes("/"))
    throw new BadProfile(
      `no profile "${nameOrFile}"; there are ${Object.keys(profiles).join(", ")}, or give a JSON file`,
    );
  try {
    return profileFrom(JSON.parse(readFileSync(nameOrFile, "utf8")), nameOrFile);
  } catch (cause) {
    if (cause instanceof BadProfile) throw cause;
    throw new BadProfile(`${nameOrFile}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Eight hex digits that change with anything that changes what is generated; the name is only a name. */
export function profileHash(profile: Profile): string {
  const { name: _, ...content } = profile;
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(content).sort()))
    .digest("hex")
    .slice(0, 8);
}
