/** Znodes that stand on every server before anybody creates one, and that no case has for itself. What is below them, and who may use them, others have
 *  decided before the run, or change while it lasts. */
import { quotaRoot } from "../../src/protocol/paths.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { Decoded } from "./decode.ts";

export const commonGround: ReadonlySet<string> = new Set(["/", "/zookeeper", quotaRoot]);

/** What is below them everywhere; ZooKeeper 3.4 has no `config`. Source: DataTree's constructor. */
const everywhere: ReadonlySet<unknown> = new Set(["zookeeper", "quota"]);

/** An answer about one of them, as far as it is the same whoever else uses the server. */
export function whatStays(answer: Decoded): Decoded {
  if (typeof answer.body !== "object" || answer.body === null) return answer;
  const { acl, children, stat } = answer.body as Record<string, unknown>;
  const body = {
    ...answer.body,
    ...(Array.isArray(acl) ? { acl: [] } : {}),
    ...(Array.isArray(children) ? { children: children.filter((name) => everywhere.has(name)) } : {}),
    ...(stat === undefined ? {} : { stat: steady(stat as Stat) }),
  };
  return { ...answer, body };
}

const steady = (stat: Stat): Stat => ({ ...stat, aversion: 0, cversion: 0, numChildren: 0, pzxid: stat.czxid });
