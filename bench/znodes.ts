/** Sessions and znodes that a measurement needs around it. */
import { ServerFailed } from "../oracle/servers/process.ts";
import type { HostPort } from "../src/addresses.ts";
import { type Client, type ClientOptions, connect } from "../src/protocol/client.ts";
import { openAcl } from "../src/protocol/opcodes.ts";
import type { Contender } from "./contenders.ts";

/** NODEEXISTS. */
const exists = -110;

/** Opens a session. Throws {@link ServerFailed} when none is granted. */
export async function openSession(
  at: HostPort,
  options: Partial<Pick<ClientOptions, "timeoutMs" | "onFrame" | "onClose">> = {},
): Promise<Client> {
  const outcome = await connect({ ...at, timeoutMs: 10_000, connectWaitMs: 10_000, ...options });
  if (outcome.is !== "granted") throw new ServerFailed(`${at.host}:${at.port} grants no session (${outcome.is})`);
  return outcome.client;
}

/** Opens a session, does something with it, and closes it. */
export async function withSession<T>(at: HostPort, act: (client: Client) => Promise<T>): Promise<T> {
  const client = await openSession(at);
  try {
    return await act(client);
  } finally {
    await client.call("closeSession", {});
    client.close();
  }
}

/** Creates znodes, parents first; those that are there already stay. Afterwards all addresses know them. Throws {@link ServerFailed}. */
export async function createZnodes({ name, addresses }: Contender, paths: readonly string[]): Promise<void> {
  const data = Buffer.from("12345678");
  const [first, ...others] = addresses;
  await withSession(first, async (client) => {
    const replies = await Promise.all(
      paths.map((path) => client.call("create", { path, data, acl: openAcl, flags: 0 })),
    );
    for (const [i, { header }] of replies.entries())
      if (header.err !== 0 && header.err !== exists)
        throw new ServerFailed(`${name} answers ${header.err} to create ${paths[i]}`);
  });
  for (const other of others) await withSession(other, (client) => client.call("sync", { path: "/" }));
}
