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
  readonly timing: Timing;
}

/** How long sessions live and how exactly that is counted, ms. */
export interface Timing {
  readonly tickMs: number;
  /** The timeouts that are granted: by default 2 to 20 ticks. */
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** Of the servers that are started here, unless they follow another. */
export const ourSetup: Setup = {
  allowsTtl: true,
  timing: { tickMs: 2_000, shortestMs: 4_000, longestMs: 40_000 },
};

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
  const allowsTtl = usual.told !== undefined && usual.told.header.err !== errorCodes.UNIMPLEMENTED;
  return { allowsTtl, timing: (await timingOf(granted)) ?? ourSetup.timing };
}

const mostMs = 2 ** 31 - 1;

/** The timing that explains which timeouts a server grants; undefined where none does, so that it must be wrong. */
export async function timingOf(
  granted: (timeoutMs: number) => Promise<number | undefined>,
): Promise<Timing | undefined> {
  const [shortestMs, longestMs] = [await granted(1), await granted(mostMs)];
  if (shortestMs === undefined || longestMs === undefined) return undefined;
  if (shortestMs <= 1 || longestMs === mostMs || longestMs < shortestMs) return undefined;
  const between = Math.ceil((shortestMs + longestMs) / 2);
  if ((await granted(between)) !== between) return undefined;
  // Two bounds that are set by hand say nothing of the tick.
  const isOfTicks = shortestMs % 2 === 0 && longestMs === shortestMs * 10;
  return { tickMs: isOfTicks ? shortestMs / 2 : ourSetup.timing.tickMs, shortestMs, longestMs };
}

/** How a private ZooKeeper is to be. */
export interface Wishes extends Partial<Setup> {
  /** How often it looks for containers and TTL znodes to remove, ms. Default: a ZooKeeper's. */
  readonly reapEveryMs?: number | undefined;
}

/** As it is wished, and otherwise as ours are. */
export const setupOf = ({ allowsTtl = ourSetup.allowsTtl, timing = ourSetup.timing }: Wishes): Setup => ({
  allowsTtl,
  timing,
});

/** A private ZooKeeper's options. */
export const optionsFor = (wishes: Wishes): ZooKeeperOptions => {
  const { allowsTtl, timing } = setupOf(wishes);
  const { config, ...rest } = forAnswersReaping(wishes.reapEveryMs);
  const timeouts = {
    tickTime: String(timing.tickMs),
    minSessionTimeout: String(timing.shortestMs),
    maxSessionTimeout: String(timing.longestMs),
  };
  return { ...rest, config: { ...config, extendedTypesEnabled: String(allowsTtl), ...timeouts } };
};
