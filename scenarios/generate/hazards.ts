/** Requests that kill or wedge a real ZooKeeper, or that no two servers can be compared on. Generated only with `--allow-hazards`, against servers
 *  that the run owns. Source: observed on ZooKeeper 3.8.0, 3.8.6, 3.9.5; each named below. */
import { flagsOf } from "../encode.ts";
import type { CreateStep, PathValue, Step, WriteStep } from "../format.ts";

/** A createTTL without a TTL flag and with a negative ttl passes validation and ends the process while it is applied; the server cannot restart
 *  on its log. Inside a multi the ttl is ignored. */
const killsByTtl = (step: CreateStep) =>
  step.op === "createTTL" && flagsOf(step) !== 5 && flagsOf(step) !== 6 && (step.ttl ?? 0) < 0;

/** Quota nodes with unparsable content, or a quota on the root, end the process with the next write below. */
const touchesQuota = (path: PathValue) =>
  typeof path === "object" && path !== null && "exact" in path && path.exact.startsWith("/zookeeper/quota/");

const isWrite = (op: string) => op.startsWith("create") || op === "setData";

const hazardInside = (step: WriteStep | { readonly op: string; readonly path: PathValue }) =>
  isWrite(step.op) && touchesQuota(step.path);

/** Why a step must not be sent to a server that others use, or undefined. */
export function hazardOf(step: Step): string | undefined {
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
      return step.ops.some(hazardInside) ? "can kill ZooKeeper: writes below /zookeeper/quota" : undefined;
    default:
  }
  return "path" in step && hazardInside(step) ? "can kill ZooKeeper: writes below /zookeeper/quota" : undefined;
}
