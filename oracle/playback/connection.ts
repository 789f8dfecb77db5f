/** One connection of a recording, played: frames out in their order, replies counted. */
import type { BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { Reader } from "../../src/jute/buffers.ts";
import { writeInt64 } from "../../src/jute/int64.ts";
import { opcodes, xids } from "../../src/protocol/opcodes.ts";
import { ChosenNames } from "../../src/recording/chosen-names.ts";
import type { Label } from "../crosscheck/options.ts";
import type { PlayedSession } from "./sessions.ts";

/** Opens a connection under a name in the journal. */
export type Door = (label: Label, hello: Hello, downstream: Downstream) => Promise<Opened>;

/** A moment, by our clock (ms) and in the recording (µs). */
export interface Moment {
  readonly atMs: number;
  readonly recordedAt: number;
}

/** What clients send to be heard of: a header alone. */
const ping = Buffer.alloc(8);
ping.writeInt32BE(xids.ping, 0);
ping.writeInt32BE(opcodes.ping.code, 4);

/** A request's body begins behind xid and opcode. */
const bodyAt = 8;

export class PlayedConnection {
  readonly session: PlayedSession;
  /** Requests without a reply. */
  unanswered = 0;
  /** Resolves when the handshake has been answered. */
  readonly opened: Promise<void>;
  #backend: BackendSession | undefined;
  readonly #chosen = new ChosenNames();
  /** Names that the server is to choose or has chosen, by the xid of their request. */
  readonly #names = new Map<number, PromiseWithResolvers<readonly string[]>>();
  /** When something was sent last: by our clock in ms, and in the recording in µs. */
  #lastSent: Moment;
  readonly #onReply: () => void;

  constructor(
    greeting: { readonly label: Label; readonly hello: Hello; readonly session: PlayedSession; readonly at: number },
    open: Door,
    onReply: () => void,
  ) {
    const { label, hello, session } = greeting;
    this.session = session;
    this.#lastSent = { atMs: performance.now(), recordedAt: greeting.at };
    this.#onReply = onReply;
    this.opened = open(label, hello, {
      send: (frame) => this.#receive(frame),
      // A client learns of it a moment later.
      end: () => setImmediate(() => this.hangUp()),
      queuedBytes: 0,
    }).then((opened) => {
      if (opened.is !== "granted") return;
      this.#backend = opened.session;
      session.granted = { ...opened.session.granted, passwd: Buffer.from(opened.session.granted.passwd ?? []) };
    });
  }

  /** Sends a request that was recorded at a time; answers whether there was a session to send it to. */
  send(recorded: Buffer, at: number): boolean {
    if (this.#backend === undefined) return false;
    const opcode = recorded.readInt32BE(4);
    const isRearming = opcode === opcodes.setWatches.code || opcode === opcodes.setWatches2.code;
    if (isRearming && recorded.length >= bodyAt + 8) {
      // Its first field is the newest zxid that the client has seen.
      writeInt64(recorded, bodyAt, this.session.lastZxid);
    }
    this.#submit(this.#backend, recorded, at);
    return true;
  }

  /** The names that were chosen for a request; none where it failed, or was not sent. */
  async namesFor(xid: number): Promise<readonly string[]> {
    const asked = this.#names.get(xid);
    const names = (await asked?.promise) ?? [];
    if (this.#names.get(xid) === asked) this.#names.delete(xid);
    return names;
  }

  /** Pings where the replay is so much slower than its speed that the session could expire of it: the recorded client would not have been silent for
   *  so long. `at` is the place in the recording that the replay should have reached by now, as far as it has. */
  keepAlive(at: number, speed: number): void {
    const quietMsMax = (this.session.granted?.timeOut ?? 0) / 3;
    const quietMs = performance.now() - this.#lastSent.atMs;
    const wasQuietMs = (at - this.#lastSent.recordedAt) / 1_000 / speed;
    if (this.#backend !== undefined && quietMs > quietMsMax && wasQuietMs < quietMsMax)
      this.#submit(this.#backend, Buffer.from(ping), this.#lastSent.recordedAt);
  }

  #submit(backend: BackendSession, frame: Buffer, recordedAt: number): void {
    this.unanswered++;
    this.#lastSent = { atMs: performance.now(), recordedAt };
    const xid = this.#chosen.asked(frame);
    if (xid !== undefined) {
      this.#names.get(xid)?.resolve([]);
      this.#names.set(xid, Promise.withResolvers());
    }
    backend.submit(frame);
  }

  /** Lets the connection go, as its client did, or because the server did. */
  hangUp(): void {
    const backend = this.#backend;
    this.#backend = undefined;
    this.unanswered = 0;
    for (const { resolve } of this.#names.values()) resolve([]);
    backend?.close("client");
    this.#onReply();
  }

  #receive(frame: Uint8Array): void {
    const chosen = this.#chosen.answered(frame);
    if (chosen !== undefined) this.#names.get(chosen.xid)?.resolve(chosen.paths);
    const reader = new Reader(frame);
    if (reader.remaining < 16 || reader.int() === xids.notification) return;
    const zxid = reader.long();
    if (zxid > 0) this.session.lastZxid = zxid;
    if (this.unanswered > 0) this.unanswered--;
    this.#onReply();
  }
}
