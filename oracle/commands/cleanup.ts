/** Removes what a run has left on servers that others use: over plain connections, outside the comparison. */
import { identities } from "../../scenarios/generate/values.ts";
import { type Client, connect, type Reply } from "../../src/protocol/client.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { type OpName, openAcl, type RequestOf } from "../../src/protocol/opcodes.ts";
import { parentOf, quotaRoot } from "../../src/protocol/paths.ts";
import type { Credential } from "../audit/audited.ts";
import type { ServerDescription } from "../journal.ts";
import type { Progress } from "./progress.ts";
import type { Contender, Endpoint } from "./servers.ts";

/** Whoever generated znodes were given to. */
const generated: readonly Credential[] = Object.values(identities).map(({ token }) => ({
  scheme: "digest",
  auth: Buffer.from(token),
}));

/** A server that has said nothing for so long is left alone, ms. */
const silenceMaxMs = 10_000;

/** How many roots are removed at the same time. */
const inFlight = 32;

/** How many paths are named of those that stay. */
const namedMax = 3;

/** Asks; where the list of `guard` forbids it, once more with that opened to everybody, as far as we may. */
async function insist<Op extends OpName>(
  client: Client,
  guard: string,
  op: Op,
  body: RequestOf<Op>,
): Promise<Reply<Op>> {
  const reply = await client.call(op, body);
  if (reply.header.err !== errorCodes.NOAUTH) return reply;
  const { header } = await client.call("setACL", { path: guard, acl: openAcl, version: -1 });
  return header.err === 0 ? client.call(op, body) : reply;
}

/** Deletes a subtree, children first. What may not be read or deleted stays. Answers whether nothing does. */
async function remove(client: Client, path: string): Promise<boolean> {
  const { body } = await insist(client, path, "getChildren", { path, watch: false });
  for (const name of body?.children ?? []) await remove(client, `${path}/${name}`);
  const { header } = await insist(client, parentOf(path), "delete", { path, version: -1 });
  return header.err === 0 || header.err === errorCodes.NONODE;
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

/** Removes roots from one server, as far as their access control lists let us; answers what stays. A server that is gone, or does not answer, is left
 *  alone. */
async function removeRoots(
  at: Endpoint,
  roots: readonly string[],
  credentials: readonly Credential[],
): Promise<string[]> {
  const staying: string[] = [];
  const opened = await connect({ ...at, timeoutMs: 30_000, connectWaitMs: 5_000, silenceMaxMs });
  if (opened.is !== "granted") return staying;
  const { client } = opened;
  try {
    for (const { scheme, auth } of [...generated, ...credentials]) await client.call("auth", { type: 0, scheme, auth });
    // A case's root lies two levels deep; the outer one takes it along.
    const outer = roots.map(parentOf);
    const left = outer.values();
    const removing = async () => {
      for (const path of left) if (!(await remove(client, path))) staying.push(path);
    };
    await Promise.all(Array.from({ length: inFlight }, removing));
    await removeQuotas(client, new Set(outer));
    await client.call("closeSession", {});
  } catch {
    // The connection went away: nothing left to tidy up with.
  } finally {
    client.close();
  }
  return staying;
}

/** Removes a run's roots from those of its servers that were given, and says what stays. */
export async function tidyUp(
  sides: readonly Contender[],
  how: { readonly roots: readonly string[]; readonly credential: Credential | undefined; readonly progress: Progress },
): Promise<void> {
  const given = sides.filter(({ isGiven }) => isGiven);
  const credentials = how.credential === undefined ? [] : [how.credential];
  await Promise.all(
    given.map(async ({ endpoint, description }) => {
      const staying = await removeRoots(endpoint, how.roots, credentials);
      if (staying.length > 0) how.progress.say(stayingText(description, staying));
    }),
  );
}

/** Generated lists forbid things to everybody, too. A zetcd in front of an etcd is our own, and has no super user. */
function stayingText({ name, address }: ServerDescription, paths: readonly string[]): string {
  const more = paths.length > namedMax ? ` and ${paths.length - namedMax} more` : "";
  const what = paths.length === 1 ? "a subtree" : `${paths.length} subtrees`;
  const told = `${name} ${address} keeps ${what} of this run, which access control lists protect: ${paths.slice(0, namedMax).join(", ")}${more}`;
  if (name !== "zookeeper") return told;
  return [
    told,
    `  a super user can remove them: bin/zkctl --endpoints ${address} --auth digest:super:SECRET deleteall PATH`,
    "  a run with --cleanup-auth digest:super:SECRET does so itself",
  ].join("\n");
}
