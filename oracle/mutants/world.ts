/** What a liar has seen of its server: enough to lie only in states that take several steps to reach. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import type { ConnectResponse } from "../../src/protocol/connect.ts";
import type { OpName } from "../../src/protocol/opcodes.ts";
import { parentOf } from "../../src/protocol/paths.ts";
import type { ReplyHeader } from "../../src/protocol/records.ts";
import { isCreate, isEphemeral, type Operation, type Request } from "../crosscheck/request.ts";

/** A path's past. It outlives the znode. */
export interface PathHistory {
  births: number;
  deaths: number;
  isAlive: boolean;
  /** Session of the ephemeral that lives or lived here. */
  owner: Int64 | undefined;
  /** Whether anybody ever asked for its deletion. */
  isCondemned: boolean;
  /** Who deleted it last; its owner when a session's end did. */
  deletedBy: Int64 | undefined;
  /** Header zxid of the last creation. */
  bornAt: Int64;
  /** Children that died, and of these the ephemerals that went with their session. */
  childDeaths: number;
  orphans: number;
  /** Whether a multi wrote it last. */
  isMultis: boolean;
  /** Whether the last request to write it was a multi, successful or not. */
  isTriedByMulti: boolean;
  /** Sessions that ever asked for a watch. */
  readonly watchers: Set<Int64>;
}

/** One operation that was answered: by itself or inside a multi. */
export interface Done {
  readonly operation: Operation;
  /** As the server made it. */
  readonly path: string;
  /** The result; undefined where there is none. */
  readonly body: Record<string, unknown> | undefined;
}

/** The operations of a request, each with its result. */
export const doneBy = (request: Request, body: unknown): Done[] =>
  (request.operations ?? []).map((operation, i) => {
    const own = Array.isArray(body) ? (body as SequenceItem[])[i]?.body : (body as Done["body"]);
    return { operation, path: String(own?.path ?? operation.fields.path), body: own };
  });

const readsWithWatch: readonly (OpName | undefined)[] = ["exists", "getData", "getChildren", "getChildren2"];

/** The histories of all paths, and of all sessions how often they were resumed. */
export class World {
  readonly #paths = new Map<string, PathHistory>();
  readonly #connections = new Map<Int64, number>();
  /** Connections that stand. */
  readonly #open = new Map<Int64, number>();
  /** When a session lost one of them last, our clock, ms. */
  readonly #leftAt = new Map<Int64, number>();
  readonly #grants = new Map<Int64, ConnectResponse>();
  /** When a session last asked for anything, our clock, ms. */
  readonly #askedAt = new Map<Int64, number>();
  /** The highest that any reply bore, as on the wire. */
  readonly zxid = Buffer.alloc(8);
  /** Sessions that asked for their end. */
  readonly closing = new Set<Int64>();

  /** A reply's header bore this. */
  sawZxid(zxid: Buffer): void {
    if (zxid.readBigInt64BE() > this.zxid.readBigInt64BE()) zxid.copy(this.zxid);
  }

  /** What is known of a path; a blank page when nothing is. */
  at(path: unknown): PathHistory {
    const key = String(path);
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const blank: PathHistory = {
      ...{ births: 0, deaths: 0, isAlive: false, owner: undefined, deletedBy: undefined, bornAt: 0 },
      ...{ childDeaths: 0, orphans: 0, isMultis: false, isTriedByMulti: false },
      ...{ isCondemned: false, watchers: new Set() },
    };
    this.#paths.set(key, blank);
    return blank;
  }

  /** The children that live below a path. */
  childrenOf(path: string): string[] {
    return [...this.#paths].flatMap(([one, { isAlive }]) => (isAlive && parentOf(one) === path ? [one] : []));
  }

  /** A session's ephemerals that another session deleted. */
  foreignDeaths(session: Int64): string[] {
    return [...this.#paths].flatMap(([path, { isAlive, owner, deletedBy }]) =>
      !isAlive && owner === session && deletedBy !== session ? [path] : [],
    );
  }

  /** What a session was granted first; undefined when none such is known. */
  firstGrant(session: Int64): ConnectResponse | undefined {
    return this.#grants.get(session);
  }

  /** A session was granted, for the first time or again. */
  granted(grant: ConnectResponse): void {
    if (this.#grants.has(grant.sessionId)) return;
    this.#grants.set(grant.sessionId, { ...grant, passwd: Buffer.from(grant.passwd ?? []) });
  }

  /** How many connections a session has had. */
  connectionsOf(session: Int64): number {
    return this.#connections.get(session) ?? 0;
  }

  /** A connection of a session; answers how many there were before. */
  connected(session: Int64): number {
    const before = this.#connections.get(session) ?? 0;
    this.#connections.set(session, before + 1);
    this.#open.set(session, (this.#open.get(session) ?? 0) + 1);
    return before;
  }

  /** A connection of a session is gone. */
  left(session: Int64): void {
    this.#open.set(session, (this.#open.get(session) ?? 0) - 1);
    this.#leftAt.set(session, Date.now());
  }

  /** How long nobody has been connected to a session, ms. */
  leftMs(session: Int64): number {
    return this.#open.get(session) === 0 ? Date.now() - (this.#leftAt.get(session) ?? Number.POSITIVE_INFINITY) : 0;
  }

  /** How long a session has asked for nothing, ms. */
  silentMs(session: Int64): number {
    return Date.now() - (this.#askedAt.get(session) ?? Number.POSITIVE_INFINITY);
  }

  /** A request on its way to the server. */
  asked({ op, operations }: Request, session: Int64): void {
    this.#askedAt.set(session, Date.now());
    if (op === "closeSession") this.closing.add(session);
    const [first] = operations ?? [];
    for (const { op: inner, fields } of operations ?? []) {
      if (!readsWithWatch.includes(inner)) this.at(fields.path).isTriedByMulti = op === "multi";
      if (inner === "delete") this.at(fields.path).isCondemned = true;
    }
    if (readsWithWatch.includes(op) && first?.fields.watch === true) this.at(first.fields.path).watchers.add(session);
  }

  /** A reply that came, as the server sent it. */
  answered(request: Request, { header, body, session }: { header: ReplyHeader; body: unknown; session: Int64 }): void {
    if (header.err !== 0) return;
    if (request.op === "closeSession") return this.#end(session);
    const isMulti = request.op === "multi";
    if (isMulti && Array.isArray(body) && (body as SequenceItem[]).some(({ header: { type } }) => type === -1)) return;
    for (const { operation, path } of doneBy(request, body)) {
      if (isCreate(operation.op)) this.#born(path, isEphemeral(operation) ? session : undefined, header.zxid);
      if (operation.op === "delete") this.#died(path, session);
      if (operation.op === "setData" || isCreate(operation.op)) this.at(path).isMultis = isMulti;
    }
  }

  #born(path: string, owner: Int64 | undefined, zxid: Int64): void {
    const page = this.at(path);
    page.births++;
    Object.assign(page, { isAlive: true, owner, bornAt: zxid });
  }

  #died(path: string, by: Int64): void {
    const page = this.at(path);
    page.deaths++;
    Object.assign(page, { isAlive: false, deletedBy: by });
    this.at(parentOf(path)).childDeaths++;
  }

  /** A session's ephemerals go with it. */
  #end(session: Int64): void {
    for (const [path, page] of this.#paths) {
      if (!page.isAlive || page.owner !== session) continue;
      this.#died(path, session);
      this.at(parentOf(path)).orphans++;
    }
  }
}
