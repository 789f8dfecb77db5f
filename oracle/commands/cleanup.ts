/** Removes what a run has left on servers that others use: over plain connections, outside the comparison. */

import type { Client } from "../../src/protocol/client.ts";
import { connect } from "../../src/protocol/client.ts";
import { parentOf, quotaRoot } from "../../src/protocol/paths.ts";
import type { Endpoint } from "./servers.ts";

/** Deletes a subtree, children first. What may not be read or deleted stays. */
async function remove(client: Client, path: string): Promise<void> {
  const { body } = await client.call("getChildren", { path, watch: false });
  for (const name of body?.children ?? []) await remove(client, `${path}/${name}`);
  await client.call("delete", { path, version: -1 });
}

/** Deletes what is left of quotas that were set below paths which all have the same parent. */
async function removeQuotas(client: Client, paths: ReadonlySet<string>): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  const path = quotaRoot + parentOf(first);
  const { body } = await client.call("getChildren", { path, watch: false });
  for (const name of body?.children ?? [])
    if (paths.has(`${parentOf(first)}/${name}`)) await remove(client, `${path}/${name}`);
}

/** Removes roots from one server, as far as their access control lists let us. A server that is gone is left alone. */
export async function removeRoots(at: Endpoint, roots: readonly string[]): Promise<void> {
  const opened = await connect({ ...at, timeoutMs: 30_000, connectWaitMs: 5_000 });
  if (opened.is !== "granted") return;
  try {
    // A case's root lies two levels deep; the outer one takes it along.
    const outer = roots.map(parentOf);
    for (const path of outer) await remove(opened.client, path);
    await removeQuotas(opened.client, new Set(outer));
    await opened.client.call("closeSession", {});
  } catch {
    return; // the connection went away: nothing left to tidy up with
  } finally {
    opened.client.close();
  }
}
