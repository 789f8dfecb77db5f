/** fast-check arbitraries for what stands inside a step: paths, content, versions, access control lists. Few of each, so that steps collide. */
import fc from "fast-check";
import type { AclList, AclValue, DataValue, PathValue, SeenValue, VersionValue } from "../format.ts";
import type { NameSet, Profile } from "./profile.ts";

/** A choice with its weight. */
type Weighted<T> = fc.WeightedArbitrary<T>;

/** Constants with weights; fast-check wants whole numbers, ours may be fractions. */
const choose = <T>(...choices: readonly (readonly [weight: number, value: T])[]): fc.Arbitrary<T> =>
  fc.oneof(
    ...choices.map(
      ([weight, value]): Weighted<T> => ({ weight: Math.round(weight * 10), arbitrary: fc.constant(value) }),
    ),
  );

/** The ordinary names of each set. Everyday: two trees, three levels. All are few enough to meet again. */
const plainPaths: Readonly<Record<NameSet, fc.Arbitrary<PathValue>>> = {
  everyday: choose<PathValue>(
    [5, "/a"],
    [3, "/b"],
    [4, "/a/a"],
    [2, "/a/b"],
    [1, "/b/a"],
    [1.5, "/a/a/a"],
    [0.8, ""],
    // Begins like another one, without being below it.
    [1.5, "/ab"],
    [1.5, "/ab/a"],
    // No other than by its letter's case.
    [0.5, "/A"],
    // What a server would choose to call the first numbered ones.
    [0.3, "/a/s-0000000000"],
    [0.3, "/a/s-0000000001"],
    [0.8, { ref: "p" }],
    [0.4, { ref: "q" }],
    [0.4, { ref: "p", below: "/a" }],
  ),
  narrow: choose<PathValue>([6, "/a"], [3, "/a/a"], [0.7, "/b"], [1.2, ""], [0.5, { ref: "p" }]),
  flat: choose<PathValue>([4, "/a"], [4, "/b"], [3, "/\u00e9"], [1, "/a/a"], [0.5, ""], [0.5, { ref: "p" }]),
  wide: choose<PathValue>(
    [5, "/a"],
    ...["/a/a", "/a/b", "/a/c", "/a/d", "/a/e", "/a/f"].map((path) => [2, path] as const),
    [1.5, "/ab"],
    [1.5, "/ab/a"],
    [1, ""],
    [1, { ref: "p" }],
  ),
  deep: choose<PathValue>([4, "/a"], [4, "/a/a"], [3, "/a/a/a"], [3, "/a/a/a/a"], [2, "/a/a/a/a/a"], [0.5, ""]),
  "beyond-ascii": choose<PathValue>(
    [5, "/\u00e9"],
    [3, "/\u00e9/\u4e2d"],
    [2, "/\u00e9/a b"],
    [1, "/\u00e9/ a "],
    [2, "/\u4e2d"],
    [2, ""],
    [0.5, { ref: "p" }],
  ),
};

/** Text that PathUtils refuses, or must accept although it looks wrong. All below the case's root. */
const oddBelow: readonly string[] = [
  "/",
  "/a/",
  "//",
  "/a//a",
  "/.",
  "/a/..",
  "/a/../b",
  "/..a",
  "/...",
  "/a b",
  "/a ",
  "/\u00e9\u4e2d",
  "/e\u0301",
  // Both sides of each bound. Source: PathUtils.validatePath (3.8).
  "/\u0000",
  "/\u0001",
  "/\u001f",
  "/\u007e",
  "/\u007f",
  "/a\u0085",
  "/\u009f",
  "/\u00a0",
  "/\ud7ff",
  "/\ue000",
  "/\uf8ff",
  "/\uf900",
  "/\uffef",
  "/\ufff0",
  "/\ufffe",
  "/\uffee",
  `/${"n".repeat(300)}`,
];

/** Paths that no case owns and that answer the same whatever other cases do, unless one asks who watches them. */
const foreign: readonly PathValue[] = [null, { exact: "a" }, { exact: "/nope-zetcd/a" }];

/** Reserved znodes: deleting them is refused, whatever the state. */
const reserved: readonly PathValue[] = [
  { exact: "" },
  { exact: "/" },
  { exact: "/zookeeper" },
  { exact: "/zookeeper/quota" },
];

/** Another one, whose version says where the server belongs to. */
const config: PathValue = { exact: "/zookeeper/config" };

const oddOwn = fc.constantFrom<PathValue>(...oddBelow);

const oddPath = fc.oneof(
  { weight: 5, arbitrary: oddOwn },
  { weight: 1, arbitrary: fc.constantFrom<PathValue>(...foreign) },
);

const pathOr = (profile: Profile, odd: fc.Arbitrary<PathValue>): fc.Arbitrary<PathValue> =>
  fc.oneof(
    { weight: 100 - profile.oddPathsPercent, arbitrary: plainPaths[profile.names] },
    { weight: profile.oddPathsPercent, arbitrary: odd },
  );

/** A path for any step. */
export const pathArbitrary = (profile: Profile): fc.Arbitrary<PathValue> => pathOr(profile, oddPath);

/** A path that no other case names, for what tells of others' watches. */
export const ownPathArbitrary = (profile: Profile): fc.Arbitrary<PathValue> => pathOr(profile, oddOwn);

/** A path for delete or check: also the reserved ones. */
export const doomedPathArbitrary = (profile: Profile, op: "delete" | "check"): fc.Arbitrary<PathValue> =>
  fc.oneof(
    { weight: 100, arbitrary: pathArbitrary(profile) },
    {
      weight: profile.oddPathsPercent,
      arbitrary: fc.constantFrom(...reserved, ...(op === "delete" ? [config] : [])),
    },
  );

/** Znodes that stand on every server, for creates that are not sequential, and for reads that leave no watch. */
export const standingPath: fc.Arbitrary<PathValue> = fc.constantFrom<PathValue>(
  { exact: "/" },
  { exact: "/zookeeper" },
  { exact: "/zookeeper/quota" },
);

/** A prefix of paths, for getEphemerals: also those that stand for all. */
export const anyPrefixArbitrary = (profile: Profile): fc.Arbitrary<PathValue> =>
  fc.oneof(
    { weight: 6, arbitrary: pathArbitrary(profile) },
    { weight: 1, arbitrary: fc.constantFrom<PathValue>(null, { exact: "" }, { exact: "/" }, { exact: " " }) },
  );

/** A path for a sequential create: a prefix, also the bare `parent/`. */
export const prefixArbitrary = (profile: Profile): fc.Arbitrary<PathValue> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<PathValue>("/a/s-", "/s-", "/a/", "/a/a/s-") },
    { weight: 2, arbitrary: pathArbitrary(profile) },
  );

/** Text whose parts can be told apart, so that it shows where some are missing or have changed places; its length is prime to those of buffers. */
const pattern = "abcdefghijklmnopq";

/** Content of so many bytes, or up to sixteen fewer. */
export const longData = (bytes: number): DataValue => ({ repeat: pattern, times: Math.floor(bytes / pattern.length) });

/** Znode content. */
export const dataArbitrary = (profile: Profile): fc.Arbitrary<DataValue> =>
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc.constantFrom<DataValue>(
        "",
        "x",
        "hello",
        "\u00e9\u4e2d",
        null,
        { hex: "00ff80c3" },
        { hex: "61006200" },
      ),
    },
    { weight: 2, arbitrary: fc.nat(profile.dataBytesMax).map(longData) },
  );

/** An expected version: any, right, stale, ahead, and numbers that mean nothing. */
export const versionArbitrary: fc.Arbitrary<VersionValue> = choose<VersionValue>(
  [8, -1],
  [4, { last: 0 }],
  [1.5, { last: -1 }],
  [1, { last: 1 }],
  [2, 0],
  [1, 1],
  [0.3, -2],
  [0.2, 2_147_483_647],
  [0.2, -2_147_483_648],
);

/** `user:base64(sha1(user:password))` of the identities that `auth` steps take on. Source: DigestAuthenticationProvider.generateDigest. */
export const identities = {
  alice: { token: "alice:a", id: "alice:AIueg8ag5ALfqeEyKdLnva1Wvi0=" },
  bob: { token: "bob:b", id: "bob:LcrmCNs/wfVD+i5a5yaz89GyjIM=" },
} as const;

/** Permissions for everybody. */
export const world = (perms: string | number): AclValue => ({ perms, scheme: "world", id: "anyone" });

/** Nobody's: digests are compared letter by letter. */
const inCapitals = identities.alice.id.toUpperCase();

const entry: fc.Arbitrary<AclValue> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("r", "w", "rw", "cd", "rwcda", "a", "", "rc").map(world) },
  {
    weight: 6,
    arbitrary: fc.record({
      perms: fc.constantFrom<string | number>("rwcda", "rwcda", "r", "r", "rwa", "rwa", "cd", "cd", 63, 32, -1),
      scheme: fc.constant("digest"),
      id: fc.constantFrom(identities.alice.id, identities.alice.id, identities.bob.id, identities.bob.id, inCapitals),
    }),
  },
  // Whatever stands for its user there is passed over.
  {
    weight: 2,
    arbitrary: fc.constantFrom("", "", "x").map((id): AclValue => ({ perms: "rwcda", scheme: "auth", id })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      perms: fc.constantFrom("rwcda", "r"),
      scheme: fc.constant("ip"),
      id: fc.constantFrom(
        "127.0.0.1",
        "127.0.0.0/8",
        "127.0.0.1/8",
        "127.0.0.1/32",
        "255.0.0.1",
        "128.0.0.0/1",
        "127.0.0.0",
        "127.0.0.0/29",
        "127.0.0.8/29",
        "10.1.2.3",
        "0.0.0.0/0",
      ),
    }),
  },
);

const brokenEntry = fc.constantFrom<AclValue>(
  { perms: "r", scheme: "world", id: "nobody" },
  { perms: "r", scheme: "digest", id: "alice" },
  { perms: "r", scheme: "digest", id: "a:b:c" },
  { perms: "r", scheme: "digest", id: ":b" },
  { perms: "r", scheme: "digest", id: "alice:" },
  { perms: "r", scheme: "digest", id: "" },
  { perms: "r", scheme: "ip", id: "300.1.1.1" },
  { perms: "r", scheme: "ip", id: "10.0.0.0/33" },
  { perms: "r", scheme: "ip", id: "10.0.0" },
  // Refused where nobody is authenticated by them.
  { perms: "r", scheme: "x509", id: "CN=alice,O=example" },
  { perms: "r", scheme: "x509", id: null },
  { perms: "r", scheme: "sasl", id: "alice" },
  { perms: "r", scheme: "nosuch", id: "x" },
  { perms: "r", scheme: null, id: "x" },
  { perms: "r", scheme: "world", id: null },
  { perms: "r", scheme: "digest", id: null },
  { perms: "r", scheme: "ip", id: null },
  { perms: "r", scheme: "auth", id: null },
  world(63),
  { perms: "r", scheme: "super", id: "" },
);

/** An access control list, mostly an open one. `locks` is the weight of all that is not open. */
export const aclArbitrary = (locks: number): fc.Arbitrary<AclList> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constant<AclList>("open") },
    { weight: locks, arbitrary: fc.constantFrom<AclList>("creator", "read") },
    { weight: 2 * locks, arbitrary: fc.array(entry, { minLength: 1, maxLength: 3, size: "max" }) },
    { weight: 1, arbitrary: fc.constantFrom<AclList>(null, []) },
    { weight: 1, arbitrary: fc.tuple(entry, brokenEntry).map((pair): AclList => pair) },
  );

/** A relativeZxid: nothing, everything, or what the session was told in the last moment of silence. */
export const seenArbitrary = ({ quotesZxids }: Profile): fc.Arbitrary<SeenValue> =>
  choose<SeenValue>([2, 0], [1, Number.MAX_SAFE_INTEGER], ...(quotesZxids ? [[6, { newest: 0 }] as const] : []));

/** Up to three paths. */
export const pathsArbitrary = (profile: Profile): fc.Arbitrary<PathValue[]> =>
  fc.array(pathArbitrary(profile), { maxLength: 3, size: "max" });
