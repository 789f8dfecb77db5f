/** How somebody else's server is configured, as far as that shows from outside, and how ours are told to be like it: a difference in configuration is no
 *  fault of either. */
import { type ClientOptions, type ClientOutcome, connect } from "../../src/protocol/client.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { createFlags, openAcl } from "../../src/protocol/opcodes.ts";
import { ServerFailed } from "../servers/process.ts";
import { forAnswersReaping, type ZooKeeperOptions } from "../servers/zookeeper.ts";

/** What differs between ZooKeepers that are both right. */
export interface Setup {
  /** Whether TTL znodes can be created (`extendedTypesEnabled`). */
  readonly allowsTtl: boolean;
  /** The tick, ms: sessions live for 2 to 20 of them, unless somebody says otherwise. */
  readonly tickMs: number;
}

/** Of the servers that are started here, unless they follow another. */
export const ourSetup: Setup = { allowsTtl: true, tickMs: 2_000 };

/** How long a server that somebody else runs may take for a handshake, and for an answer, ms. */
export const patience = { connectWaitMs: 5_000, silenceMaxMs: 5_000 } as const;

type Address = Pick<ClientOptions, "host" | "port">;

/** Asks one thing in a session of its own; undefined where none is given. */
async function inSession<T>(
  at: Address,
  timeoutMs: number,
  ask: (client: Extract<ClientOutcome, { is: "granted" }>["client"]) => T | Promise<T>,
): Promise<{ readonly told: T } | Exclude<ClientOutcome, { is: "granted" }>> {
  const opened = await connect({ ...at, timeoutMs, ...patience });
  if (opened.is !== "granted") return opened;
  const { client } = opened;
  const told = await ask(client);
  await client.call("closeSession", {}).catch(() => undefined); // the session ends by its timeout then
  client.close();
  return { told };
}

/** Asks a server for its configuration. Throws {@link ServerFailed}, which names it by `flag`, when it gives no session. */
export async function acquaintance({ host, port }: Address, flag: string): Promise<Setup> {
  const at = { host, port };
  // Nothing is created at a path that is none, but whether TTLs are allowed is checked first. Source: PrepRequestProcessor.pRequest2TxnCreate (3.8).
  const wrong = { path: "ttl", data: null, acl: openAcl, flags: createFlags.persistentTTL, ttl: 1_000 };
  const usual = await inSession(at, 4_000, (client) => client.call("createTTL", wrong).catch(() => undefined)); // some hang up on what they do not know
  if (!("told" in usual)) {
    const why = usual.is === "refused" ? "it refuses a new session" : usual.reason;
    throw new ServerFailed(`${flag}: no ZooKeeper answers at ${host}:${port} (${why})`);
  }
  const granted = async (timeoutMs: number) => {
    const session = await inSession(at, timeoutMs, (client) => client.granted.timeOut);
    return "told" in session ? session.told : undefined;
  };
  const [shortest, longest] = [await granted(1), await granted(2 ** 31 - 1)];
  const allowsTtl = usual.told !== undefined && usual.told.header.err !== errorCodes.UNIMPLEMENTED;
  return { allowsTtl, tickMs: tickOf(shortest, longest) ?? ourSetup.tickMs };
}

/** The tick that explains the shortest and the longest timeout that a server grants, ms; undefined where none does: it may be set to others, or wrong. */
export const tickOf = (shortest: number | undefined, longest: number | undefined): number | undefined =>
  shortest !== undefined && shortest >= 2 && shortest % 2 === 0 && longest === shortest * 10 ? shortest / 2 : undefined;

/** How a private ZooKeeper is to be. */
export interface Wishes extends Partial<Setup> {
  /** How often it looks for containers and TTL znodes to remove, ms. Default: a ZooKeeper's. */
  readonly reapEveryMs?: number | undefined;
}

/** As it is wished, and otherwise as ours are. */
export const setupOf = ({ allowsTtl = ourSetup.allowsTtl, tickMs = ourSetup.tickMs }: Wishes): Setup => ({
  allowsTtl,
  tickMs,
});

/** A private ZooKeeper's options. */
export const optionsFor = (wishes: Wishes): ZooKeeperOptions => {
  const { allowsTtl, tickMs } = setupOf(wishes);
  const { config, ...rest } = forAnswersReaping(wishes.reapEveryMs);
  return { ...rest, config: { ...config, extendedTypesEnabled: String(allowsTtl), tickTime: String(tickMs) } };
};
