/** The command line of quotas. The small letters warn, the capital ones forbid where the server enforces quotas. */
import { type Command, InvalidArgumentError } from "commander";
import { int64From, pathFrom } from "./argument-values.ts";
import type { Ask, Verb } from "./verb.ts";

/** A limit's name in the text of a quota. */
export type LimitName = "count" | "bytes" | "countHardLimit" | "byteHardLimit";

/** Sets limits and leaves the others as they are. */
export interface SetQuotaJob {
  readonly verb: "setquota";
  readonly path: string;
  readonly limits: Readonly<Partial<Record<LimitName, bigint>>>;
}

/** Shows the quota of a path; without one, of all. */
export interface ListQuotaJob {
  readonly verb: "listquota";
  readonly path?: string;
}

/** Takes limits away; with none named, the whole quota. */
export interface DelQuotaJob {
  readonly verb: "delquota";
  readonly path: string;
  readonly limits: readonly LimitName[];
}

const flags = [
  ["-n, --count", "n", "count", "znodes, itself among them"],
  ["-b, --bytes", "n", "bytes", "bytes of data"],
  ["-N, --count-hard-limit", "n", "countHardLimit", "znodes, enforced"],
  ["-B, --byte-hard-limit", "n", "byteHardLimit", "bytes of data, enforced"],
] as const;

/** Adds setquota, listquota, listquotas and delquota. */
export function declareQuotas(verb: Verb, ask: Ask): void {
  const setquota = verb("setquota <path>", "limit a znode and what is below it; none may have a quota above or below");
  for (const [flag, value, , about] of flags) setquota.option(`${flag} <${value}>`, about, int64From);
  setquota.action((path: string, given: Record<string, bigint>) => {
    if (Object.keys(given).length === 0) throw new InvalidArgumentError("setquota wants -n, -b, -N or -B");
    ask({ verb: "setquota", path: ruledPath(path), limits: given });
  });
  verb("listquota [path]", "print a quota and what is used of it; without a path, all").action((path?: string) =>
    ask(path === undefined ? { verb: "listquota" } : { verb: "listquota", path: pathFrom(path) }),
  );
  verb("listquotas", "print all quotas").action(() => ask({ verb: "listquota" }));
  const delquota: Command = verb("delquota <path>", "remove the limits named, or the quota");
  for (const [flag, , , about] of flags) delquota.option(flag, about);
  delquota.action((path: string, given: Record<string, boolean>) =>
    ask({
      ...{ verb: "delquota", path: pathFrom(path) },
      limits: flags.flatMap(([, , name]) => (given[name] === true ? [name] : [])),
    }),
  );
}

function ruledPath(text: string): string {
  const path = pathFrom(text);
  if (path === "/zookeeper" || path.startsWith("/zookeeper/"))
    throw new InvalidArgumentError(`${path} is ZooKeeper's own and has no quota`);
  return path;
}
