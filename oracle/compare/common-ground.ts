/** Znodes that stand on every server before anybody creates one, and that no case has for itself. What is below them, and who may use them, others have
 *  decided before the run, or change while it lasts. */
import { quotaRoot } from "../../src/protocol/paths.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { Decoded } from "./decode.ts";

/** Names the members of the ensemble, with a version that counts their changes; empty in a server of its own. Source: ZKDatabase.initConfigInZKDatabase (3.8). */
const configNode = "/zookeeper/config";

export const commonGround: ReadonlySet<string> = new Set(["/", "/zookeeper", quotaRoot, configNode]);

/** What is below them everywhere; ZooKeeper 3.4 has no `config`. Source: DataTree's constructor. */
const everywhere: ReadonlySet<unknown> = new Set(["zookeeper", "quota"]);

/** An answer about one of them, as far as it is the same whoever else uses the server. */
export function whatStays(answer: Decoded, path: string | undefined): Decoded {
  if (typeof answer.body !== "object" || answer.body === null) return answer;
  const { acl, children, data, stat } = answer.body as Record<string, unknown>;
  const isConfig = path === configNode;
  const body = {
    ...answer.body,
    ...(Array.isArray(acl) ? { acl: [] } : {}),
    ...(Array.isArray(children) ? { children: children.filter((name) => everywhere.has(name)) } : {}),
    ...(data !== undefined && isConfig ? { data: null } : {}),
    ...(stat === undefined ? {} : { stat: isConfig ? unset(steady(stat as Stat)) : steady(stat as Stat) }),
  };
  return { ...answer, body };
}

const steady = (stat: Stat): Stat => ({ ...stat, aversion: 0, cversion: 0, numChildren: 0, pzxid: stat.czxid });

/** As if nobody had ever set its data. */
const unset = (stat: Stat): Stat => ({ ...stat, version: 0, dataLength: 0, mzxid: stat.czxid, mtime: stat.ctime });
