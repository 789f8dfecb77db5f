/** What tests of secrets share: programs as users run them, and files that live as long as the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, type ClientOptions, connect } from "../src/protocol/client.ts";
import { type Ended, startBin } from "./bin.fixture.ts";

const program = new URL("../bin/zetcd", import.meta.url).pathname;
const host = "127.0.0.1";

/** A running `bin/zetcd`: its ports as it said them, the second one only where it has one. */
export interface Zetcd {
  readonly process: ChildProcess;
  readonly port: number;
  readonly securePort: number;
  readonly adminPort: number;
}

/** Programs and files of one test file. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "zetcd-secrets-"));
  readonly #started: ChildProcess[] = [];
  readonly #clients: Client[] = [];

  /** Writes a file; answers its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Starts a server on free ports and waits until it listens. */
  async zetcd(flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Zetcd> {
    const child = spawn(program, ["--zkaddr", `${host}:0`, "--log-level", "error", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    this.#started.push(child);
    const said: string[] = [];
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => said.push(line));
    const isDone = () => said.length === (flags.includes("--admin-addr") ? 2 : 1);
    while (!isDone()) await once(lines, "line");
    const port = (pattern: RegExp) => Number(pattern.exec(said.join("\n"))?.[1]);
    return {
      process: child,
      port: port(/^listening on [^ ,]+:(\d+),/),
      securePort: port(/with TLS on [^ ,]+:(\d+),/),
      adminPort: port(/^admin port on [^ ,]+:(\d+)$/m),
    };
  }

  /** Runs it to its end. */
  fails(flags: readonly string[]): Promise<Ended> {
    const { child, ended } = startBin("zetcd", flags);
    this.#started.push(child);
    return ended;
  }

  /** Opens a session, or says why there is none. */
  async session(options: { port: number } & Partial<ClientOptions>): Promise<Client> {
    const outcome = await connect({ host, timeoutMs: 20_000, connectWaitMs: 10_000, ...options });
    if (outcome.is !== "granted")
      throw new Error(outcome.is === "refused" ? "refused" : `${outcome.is}: ${outcome.reason}`);
    this.#clients.push(outcome.client);
    return outcome.client;
  }

  /** Ends everything and removes the files. */
  close(): void {
    for (const client of this.#clients) client.close();
    for (const child of this.#started) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A connection's identities, as the server tells them: `scheme:id`, sorted. */
export async function identitiesOf(client: Client): Promise<string[]> {
  const { body } = await client.call("whoAmI", {});
  return (body?.clientInfo ?? []).map(({ authScheme, user }) => `${authScheme}:${user}`).sort();
}
