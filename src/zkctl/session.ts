/** One session on the first server that answers, and what can go wrong with it. */
import { printHostPort } from "../addresses.ts";
import { MalformedFrame } from "../jute/buffers.ts";
import { int64Hex } from "../jute/int64.ts";
import { type Client, ConnectionLost, connect, type Reply } from "../protocol/client.ts";
import { errorName } from "../protocol/error-codes.ts";
import type { OpName, ReplyOf, RequestOf } from "../protocol/opcodes.ts";
import type { Settings } from "./job.ts";

/** The server's answer was an error. `name` is KeeperException's. */
export class ServerRefused extends Error {
  override readonly name: string;
  constructor(name: string, subject: string) {
    super(`${name}: ${explain(name, subject)}`);
    this.name = name;
  }
}

/** The error for a result code. */
export const refusal = (code: number, subject: string): ServerRefused => new ServerRefused(errorName(code), subject);

/** What was asked for cannot be done as things stand on the server, although it refused nothing. */
export class NotPossible extends Error {}

/** No server answered, or it went away. */
export class Unreachable extends Error {}

/** What to make of the errors that people meet. */
function explain(name: string, subject: string): string {
  const advice: Record<string, string> = {
    NONODE: `there is no znode ${subject}, or none above it`,
    NODEEXISTS: `${subject} is there already`,
    NOTEMPTY: `${subject} has children; delete them first`,
    BADVERSION: `${subject} is at another version; look with zkctl stat ${subject}`,
    NOAUTH: `not allowed on ${subject}; show a credential with --auth, and see zkctl getacl ${subject}`,
    AUTHFAILED: `the server did not take the credential for ${subject}`,
    BADARGUMENTS: `the server takes no such path or flags: ${subject}`,
    INVALIDACL: `the server takes no such access control list for ${subject}`,
    NOCHILDRENFOREPHEMERALS: "an ephemeral znode has no children",
    UNIMPLEMENTED: `the server does not know this operation or has it switched off (${subject})`,
    QUOTAEXCEEDED: `the quota above ${subject} is used up`,
    NOWATCHER: `this session does not watch ${subject}`,
    RECONFIGDISABLED: "the server has reconfig switched off, as it is by default",
    SESSIONEXPIRED: "the session has expired; try again",
  };
  return advice[name] ?? subject;
}

/** An open session. */
export class Session {
  /** What the server granted: the session's id, password and timeout. */
  readonly granted: Client["granted"];
  readonly #at: string;
  readonly #client: Client;
  readonly #pings: NodeJS.Timeout;

  /** `at` names the server in errors. */
  constructor(client: Client, at: string) {
    this.#at = at;
    this.granted = client.granted;
    this.#client = client;
    this.#pings = setInterval(() => void client.call("ping", {}).catch(() => undefined), client.granted.timeOut / 3);
    this.#pings.unref();
  }

  /** The body of a successful reply. Throws {@link ServerRefused} with `subject` in its message, or {@link Unreachable}. */
  async ask<Op extends OpName>(op: Op, body: RequestOf<Op>, subject: string): Promise<ReplyOf<Op>> {
    const reply = await this.reply(op, body);
    if (reply.header.err !== 0 || reply.body === null) throw refusal(reply.header.err, subject);
    return reply.body;
  }

  /** The reply, whatever it says. Throws {@link Unreachable}. */
  reply<Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<Reply<Op>> {
    return this.#client.call(op, body).catch((cause: unknown) => {
      if (cause instanceof ConnectionLost) throw new Unreachable(`${this.#at}: ${cause.message}`, { cause });
      if (cause instanceof MalformedFrame)
        throw new Unreachable(`${this.#at}: not a ZooKeeper's answer: ${cause.message}`, { cause });
      throw cause;
    });
  }

  /** Shows every event frame from now on. */
  onEvent(see: (frame: Buffer) => void): void {
    this.#client.onFrame = (frame) => {
      if (frame.readInt32BE(0) === -1) see(frame);
    };
  }

  /** Called once when the connection is gone. */
  onClose(see: (cause: Error | undefined) => void): void {
    this.#client.onClose = see;
  }

  /** Ends the session, or with `keep` only the connection: the session then lives for its timeout. */
  async end({ keep }: { readonly keep: boolean }): Promise<void> {
    clearInterval(this.#pings);
    this.#client.onClose = () => undefined;
    if (!keep && !this.#client.hasClosed) await this.#client.call("closeSession", {}).catch(() => undefined);
    this.#client.close();
  }
}

/** Opens or resumes a session on the first endpoint that grants it and shows the credentials. Throws {@link Unreachable} when none does,
 *  {@link NotPossible} when a server does not know the session to resume. */
export async function openSession(settings: Settings): Promise<Session> {
  const reasons: string[] = [];
  const { resume } = settings;
  for (const endpoint of settings.endpoints) {
    const at = printHostPort(endpoint);
    const outcome = await connect({
      ...endpoint,
      timeoutMs: settings.timeoutMs,
      silenceMaxMs: settings.timeoutMs,
      connectWaitMs: settings.connectWaitMs,
      ...(resume === undefined ? {} : { sessionId: resume.id, passwd: resume.password }),
    });
    if (outcome.is === "granted") {
      const session = new Session(outcome.client, at);
      try {
        for (const { scheme, auth } of settings.credentials)
          await session.ask("auth", { type: 0, scheme, auth }, scheme);
      } catch (cause) {
        await session.end({ keep: resume !== undefined });
        throw cause;
      }
      return session;
    }
    if (outcome.is === "refused" && resume !== undefined)
      throw new NotPossible(`session ${int64Hex(resume.id)} has ended, or its password is another`);
    const reason = outcome.is === "refused" ? "refused a session" : outcome.reason;
    reasons.push(reason.includes(at) ? reason : `${at}: ${reason}`);
  }
  throw new Unreachable(`no server answered (${reasons.join("; ")}); start one, or name others with --endpoints`);
}
