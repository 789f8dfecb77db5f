/** One server of an audit: znodes read over a connection that is opened again where it breaks. Nothing is ever written. */
import { type Client, type ClientOutcome, ConnectionLost, connect, type Reply } from "../../src/protocol/client.ts";
import { errorCodes, errorName } from "../../src/protocol/error-codes.ts";
import type { OpName, RequestOf } from "../../src/protocol/opcodes.ts";
import type { ACL, Stat } from "../../src/protocol/records.ts";
import { ServerFailed } from "../servers/process.ts";

/** What `auth` sends. */
export interface Credential {
  readonly scheme: string;
  readonly auth: Uint8Array;
}

/** Where to read. `base` is "" or the path below which the server's side of the comparison lies. */
export interface AuditedOptions {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly credentials: readonly Credential[];
}

/** A znode as it was read. `refused`: the server would not show it. */
export type Reading =
  | { readonly is: "znode"; readonly data: Uint8Array | null; readonly acl: readonly ACL[]; readonly stat: Stat }
  | { readonly is: "missing" }
  | { readonly is: "refused"; readonly err: string };

/** The names below a znode, with its Stat of the same moment; undefined when it is gone or not shown. */
export interface Listing {
  readonly names: readonly string[];
  readonly stat: Stat;
}

/** Limits of an audited server's connection. */
const auditedLimits = {
  sessionTimeoutMs: 30_000,
  connectWaitMs: 10_000,
  silenceMaxMs: 30_000,
  reconnectsMax: 10,
  reconnectPauseMs: 500,
  attemptsMax: 5,
} as const;

/** A server that is read from. */
export class Audited {
  readonly #options: AuditedOptions;
  readonly #keepAlive: NodeJS.Timeout;
  #client: Client;
  #reopening: Promise<void> | undefined;

  private constructor(options: AuditedOptions, client: Client) {
    this.#options = options;
    this.#client = client;
    // One side may have nothing to answer for a while.
    this.#keepAlive = setInterval(() => void this.#client.call("ping", {}).catch(() => undefined), 8_000);
  }

  /** Throws `ServerFailed` when the server gives no session. */
  static async open(options: AuditedOptions): Promise<Audited> {
    return new Audited(options, await session(options));
  }

  /** Reads a znode whole: data, list and Stat of one moment. Throws `ServerFailed` when the server is gone for good. */
  async read(path: string): Promise<Reading> {
    for (let attempt = 1; ; attempt++) {
      const [data, acl] = await Promise.all([
        this.#call("getData", { path, watch: false }),
        this.#call("getACL", { path }),
      ]);
      const err = data.header.err === 0 ? acl.header.err : data.header.err;
      if (err === errorCodes.NONODE) return { is: "missing" };
      if (data.body === null || acl.body === null) return { is: "refused", err: errorName(err) };
      // A write between the two: they tell of different moments.
      const isOneMoment =
        acl.body.stat.aversion === data.body.stat.aversion && acl.body.stat.czxid === data.body.stat.czxid;
      // What is written to all the time is told apart as such by whoever compares.
      if (isOneMoment || attempt === auditedLimits.attemptsMax)
        return { is: "znode", data: data.body.data, acl: acl.body.acl ?? [], stat: data.body.stat };
    }
  }

  /** Throws as `read` does. */
  async list(path: string): Promise<Listing | undefined> {
    const { body } = await this.#call("getChildren2", { path, watch: false });
    return body === null ? undefined : { names: (body.children ?? []).map((name) => name ?? ""), stat: body.stat };
  }

  /** Ends the session. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.#client.call("closeSession", {}).catch(() => undefined); // the session ends by its timeout then
    this.#client.close();
  }

  async #call<Op extends OpName>(op: Op, body: RequestOf<Op>): Promise<Reply<Op>> {
    for (let attempt = 1; ; attempt++) {
      const client = this.#client;
      try {
        return await client.call(op, body);
      } catch (cause) {
        if (!(cause instanceof ConnectionLost)) throw cause;
        if (attempt === auditedLimits.attemptsMax)
          throw new ServerFailed(`${this.#options.name}: loses the connection over ${op} again and again`);
        // Many reads break at once; the first of them opens anew for all.
        if (client === this.#client) this.#reopening ??= this.#reopen();
        await this.#reopening;
      }
    }
  }

  async #reopen(): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          this.#client = await session(this.#options);
          return;
        } catch (cause) {
          if (attempt === auditedLimits.reconnectsMax) throw cause;
          await new Promise((resolve) => setTimeout(resolve, auditedLimits.reconnectPauseMs));
        }
      }
    } finally {
      this.#reopening = undefined;
    }
  }
}

async function session({ host, port, name, credentials }: AuditedOptions): Promise<Client> {
  const { sessionTimeoutMs: timeoutMs, connectWaitMs, silenceMaxMs } = auditedLimits;
  const opened = await connect({ host, port, timeoutMs, connectWaitMs, silenceMaxMs });
  if (opened.is !== "granted") throw new ServerFailed(`${name}: no session at ${host}:${port} (${reasonOf(opened)})`);
  for (const { scheme, auth } of credentials) {
    const { header } = await opened.client.call("auth", { type: 0, scheme, auth });
    if (header.err !== 0) throw new ServerFailed(`${name}: ${host}:${port} does not take the ${scheme} credential`);
  }
  return opened.client;
}

const reasonOf = (opened: Exclude<ClientOutcome, { is: "granted" }>): string =>
  opened.is === "refused" ? "it refuses a new session" : opened.reason;
