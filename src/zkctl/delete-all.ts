/** `deleteall`: a znode and everything below it. */

import { InvalidArgumentError } from "commander";
import { reservedPaths } from "../protocol/paths.ts";
import { countFrom, pathFrom } from "./argument-values.ts";
import type { Answer } from "./print.ts";
import type { Session } from "./session.ts";
import { isNoNode, pathsFrom } from "./subtree.ts";
import { deletion, transact } from "./transaction.ts";
import type { Ask, Verb } from "./verb.ts";

/** Deletes a subtree in multis of at most `batch` znodes. */
export interface DeleteAllJob {
  readonly verb: "deleteall";
  readonly path: string;
  readonly batch: number;
}

/** zkCli's own. */
const batchDefault = 1_000;

/** Bytes of paths in one multi, well below jute.maxbuffer's default of 1 MiB. */
const batchBytesMax = 512 * 1024;

/** Adds the command. */
export function declareDeleteAll(verb: Verb, ask: Ask): void {
  verb("deleteall <path>", "delete a znode and everything below it, children first")
    .alias("rmr")
    .option("-b, --batch <n>", "so many at a time", countFrom, batchDefault)
    .action((text: string, { batch }) => {
      const path = pathFrom(text);
      if (reservedPaths.has(path)) throw new InvalidArgumentError(`${path} is ZooKeeper's own and stays`);
      ask({ verb: "deleteall", path, batch });
    });
}

/** Does it. Throws {@link ServerRefused}, with NOTEMPTY when others create znodes below it meanwhile. */
export async function deleteAll({ path, batch }: DeleteAllJob, session: Session): Promise<Answer> {
  const deleted = await deleteSubtree(path, session, batch);
  return { text: [], json: { deleted: path, znodes: deleted } };
}

/** The number of znodes deleted. What others delete meanwhile is not counted. */
export async function deleteSubtree(root: string, session: Session, batch = batchDefault): Promise<number> {
  const paths = (await pathsFrom(root, session)).reverse();
  let deleted = 0;
  for (const some of batches(paths, batch, batchBytesMax)) {
    const outcome = await transact(
      some.map((path) => deletion(path)),
      session,
    );
    deleted += outcome.is === "done" ? some.length : await deleteEach(some, session);
  }
  return deleted;
}

/** One by one, because a multi is all or nothing and others may have deleted some already. */
async function deleteEach(paths: readonly string[], session: Session): Promise<number> {
  const outcomes = await Promise.allSettled(paths.map((path) => session.ask("delete", { path, version: -1 }, path)));
  for (const outcome of outcomes) if (outcome.status === "rejected" && !isNoNode(outcome.reason)) throw outcome.reason;
  return outcomes.filter(({ status }) => status === "fulfilled").length;
}

/** Cuts a list into runs of at most so many paths and bytes of them, and of one path at least. */
export function* batches(paths: readonly string[], pathsMax: number, bytesMax: number): Generator<string[]> {
  let run: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const size = Buffer.byteLength(path);
    if (run.length > 0 && (run.length >= pathsMax || bytes + size > bytesMax)) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(path);
    bytes += size;
  }
  if (run.length > 0) yield run;
}
