/** The behaviour table: operation by Stat field, for one server or for two side by side. */
import type { Backend } from "../../src/backend.ts";
import type { Reply } from "../../src/protocol/client.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { type OpName, permBits } from "../../src/protocol/opcodes.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { BehaviourRow, BehaviourTable, ServerDescription } from "../journal.ts";
import { Caller, NoAnswer } from "./caller.ts";
import { changeOf, statFields } from "./change.ts";
import { type Place, type Probe, probes } from "./probes.ts";

/** One server, and below which znode ("" or like `/a`) the probes stay. */
export interface Probed {
  readonly backend: Backend;
  readonly description: ServerDescription;
  readonly chroot: string;
}

/** One operation on one server. */
interface Outcome {
  readonly result: string;
  readonly node: readonly string[];
  readonly parent: readonly string[];
}

/** Whether the servers agree on a row. */
export const rowDiffers = ({ result, cells }: BehaviourRow): boolean =>
  [result, ...cells].some((words) => words.some((word) => word !== words[0]));

/** Whether every operation was tried on every server: silence on both sides is no agreement. */
export const isWhole = ({ rows }: BehaviourTable): boolean =>
  rows.every(({ result }) => result.every((word) => word !== untried.result && word !== noSession));

/** Probes all servers at the same time. `limitMs` bounds it: operations not reached by then are `not tried`. Leaves nothing behind on a server that
 *  keeps its connection. */
export async function behaviourOf(servers: readonly Probed[], limitMs = 20_000): Promise<BehaviourTable> {
  const deadline = performance.now() + limitMs;
  const columns = await Promise.all(servers.map((server) => new Prober(server, deadline).run()));
  const words = (at: number, pick: (outcome: Outcome) => string): string[] =>
    columns.map((column) => pick(column[at] ?? untried));
  const rows = probes.flatMap(({ operation }, at) =>
    (["node", "parent"] as const).map((on) => ({
      operation,
      on,
      result: words(at, ({ result }) => result),
      cells: statFields.map((_, field) => words(at, (outcome) => outcome[on][field] ?? "unknown")),
    })),
  );
  return { servers: servers.map(({ description }) => description), fields: statFields, rows };
}

const unknown: readonly string[] = statFields.map(() => "unknown");
const untried: Outcome = { result: "not tried", node: unknown, parent: unknown };
/** The result of operations on a server that grants no session. */
const noSession = "no session";
const acl = [{ perms: permBits.all, id: { scheme: "world", id: "anyone" } }];

/** So long the clock of a server may stand still, ms: mtime must be seen to move. */
const tickMs = 3;

/** Roots are unique among the runs that share a server. */
let lastRoot = 0;

/** One server's column. */
class Prober {
  readonly #server: Probed;
  readonly #deadline: number;
  readonly #root: string;
  #caller: Caller | undefined;

  constructor(server: Probed, deadline: number) {
    this.#server = server;
    this.#deadline = deadline;
    lastRoot++;
    this.#root = `${server.chroot}/x${Date.now().toString(36)}-table${lastRoot}`;
  }

  async run(): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const [at, probe] of probes.entries()) {
      if (performance.now() > this.#deadline) break;
      outcomes.push(await this.#probe(probe, at));
    }
    await this.#tidy().catch(forgive);
    await this.#caller?.close();
    return outcomes;
  }

  /** The session; a new one where the last probe cost it. */
  async #open(): Promise<Caller> {
    if (this.#caller?.hasEnded === false) return this.#caller;
    this.#caller = await Caller.open(this.#server.backend);
    if (this.#caller === undefined) throw new NoAnswer(noSession);
    await this.#caller.call("create", { path: this.#root, data: null, acl, flags: 0 });
    return this.#caller;
  }

  async #probe(probe: Probe, at: number): Promise<Outcome> {
    const parent = `${this.#root}/${at}`;
    const place = { parent, node: `${parent}/n`, child: `${parent}/n/c` };
    try {
      const own = await this.#open();
      const other = probe.by === "other" ? await Caller.open(this.#server.backend) : own;
      if (other === undefined) throw new NoAnswer(noSession);
      try {
        return await this.#observe(probe, place, own, other);
      } finally {
        if (other !== own) await other.close();
      }
    } catch (cause) {
      return { ...untried, result: forgive(cause) };
    }
  }

  /** Prepares, looks, acts, looks again. */
  async #observe(probe: Probe, place: Place, own: Caller, by: Caller): Promise<Outcome> {
    await own.call("create", { path: place.parent, data: null, acl, flags: 0 });
    await Promise.all(probe.prepare.map((ask) => ask(by, place)));
    await new Promise((resolve) => setTimeout(resolve, tickMs));
    const before = await Promise.all([statOf(own, place.node), statOf(own, place.parent)]);
    const reply = await probe.act(by, place);
    const made = reply.header.err === 0 ? pathIn(reply) : undefined;
    const isChild = made === place.child;
    const after = await Promise.all([
      statOf(own, made === undefined || isChild ? place.node : made),
      statOf(own, place.parent),
    ]);
    const occasion = { zxid: reply.header.zxid, sessionId: by.sessionId, nowMs: Date.now() };
    return {
      result: resultOf(reply),
      node: changeOf(before[0], after[0], occasion),
      parent: changeOf(before[1], after[1], occasion),
    };
  }

  /** Removes everything below the root, level by level, each level at once. */
  async #tidy(): Promise<void> {
    const caller = await this.#open();
    const levels: string[][] = [[this.#root]];
    for (let level = levels[0]; level !== undefined && level.length > 0; ) {
      const lists = await Promise.all(
        level.map(async (path) => {
          const { body } = await caller.call("getChildren", { path, watch: false });
          return (body?.children ?? []).map((name) => `${path}/${name}`);
        }),
      );
      level = lists.flat();
      levels.unshift(level);
    }
    for (const level of levels) await Promise.all(level.map((path) => caller.call("delete", { path, version: -1 })));
  }
}

/** What a silent server is called; anything but silence is a fault of ours. */
function forgive(cause: unknown): string {
  if (cause instanceof NoAnswer) return cause.message;
  throw cause;
}

async function statOf(caller: Caller, path: string): Promise<Stat | undefined> {
  const { body } = await caller.call("exists", { path, watch: false });
  return body?.stat;
}

/** The name that a create was given. */
function pathIn({ body }: Reply<OpName>): string | undefined {
  return body !== null && "path" in body && typeof body.path === "string" ? body.path : undefined;
}

/** `OK`, an error's name, or the codes of a failed multi's operations. */
function resultOf({ header, body }: Reply<OpName>): string {
  if (header.err !== 0 || !Array.isArray(body)) return errorName(header.err);
  const codes = body.map((item) => (typeof item.body.err === "number" ? item.body.err : 0));
  return codes.every((code) => code === 0) ? "OK" : codes.map(errorName).join(" ");
}
