/** Which surface a run can use: whether both servers offer what came after ZooKeeper 3.4. */
import type { Surface } from "../../scenarios/generate/profile.ts";
import type { Backend } from "../../src/backend.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { multiOp } from "../../src/protocol/multi.ts";
import { addWatchModes, type OpName, opcodes, watcherTypes } from "../../src/protocol/opcodes.ts";
import { Caller, NoAnswer } from "../table/caller.ts";
import type { Duel } from "./servers.ts";

/** Asks for one of the later operations at a znode. */
type Ask = (caller: Caller, path: string) => Promise<{ readonly header: { readonly err: number } }>;

/** One request of each kind, with no effect but on its session. None creates: Go zetcd dies of create flags that it does not know. */
const questions: readonly (readonly [OpName, Ask])[] = [
  ["removeWatches", (caller, path) => caller.call("removeWatches", { path, type: watcherTypes.any })],
  ["checkWatches", (caller, path) => caller.call("checkWatches", { path, type: watcherTypes.any })],
  ["multiRead", (caller, path) => caller.call("multiRead", [multiOp(opcodes.getData.code, { path, watch: false })])],
  ["getEphemerals", (caller, prefixPath) => caller.call("getEphemerals", { prefixPath })],
  ["addWatch", (caller, path) => caller.call("addWatch", { path, mode: addWatchModes.persistent })],
  ["whoAmI", (caller) => caller.call("whoAmI", {})],
];

/** What a server made of the questions. */
interface Answers {
  /** What it does not know, hung up on or did not answer. */
  readonly lacks: readonly OpName[];
  /** After which it gave no session any more. */
  readonly diedOf?: OpName;
}

/** Asks one after the other, each in a new session where the last one was hung up on. */
async function answersOf(backend: Backend, path: string): Promise<Answers> {
  const lacks: OpName[] = [];
  let caller = await Caller.open(backend);
  for (const [op, ask] of questions) {
    if (caller === undefined) break; // the run will say that there is no session to be had
    const reply = await ask(caller, path).catch((cause: unknown) => {
      if (cause instanceof NoAnswer) return undefined;
      throw cause;
    });
    if (reply === undefined || reply.header.err === errorCodes.UNIMPLEMENTED) lacks.push(op);
    if (reply !== undefined) continue;
    await caller.close();
    caller = await Caller.open(backend);
    if (caller === undefined) return { lacks, diedOf: op };
  }
  await caller?.close();
  return { lacks };
}

/** What two servers have in common, and what there is to be said about it. */
export interface CommonSurface {
  readonly surface: Surface;
  readonly note?: string;
}

/** `full` where both serve at least half of the later operations. Less would not do: a server that lacks one or two of what it claims to serve differs,
 *  and is to be told so. More neither: one of ZooKeeper 3.4's time is not to be accused of its age. One that dies of a question is asked for all,
 *  because the run knows how to find out what it dies of. */
export async function commonSurface({ candidate, oracle, chroot }: Duel): Promise<CommonSurface> {
  const sides = { oracle, candidate };
  for (const side of ["oracle", "candidate"] as const) {
    const { lacks, diedOf } = await answersOf(sides[side].backend, chroot === "" ? "/" : chroot);
    if (diedOf !== undefined) return { surface: "full", note: `the ${side} died when it was asked for ${diedOf}` };
    if (lacks.length * 2 > questions.length)
      return {
        surface: "core",
        note: `only operations of ZooKeeper 3.4 are asked for: the ${side} does not serve ${lacks.join(", ")} (--surface full asks for all)`,
      };
  }
  return { surface: "full" };
}
