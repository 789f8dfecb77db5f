/** Lets clients run freely against the candidate and writes down what they saw. Nobody waits for anybody else, and each keeps several requests under
 *  way; only the first calls, which make the root, and the last ones, which read everything once more, are alone. Now and then a client moves. */
import { randomBytes } from "node:crypto";
import type { Backend } from "../../src/backend.ts";
import { openAcl } from "../../src/protocol/opcodes.ts";
import { parentOf } from "../../src/protocol/paths.ts";
import { CandidateLost, Client } from "./client.ts";
import { certainOf, type History } from "./history.ts";
import { intents, moves, pathsBelow } from "./workload.ts";

/** How to drive. `servers` are doors to one and the same service; clients spread over them. */
export interface DrivePlan {
  readonly servers: readonly Backend[];
  readonly root: string;
  readonly seed: number;
  readonly clients: number;
  readonly operations: number;
  /** Requests that each client keeps under way. */
  readonly inFlight: number;
  readonly stop: AbortSignal;
  readonly progress: (answered: number) => void;
}

/** How long a reply may take before the run is given up, ms: longer than clients look for a server that gives their session back. */
const replyWaitMs = 45_000;

/** Throws {@link CandidateLost} when there is nothing to judge. */
export async function drive(plan: DrivePlan): Promise<History> {
  let sent = 0;
  const number = (): number => sent++;
  const clients: Client[] = [];
  const watchdog = new Watchdog(clients);
  try {
    for (let session = 1; session <= plan.clients; session++) {
      clients.push(await Client.open({ session, servers: plan.servers, number }));
      watchdog.fed();
    }
    await begin(clients, plan.root);
    const each = Math.max(1, Math.ceil(plan.operations / clients.length));
    let answered = 0;
    const onAnswer = (): void => {
      watchdog.fed();
      plan.progress(++answered);
    };
    await Promise.all(
      clients.map((client, index) => runFreely(client, { plan, seed: plan.seed + index, each, onAnswer })),
    );
    await finish(clients, plan.root);
  } finally {
    watchdog.stop();
    for (const client of clients) client.close();
  }
  const lanes = clients.map(({ heard }) => heard);
  const unanswered = clients.flatMap((client) => client.unanswered);
  const writesMs = unanswered.filter(({ isWrite }) => isWrite).map(({ invokedMs }) => invokedMs);
  return { lanes, unanswered: unanswered.length, certainTo: certainOf(lanes, writesMs) };
}

/** Ends everything when the candidate has stopped answering: what is still under way stays without an answer. */
class Watchdog {
  readonly #clients: readonly Client[];
  #timer: NodeJS.Timeout;

  constructor(clients: readonly Client[]) {
    this.#clients = clients;
    this.#timer = this.#start();
  }

  fed(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      for (const client of this.#clients) client.close();
    }, replyWaitMs);
  }
}

/** The root lies in a znode of its own, which a later cleaning takes away whole. */
async function begin([first]: readonly Client[], root: string): Promise<void> {
  for (const path of [parentOf(root), root]) {
    const isThere = await first?.call({
      op: "create",
      path,
      body: { path, data: randomBytes(4), acl: openAcl, flags: 0 },
    });
    if (!isThere) throw new CandidateLost("the candidate does not answer");
  }
}

async function runFreely(
  client: Client,
  how: { plan: DrivePlan; seed: number; each: number; onAnswer: () => void },
): Promise<void> {
  const movesFirst = moves(how.seed, how.each);
  const waiting = intents(how.plan.root, how.seed, how.each).entries();
  const worker = async (): Promise<void> => {
    for (const [index, next] of waiting) {
      if (how.plan.stop.aborted || client.hasEnded) return;
      if (movesFirst[index]) await client.move();
      if (await client.call(next)) how.onAnswer();
    }
  };
  await Promise.all(Array.from({ length: how.plan.inFlight }, worker));
}

/** Behind this, every event of what went before has come; then one client looks at what is left. */
async function finish(clients: readonly Client[], root: string): Promise<void> {
  await Promise.all(clients.map((client) => client.call({ op: "sync", path: root, body: { path: root } })));
  await Promise.all(
    clients.map((client) => client.call({ op: "exists", path: root, body: { path: root, watch: false } })),
  );
  const first = clients.find(({ hasEnded }) => !hasEnded);
  for (const path of [root, ...pathsBelow(root)]) {
    await first?.call({ op: "getData", path, body: { path, watch: false } });
    await first?.call({ op: "getChildren2", path, body: { path, watch: false } });
  }
}
