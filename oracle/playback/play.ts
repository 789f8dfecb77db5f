/** Plays a recording: its connections, handshakes and requests again, in the order in which they came, and at their distances in time. */
import { setTimeout as sleep } from "node:timers/promises";
import { opcodes } from "../../src/protocol/opcodes.ts";
import type { FrameEvent, OpenEvent, RecordingEvent } from "../../src/recording/format.ts";
import { type Door, type Moment, PlayedConnection } from "./connection.ts";
import { PlayedNames } from "./names.ts";
import { PlayedSessions } from "./sessions.ts";

/** How a recording is played. */
export interface Playback {
  readonly open: Door;
  /** The case of all its connections in the journal. */
  readonly name: string;
  /** How many times as fast as it was recorded; `Infinity` without any pause. */
  readonly speed: number;
  /** Connections whose sessions are older than the recording. */
  readonly fromBefore: ReadonlySet<number>;
  readonly stop: AbortSignal;
  progress(sent: number): void;
}

/** What came of it. `unsent` counts requests for which there was no session; `refused` handshakes that got none although the recording did. */
export interface Played {
  readonly sent: number;
  readonly unsent: number;
  readonly refused: number;
  /** Connections that were open at the end of the recording, and still are. */
  readonly left: readonly PlayedConnection[];
}

/** Requests under way at a time, how long they are waited for before others join them all the same, and how often sessions are looked after, ms. */
export const playbackLimits = { underWayMax: 256, replyWaitMs: 12_000, keepAliveMs: 250 } as const;

/** Plays all of it, or until told to stop. Each event waits for those before it: a handshake for its answer before anything that was recorded after
 *  that, the end of a session or of a connection for the replies of all others: events on their way to it would be lost on one server and not on the
 *  other. Throws `BadRecording`. */
export async function play(events: AsyncIterable<RecordingEvent>, playback: Playback): Promise<Played> {
  const player = new Player(playback);
  const timer = setInterval(() => player.keepAlive(), playbackLimits.keepAliveMs);
  try {
    for await (const event of events) {
      if (event.event === "gap" || event.event === "end") continue;
      await player.until(event.at);
      if (playback.stop.aborted) break;
      await player.take(event);
    }
    return await player.finish();
  } finally {
    clearInterval(timer);
  }
}

class Player {
  readonly #playback: Playback;
  readonly #sessions: PlayedSessions;
  readonly #names = new PlayedNames();
  readonly #connections = new Map<number, PlayedConnection>();
  readonly #counts = { sent: 0, unsent: 0, refused: 0 };
  #start: Moment | undefined;
  /** Where in the recording the replay is, µs. */
  #place = 0;
  #onReply: () => void = () => undefined;

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#sessions = new PlayedSessions(playback.fromBefore);
  }

  /** Resolves when it is time for what was recorded at this moment (µs). */
  async until(recordedAt: number): Promise<void> {
    const { speed, stop } = this.#playback;
    this.#place = recordedAt;
    if (speed === Number.POSITIVE_INFINITY) return;
    this.#start ??= { atMs: performance.now(), recordedAt };
    const dueMs = this.#start.atMs + (recordedAt - this.#start.recordedAt) / 1_000 / speed;
    const waitMs = dueMs - performance.now();
    if (waitMs >= 1) await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined); // told to stop
  }

  /** Sessions must not expire because the replay is late. */
  keepAlive(): void {
    const { speed } = this.#playback;
    const passedMs = performance.now() - (this.#start?.atMs ?? 0);
    const due = this.#start === undefined ? this.#place : this.#start.recordedAt + passedMs * 1_000 * speed;
    for (const connection of this.#connections.values()) connection.keepAlive(Math.min(due, this.#place), speed);
  }

  async take(event: Exclude<RecordingEvent, { event: "gap" | "end" }>): Promise<void> {
    if (event.event === "open") return this.#open(event);
    const connection = this.#connections.get(event.on);
    await connection?.opened;
    switch (event.event) {
      case "granted":
        if (connection === undefined) return;
        if (connection.session.granted === undefined) this.#counts.refused++;
        return this.#sessions.add(event, connection.session);
      case "frame":
        return this.#send(event, connection);
      case "named":
        return this.#names.expect(event.paths, connection?.namesFor(event.xid) ?? Promise.resolve([]));
      case "close":
        if (connection === undefined) return;
        await this.#answered(() => this.#underWay() === 0);
        connection.hangUp();
        this.#connections.delete(event.on);
    }
  }

  /** Waits for the last replies. */
  async finish(): Promise<Played> {
    const left = [...this.#connections.values()];
    await Promise.all(left.map(({ opened }) => opened));
    await this.#answered(() => left.every(({ unanswered }) => unanswered === 0));
    return { ...this.#counts, left };
  }

  #open(event: OpenEvent): void {
    const { open, name } = this.#playback;
    const { session, hello } = this.#sessions.hello(event);
    const label = { case: name, session: session.name };
    const connection = new PlayedConnection({ label, hello, session, at: event.at }, open, () => this.#onReply());
    this.#connections.set(event.on, connection);
  }

  async #send({ frame, at }: FrameEvent, connection: PlayedConnection | undefined): Promise<void> {
    const { underWayMax } = playbackLimits;
    if (this.#underWay() >= underWayMax) await this.#answered(() => this.#underWay() < underWayMax / 2);
    const own = Buffer.from(frame, "base64");
    if (own.readInt32BE(4) === opcodes.closeSession.code) await this.#answered(() => this.#underWay() === 0);
    await this.#inTime(this.#names.translate(own));
    if (connection?.send(own, at) !== true) this.#counts.unsent++;
    else this.#playback.progress(++this.#counts.sent);
  }

  /** Waits no longer than for any reply. */
  async #inTime(work: Promise<void> | undefined): Promise<void> {
    if (work === undefined) return;
    const done = new AbortController();
    const tooLong = sleep(playbackLimits.replyWaitMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([work, tooLong]);
    done.abort();
  }

  #underWay(): number {
    let sum = 0;
    for (const { unanswered } of this.#connections.values()) sum += unanswered;
    return sum;
  }

  /** Waits for replies; those that do not come in time are not waited for again. */
  async #answered(isEnough: () => boolean): Promise<void> {
    if (isEnough()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onReply = () => {
      if (isEnough()) resolve();
    };
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.unanswered = 0;
      resolve();
    }, playbackLimits.replyWaitMs);
    await promise;
    clearTimeout(timer);
    this.#onReply = () => undefined;
  }
}
