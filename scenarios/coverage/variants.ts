/** Variants of operations, as coverage cells tell them apart. */
import type { RequestStep } from "../encode.ts";
import type { CreateStep, ReadStep, VersionValue, WriteStep } from "../format.ts";

/** Whether the server completes the name. */
export const isSequential = (flags: CreateStep["flags"]): boolean =>
  flags === "sequential" ||
  flags === "ephemeral-sequential" ||
  flags === "ttl-sequential" ||
  flags === 2 ||
  flags === 3;

const versionVariant = (version: VersionValue | undefined): string =>
  version === undefined || version === -1
    ? "any"
    : typeof version === "object" && version.last === 0
      ? "last"
      : "other";

const variants = {
  create: ["persistent", "ephemeral", "sequential", "ephemeral-sequential"],
  create2: ["persistent", "ephemeral", "sequential", "ephemeral-sequential"],
  createContainer: ["container"],
  createTTL: ["ttl", "ttl-sequential"],
} as const;
/** What a create is without flags of its own. */
export const defaultFlags = {
  create: "persistent",
  create2: "persistent",
  createContainer: "container",
  createTTL: "ttl",
};

/** The variant of an operation: flags, kind of version, watch or not. */
export function variantOf(step: RequestStep | WriteStep | ReadStep): string {
  switch (step.op) {
    case "create":
    case "create2":
    case "createContainer":
    case "createTTL": {
      const flags = String(step.flags ?? defaultFlags[step.op]);
      return (variants[step.op] as readonly string[]).includes(flags) ? flags : "other";
    }
    case "delete":
    case "check":
    case "setData":
    case "setACL":
      return versionVariant(step.version);
    case "exists":
    case "getData":
    case "getChildren":
    case "getChildren2":
      return step.watch === true ? "watch" : "plain";
    case "addWatch":
      return typeof step.mode === "string" ? step.mode : "other";
    case "removeWatches":
    case "checkWatches":
      return typeof step.type === "string" ? step.type : "other";
    case "multi":
    case "multiRead":
      return step.ops.length === 0 ? "empty" : step.ops.length === 1 ? "one" : "several";
    case "auth":
      return step.scheme === "digest" ? "digest" : "other";
    default:
      return "plain";
  }
}
