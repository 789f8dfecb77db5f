/** Requests that kill or wedge a real ZooKeeper, or that no two servers can be compared on. Generated only with `--allow-hazards`, against servers
 *  that the run owns. Source: observed on ZooKeeper 3.8.0, 3.8.6, 3.9.5; each named below. */
import { opcodes } from "../../src/protocol/opcodes.ts";
import { quotaRoot } from "../../src/protocol/paths.ts";
import { flagsOf } from "../encode.ts";
import type { CreateStep, ReadStep, Step, WriteStep } from "../format.ts";
import { isReadable } from "./quotas.ts";

/** A createTTL without a TTL flag and with a negative ttl passes validation and ends the process while it is applied; the server cannot restart
 *  on its log. Inside a multi the ttl is ignored. */
const killsByTtl = (step: CreateStep) =>
  step.op === "createTTL" && flagsOf(step) !== 5 && flagsOf(step) !== 6 && (step.ttl ?? 0) < 0;

/** Quota nodes with unparsable content, or a quota on the root, end the process with the next write below. */
function spoilsQuotas(step: WriteStep | ReadStep | Step): boolean {
  if (!("path" in step) || typeof step.path !== "object" || step.path === null) return false;
  if (!step.op.startsWith("create") && step.op !== "setData") return false;
  if ("quota" in step.path) return !isReadable(step.path.quota, "data" in step ? step.data : undefined);
  return "exact" in step.path && step.path.exact.startsWith(`${quotaRoot}/`);
}

const spoiling = "can kill ZooKeeper: writes below /zookeeper/quota";

/** A multi that names a null path, or a reconfig that cannot be read, is answered by a server of its own, but no ensemble ever commits it: the member
 *  that waits for that leaves what comes behind it without an answer. Source: PrepRequestProcessor.pRequestHelper, CommitProcessor.run (3.8; 3.9
 *  commits an error). */
export function wedgesMembers(step: Step): boolean {
  if (step.op === "raw") return Number.parseInt(step.hex.slice(8, 16), 16) === opcodes.reconfig.code;
  return step.op === "multi" && step.ops.some(({ path }) => path === null);
}

/** Why a step must not be sent to a server that others use, or undefined. */
export function hazardOf(step: Step): string | undefined {
  if (wedgesMembers(step)) return "wedges members of an ensemble (3.8)";
  switch (step.op) {
    case "createTTL":
      if (killsByTtl(step)) return "kills ZooKeeper: createTTL without a TTL flag and with a negative ttl";
      break;
    case "check":
      // A failing one is answered; only a version that no znode has fails in every state.
      if (step.version !== -7) return "is never answered when it succeeds (up to 3.8.4 and 3.9.2)";
      break;
    case "addWatch":
      if (step.path === null) return "leaks watches: addWatch with a null path";
      break;
    case "setWatches2":
      if ([...(step.persistent ?? []), ...(step.recursive ?? [])].includes(null))
        return "leaks watches: setWatches2 with a null path among lasting watches (3.8)";
      break;
    case "deleteContainer":
      return "deletes without permission (3.9)";
    case "multi":
      return step.ops.some(spoilsQuotas) ? spoiling : undefined;
    case "closeSession":
      return step.behind?.map((behind) => hazardOf({ by: step.by, ...behind })).find((why) => why !== undefined);
    default:
  }
  return spoilsQuotas(step) ? spoiling : undefined;
}
