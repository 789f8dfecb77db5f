/** What free-running clients ask: few paths, so that they meet, and every kind of write, so that watches fire and versions race. */
import * as fc from "fast-check";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import { createFlags, type OpName, opcodes, openAcl } from "../../src/protocol/opcodes.ts";

/** One request to be sent; `path` is the znode it is about. */
export interface Intent {
  readonly op: OpName;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | SequenceItem[];
}

/** Znodes below the root that everybody uses: few parents with few children. */
export const pathsBelow = (root: string): string[] => [
  ...["a", "b", "c"].map((name) => `${root}/${name}`),
  ...["a", "b"].flatMap((parent) => ["x", "y"].map((name) => `${root}/${parent}/${name}`)),
];

/** The requests of one client, determined by the seed. */
export function intents(root: string, seed: number, count: number): Intent[] {
  return fc.sample(intent(root), { seed, numRuns: count });
}

/** How many requests a client sends before it moves, on an average. */
export const movesEvery = 60;

/** Before which of its requests a client moves to another server, determined by the seed. */
export function moves(seed: number, count: number): boolean[] {
  const dice = fc.noBias(fc.integer({ min: 1, max: movesEvery }));
  return fc.sample(dice, { seed, numRuns: count }).map((thrown) => thrown === 1);
}

function intent(root: string): fc.Arbitrary<Intent> {
  const path = fc.constantFrom(...pathsBelow(root));
  const data = fc.oneof(
    { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  const version = fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, fc.integer({ min: 0, max: 4 }));
  const flags = fc.constantFrom(
    createFlags.persistent,
    createFlags.persistent,
    createFlags.ephemeral,
    createFlags.persistentSequential,
    createFlags.ephemeralSequential,
  );
  const watch = fc.boolean();
  const create = fc.record({ path, data, flags }).map((one) => ({ ...one, acl: openAcl }));
  const remove = fc.record({ path, version });
  const set = fc.record({ path, data, version });
  const member = fc.oneof(
    create.map((body) => multiOp(opcodes.create.code, body)),
    remove.map((body) => multiOp(opcodes.delete.code, body)),
    set.map((body) => multiOp(opcodes.setData.code, body)),
    fc.record({ path, version }).map((body) => multiOp(opcodes.check.code, body)),
  );
  const single = <Op extends OpName>(op: Op, body: fc.Arbitrary<{ path: string }>): fc.Arbitrary<Intent> =>
    body.map((one) => ({ op, path: one.path, body: one }));
  const multi = fc
    .tuple(path, fc.array(member, { minLength: 1, maxLength: 3 }))
    .map(([first, items]): Intent => ({ op: "multi", path: first, body: items }));
  return fc.oneof(
    { weight: 5, arbitrary: single("create2", create) },
    { weight: 2, arbitrary: single("create", create) },
    { weight: 4, arbitrary: single("delete", remove) },
    { weight: 6, arbitrary: single("setData", set) },
    { weight: 2, arbitrary: multi },
    { weight: 7, arbitrary: single("getData", fc.record({ path, watch })) },
    { weight: 4, arbitrary: single("exists", fc.record({ path, watch })) },
    { weight: 3, arbitrary: single("getChildren2", fc.record({ path, watch })) },
    { weight: 1, arbitrary: single("sync", fc.record({ path })) },
  );
}
