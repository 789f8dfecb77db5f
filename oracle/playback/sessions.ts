/** Sessions of a recording and what stands for them when it is played: other ids, other passwords, other zxids. */
import type { Hello } from "../../src/backend.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import type { ConnectResponse } from "../../src/protocol/connect.ts";
import { passwordBytes } from "../../src/protocol/connect.ts";
import type { GrantedEvent, OpenEvent } from "../../src/recording/format.ts";
import { helloIn } from "../../src/recording/read.ts";
import { rewriteHello } from "../crosscheck/sessions.ts";

/** A session, over all its connections. */
export interface PlayedSession {
  /** The same for all its connections: what the journal calls it. */
  readonly name: string;
  /** Its password as the recording shows it, in base64; a handshake that shows another one was refused, and must be again. */
  recordedPasswd: string;
  granted: ConnectResponse | undefined;
  /** The newest zxid that its client has read in a reply. */
  lastZxid: Int64;
}

/** Where clients of a recording seem to come from. */
const peer = { address: "127.0.0.1", port: 1 } as const;

/** Finds the session that a recorded handshake means. */
export class PlayedSessions {
  readonly #fromBefore: ReadonlySet<number>;
  readonly #byRecordedId = new Map<string, PlayedSession>();

  /** `fromBefore`: connections that took up a session which the recording did not see made. They get a new one in its place. */
  constructor(fromBefore: ReadonlySet<number>) {
    this.#fromBefore = fromBefore;
  }

  /** The handshake to send for a recorded one, and the session that it is about, if that is known. Throws `BadRecording`. */
  hello(open: OpenEvent): { readonly session: PlayedSession; readonly hello: Hello } {
    const request = helloIn(open);
    const recorded: Hello = { request, raw: Buffer.from(open.frame, "base64"), peer };
    const known = request.sessionId === 0 ? undefined : this.#byRecordedId.get(String(request.sessionId));
    if (known?.granted !== undefined) {
      const passwd = Buffer.from(request.passwd ?? []);
      const isRight = passwd.toString("base64") === known.recordedPasswd;
      const credentials = { id: known.granted.sessionId, passwd: isRight ? known.granted.passwd : passwd };
      return { session: known, hello: rewriteHello(recorded, { lastZxidSeen: known.lastZxid, credentials }) };
    }
    const session = { name: `session ${open.on}`, recordedPasswd: "", granted: undefined, lastZxid: 0 };
    const credentials = this.#fromBefore.has(open.on) ? { id: 0, passwd: Buffer.alloc(passwordBytes) } : undefined;
    return { session, hello: rewriteHello(recorded, { lastZxidSeen: 0, credentials }) };
  }

  /** The recording got a session where this one was asked for. */
  add({ session: id, passwd }: GrantedEvent, session: PlayedSession): void {
    session.recordedPasswd = passwd;
    this.#byRecordedId.set(id, session);
  }
}
