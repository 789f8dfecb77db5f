/** The machinery of mutants: a backend whose frames pass through a lie. Everything that the lie does not touch stays byte for byte. */
import type { Backend, BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { Reader, Writer } from "../../src/jute/buffers.ts";
import { write } from "../../src/jute/codec.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import type { SequenceItem } from "../../src/jute/kinds.ts";
import { xids } from "../../src/protocol/opcodes.ts";
import { ReplyHeader, type Stat, WatcherEvent } from "../../src/protocol/records.ts";
import { decodeAnswer, decodeEvent, isEvent } from "../compare/decode.ts";
import { parseRequest, type Request } from "../crosscheck/request.ts";
import { World } from "./world.ts";

/** Who is lied to, and what is known. */
export interface Situation {
  /** One connection's memory, for lies that need some. */
  readonly memory: Map<string, unknown>;
  /** What all connections have seen together. */
  readonly world: World;
  readonly session: Int64;
  /** Connections that the session had before this one. */
  readonly resumes: number;
}

/** A reply that may be changed in place. `body` is a record or a list of results; undefined when the reply has none. */
export interface LyingReply extends Situation {
  readonly request: Request;
  readonly header: ReplyHeader;
  readonly body: Record<string, unknown> | SequenceItem[] | undefined;
}

/** Where a lie may take hold of one connection; each part is optional in effect: the default passes everything on. */
export interface Lie {
  /** Changes a decoded reply in place. `drop` swallows it, `hangUp` closes the connection instead. */
  reply?(reply: LyingReply): "drop" | "hangUp" | undefined;
  /** Changes an encoded reply, behind `reply`. */
  frame?(frame: Buffer, request: Request, situation: Situation): Buffer;
  /** What goes out instead of an event, at once and behind the next reply. */
  event?(event: WatcherEvent, situation: Situation): { now: WatcherEvent[]; later?: WatcherEvent[] };
  /** What is asked instead; `undefined` swallows the request, which is then answered in its turn with `OK` and no body; `later` lets what was sent in
   *  the same breath go first. `isBusy`: earlier requests of the connection have no answer yet. */
  request?(request: Request, situation: Situation, isBusy: boolean): Buffer | "later" | undefined;
  /** Changes the handshake's question. */
  hello?(hello: Hello, world: World): Hello;
  /** Whether the client is kept from noticing that the server has hung up. */
  muffles?(situation: Situation): boolean;
  /** Changes the handshake's answer. */
  opened?(raw: Buffer, situation: Situation): Buffer;
}

/** Puts a lie in front of a backend. */
export function lying(backend: Backend, name: string, lie: Lie): Backend {
  const world = new World();
  return {
    ...backend,
    name: `${backend.name} (${name})`,
    status: () => backend.status(),
    list: () => backend.list(),
    close: () => backend.close(),
    open: async (hello, downstream): Promise<Opened> => {
      const mouth = new Mouth(downstream, lie, world);
      return mouth.speakFor(await backend.open(lie.hello?.(hello, world) ?? hello, mouth));
    },
  };
}

/** One connection of a liar. */
class Mouth implements Downstream, BackendSession {
  readonly #client: Downstream;
  readonly #lie: Lie;
  readonly #asked: Request[] = [];
  /** Swallowed requests, and what was asked last before each. */
  readonly #swallowed: { readonly request: Request; readonly behind: Request | undefined }[] = [];
  readonly #world: World;
  #situation: Situation;
  #later: WatcherEvent[] = [];
  #server: BackendSession | undefined;
  /** Either end has hung up. */
  #hasLeft = false;

  constructor(client: Downstream, lie: Lie, world: World) {
    this.#client = client;
    this.#lie = lie;
    this.#world = world;
    this.#situation = { memory: new Map(), world, session: 0, resumes: 0 };
  }

  get queuedBytes(): number {
    return this.#client.queuedBytes;
  }

  get granted(): BackendSession["granted"] {
    if (this.#server === undefined) throw new Error("no session was granted");
    return this.#server.granted;
  }

  speakFor(opened: Opened): Opened {
    if (opened.is === "closed") return opened;
    if (opened.is === "granted") {
      this.#server = opened.session;
      const { sessionId: session } = this.granted;
      this.#world.granted(this.granted);
      this.#situation = { ...this.#situation, session, resumes: this.#world.connected(session) };
    }
    const raw = this.#lie.opened?.(Buffer.from(opened.raw), this.#situation) ?? opened.raw;
    return opened.is === "granted" ? { ...opened, raw, session: this } : { ...opened, raw };
  }

  submit(frame: Buffer): void {
    const request = parseRequest(frame);
    this.#world.asked(request, this.#situation.session);
    const isBusy = this.#asked.length > 0;
    const asked = this.#lie.request === undefined ? frame : this.#lie.request(request, this.#situation, isBusy);
    if (asked === "later") return void setImmediate(() => this.#ask(request, frame));
    if (asked !== undefined) return this.#ask(request, asked);
    this.#swallowed.push({ request, behind: this.#asked.at(-1) });
    this.#answerSwallowed();
  }

  #answerSwallowed(): void {
    for (;;) {
      const [first] = this.#swallowed;
      if (first === undefined || (first.behind !== undefined && this.#asked.includes(first.behind))) return;
      this.#swallowed.shift();
      const answer = Buffer.alloc(16);
      answer.writeInt32BE(first.request.replyXid, 0);
      this.#world.zxid.copy(answer, 4);
      this.#client.send(answer);
      if (first.request.op === "closeSession") this.end();
    }
  }

  #ask(request: Request, frame: Buffer): void {
    this.#asked.push(request);
    this.#server?.submit(frame);
  }

  close(why: Parameters<BackendSession["close"]>[0]): void {
    this.#leave();
    this.#server?.close(why);
  }

  end(): void {
    this.#leave();
    if (this.#lie.muffles?.(this.#situation) !== true) this.#client.end();
  }

  #leave(): void {
    if (this.#server !== undefined && !this.#hasLeft) this.#world.left(this.#situation.session);
    this.#hasLeft = true;
  }

  send(bytes: Uint8Array): void {
    const frame = Buffer.from(bytes);
    const xid = new Reader(frame).int();
    const at = this.#asked.findIndex(({ replyXid }) => replyXid === xid);
    if (xid === xids.notification && (at < 0 || isEvent(frame))) return this.#tellEvent(frame);
    const [request] = at < 0 ? [] : this.#asked.splice(at, 1);
    if (request === undefined) return this.#client.send(frame);
    this.#world.sawZxid(frame.subarray(4, 12));
    this.#tellReply(request, frame);
    for (const event of this.#later.splice(0)) this.#client.send(encodeEvent(event, frame));
    this.#answerSwallowed();
  }

  #tellReply(request: Request, frame: Buffer): void {
    const told = this.#changed(request, frame);
    if (told === "hangUp") return this.end();
    if (told !== "drop") this.#client.send(this.#lie.frame?.(told, request, this.#situation) ?? told);
  }

  #changed(request: Request, frame: Buffer): Buffer | "drop" | "hangUp" {
    const { header, schema, body, malformed } = decodeAnswer(request.op, frame);
    if (header === undefined || malformed !== undefined) return frame;
    this.#world.answered(request, { header, body, session: this.#situation.session });
    if (this.#lie.reply === undefined) return frame;
    const outcome = this.#lie.reply({ ...this.#situation, request, header, body: body as LyingReply["body"] });
    if (outcome !== undefined) return outcome;
    const writer = new Writer(frame.length + 64);
    write(ReplyHeader, writer, header);
    if (schema !== undefined && body !== undefined) write(schema, writer, body as never);
    return writer.copy();
  }

  #tellEvent(frame: Buffer): void {
    const event = decodeEvent(frame).body as WatcherEvent | undefined;
    if (event === undefined || this.#lie.event === undefined) return this.#client.send(frame);
    const { now, later = [] } = this.#lie.event(event, this.#situation);
    for (const one of now) this.#client.send(encodeEvent(one, frame));
    this.#later.push(...later);
  }
}

/** An event under another frame's zxid, if that frame is an event too; −1 otherwise. */
function encodeEvent(event: WatcherEvent, like: Buffer): Buffer {
  const header = new Writer(64);
  const isLikeEvent = like.readInt32BE(0) === xids.notification;
  header.int(xids.notification);
  header.raw(isLikeEvent ? like.subarray(4, 12) : Buffer.alloc(8, 0xff));
  header.int(0);
  write(WatcherEvent, header, event);
  return header.copy();
}

/** A reply's body, unless it has none or is a list of results. */
export const asRecord = (body: LyingReply["body"]): Record<string, unknown> | undefined =>
  Array.isArray(body) ? undefined : body;

/** What a reply looks like that has nothing but a header. */
export function bareError(frame: Buffer, code: number): Buffer {
  const bare = Buffer.from(frame.subarray(0, 16));
  bare.writeInt32BE(code, 12);
  return bare;
}

/** Which one of its kind this is on one connection, from 1. */
export function nth(memory: Situation["memory"], what: string): number {
  const count = Number(memory.get(what) ?? 0) + 1;
  memory.set(what, count);
  return count;
}

/** Every Stat in a reply, those of a multi's results included. */
export function statsIn(body: LyingReply["body"]): Stat[] {
  if (body === undefined) return [];
  const records = Array.isArray(body) ? body.map((item) => item.body) : [body];
  return records.flatMap((one) => ("stat" in one ? [one.stat as Stat] : []));
}
