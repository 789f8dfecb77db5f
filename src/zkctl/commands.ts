/** The commands of zkctl that are one question and one answer. */
import { createFlags } from "../protocol/opcodes.ts";
import { config, reconfig } from "./config.ts";
import { deleteAll } from "./delete-all.ts";
import type { Job } from "./job.ts";
import { multi } from "./multi.ts";
import { type Answer, aclJson, aclLines, dataJson, statJson, statLines } from "./print.ts";
import { delQuota, listQuota, setQuota } from "./quota.ts";
import type { Session } from "./session.ts";
import { askSession, removeWatches } from "./session-commands.ts";
import { watchModes } from "./session-verbs.ts";
import { inTreeOrder, isNoNode, pathsFrom } from "./subtree.ts";
import type { Operation } from "./transaction.ts";
import { workOff } from "./work-off.ts";

/** A job without those that keep answering or have sessions of their own, and with the operations of a multi at hand. */
export type OneAnswer =
  | Exclude<Job, { verb: "watch" | "copy" | "multi" | "session" | "shell" }>
  | { readonly verb: "multi"; readonly operations: readonly Operation[] };

/** Puts a job to the server. Throws `ServerRefused` or `Unreachable`. */
export async function perform(job: OneAnswer, session: Session): Promise<Answer> {
  switch (job.verb) {
    case "create":
      return created(await createPath(job, session));
    case "delete":
      await session.ask("delete", { path: job.path, version: job.version }, job.path);
      return { text: [], json: { deleted: job.path } };
    case "get": {
      const { data, stat } = await session.ask("getData", { path: job.path, watch: job.watch }, job.path);
      const lines = job.withStat ? statLines(stat) : [];
      return { text: [data ?? "", ...lines], json: { path: job.path, ...dataJson(data), stat: statJson(stat) } };
    }
    case "set": {
      const { stat } = await session.ask("setData", { path: job.path, data: job.data, version: job.version }, job.path);
      return { text: job.withStat ? statLines(stat) : [], json: { path: job.path, stat: statJson(stat) } };
    }
    case "ls":
      return job.recursive ? tree(job, session) : list(job, session);
    case "stat": {
      const { stat } = await session.ask("exists", { path: job.path, watch: job.watch }, job.path);
      return { text: statLines(stat), json: { path: job.path, stat: statJson(stat) } };
    }
    case "exists": {
      const exists = await isThere(job.path, session);
      return { text: [String(exists)], json: { path: job.path, exists }, ...(exists ? {} : { refused: "" }) };
    }
    case "getacl": {
      const { acl, stat } = await session.ask("getACL", { path: job.path }, job.path);
      const lines = job.withStat ? statLines(stat) : [];
      return {
        text: [...aclLines(acl ?? []), ...lines],
        json: { path: job.path, acl: aclJson(acl ?? []), stat: statJson(stat) },
      };
    }
    case "setacl":
      return setAcl(job, session);
    case "deleteall":
      return deleteAll(job, session);
    case "multi":
      return multi(job.operations, session);
    case "whoami":
    case "getephemerals":
    case "getallchildrennumber":
      return askSession(job, session);
    case "addwatch":
      await session.ask("addWatch", { path: job.path, mode: watchModes[job.mode] }, job.path);
      return { text: [], json: { watching: job.path, mode: job.mode } };
    case "removewatches":
      return removeWatches(job, session);
    case "config":
      return config(job, session);
    case "reconfig":
      return reconfig(job, session);
    case "setquota":
      return setQuota(job, session);
    case "listquota":
      return listQuota(job, session);
    case "delquota":
      return delQuota(job, session);
    case "sync":
      await session.ask("sync", { path: job.path }, job.path);
      return { text: [], json: { synced: job.path } };
  }
}

const created = (path: string): Answer => ({ text: [path], json: { created: path } });

/** The opcode follows from the kind: containers and TTL znodes have their own. */
async function createPath(job: Extract<Job, { verb: "create" }>, session: Session): Promise<string> {
  const { path, data, acl, flags } = job;
  if (job.ttlMs !== undefined) {
    const reply = await session.ask("createTTL", { path, data, acl, flags, ttl: job.ttlMs }, path);
    return reply.path ?? path;
  }
  const op = flags === createFlags.container ? "createContainer" : "create";
  return (await session.ask(op, { path, data, acl, flags }, path)).path ?? path;
}

async function isThere(path: string, session: Session): Promise<boolean> {
  try {
    await session.ask("exists", { path, watch: false }, path);
    return true;
  } catch (cause) {
    if (isNoNode(cause)) return false;
    throw cause;
  }
}

async function list(job: Extract<Job, { verb: "ls" }>, session: Session): Promise<Answer> {
  const { children, stat } = await session.ask("getChildren2", { path: job.path, watch: job.watch }, job.path);
  const names = (children ?? []).map(String).sort();
  return {
    text: job.withStat ? [...names, ...statLines(stat)] : names,
    json: { path: job.path, children: names, stat: statJson(stat) },
  };
}

/** Paths in order, parents first. Znodes that vanish during the walk are left out; the first must be there. */
async function tree(job: Extract<Job, { verb: "ls" }>, session: Session): Promise<Answer> {
  const paths = inTreeOrder(await pathsFrom(job.path, session));
  if (!job.withStat && !job.watch) return { text: paths, json: { path: job.path, paths } };
  const { stat } = await session.ask("getChildren2", { path: job.path, watch: job.watch }, job.path);
  const lines = job.withStat ? statLines(stat) : [];
  return { text: [...paths, ...lines], json: { path: job.path, paths, stat: statJson(stat) } };
}

/** With `recursive` of everything below too; znodes that vanish meanwhile are left out, and the paths are printed as zkCli does. */
async function setAcl(job: Extract<Job, { verb: "setacl" }>, session: Session): Promise<Answer> {
  const { path, acl, version } = job;
  if (job.recursive) {
    const paths = inTreeOrder(await pathsFrom(path, session));
    await workOff([...paths], 128, async (each) => {
      try {
        await session.ask("setACL", { path: each, acl, version }, each);
      } catch (cause) {
        if (!isNoNode(cause)) throw cause;
      }
    });
    return { text: [], json: { path, paths } };
  }
  const { stat } = await session.ask("setACL", { path, acl, version }, path);
  return { text: job.withStat ? statLines(stat) : [], json: { path, stat: statJson(stat) } };
}
