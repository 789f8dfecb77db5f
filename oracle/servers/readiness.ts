import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { dial, type LinkTarget } from "../../src/protocol/link.ts";
import { ServerFailed, type ServerProcess, serverLimits } from "./process.ts";

/** How long one probe may take before it counts as unanswered, in milliseconds. */
const probeWaitMs = 2_000;

/** Asks `probe` until it answers something. Throws {@link ServerFailed} when `waitMs` pass first or the server's process ends, quoting
 *  its last lines; `server` is undefined for one that is not our process. `probe` answers undefined for "not yet" and never throws. */
export async function waitUntilReady<T>(
  what: string,
  server: Pick<ServerProcess, "isAlive" | "ended" | "tail"> | undefined,
  probe: () => Promise<T | undefined>,
  waitMs: number = serverLimits.readyWaitMs,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  const lastOutput = () => (server === undefined ? "" : quote(server.tail()));
  for (;;) {
    const answer = await probe();
    if (server?.isAlive() === false)
      throw new ServerFailed(`${what} ended while starting (${await server.ended})${lastOutput()}`);
    if (answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new ServerFailed(`${what} did not answer within ${waitMs} ms${lastOutput()}`);
    await sleep(serverLimits.pollMs);
  }
}

/** A server's last output as the end of an error message, each line indented: the first lines and the last ones. */
function quote(tail: string): string {
  const lines = tail.trim().split("\n");
  const shown = lines.length > 20 ? [...lines.slice(0, 6), "...", ...lines.slice(-12)] : lines;
  return tail.trim() === ""
    ? "; it wrote nothing"
    : `; its last output:\n${shown.map((line) => `  | ${line}`).join("\n")}`;
}

/** The body of `GET url` when it is answered with status 200, else undefined. */
export function httpGet(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: probeWaitMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => resolve(undefined));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString("utf8") : undefined),
      );
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}

/** A ZooKeeper server's whole answer to a four-letter word, or undefined when there is none within 2 s.
 *  Source: Administrator's Guide, "The Four Letter Words". */
export function fourLetterWord(
  at: Pick<LinkTarget, "host" | "port" | "tls">,
  word: string,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = dial(at);
    socket.once(at.tls === undefined ? "connect" : "secureConnect", () => socket.write(word));
    socket.setTimeout(probeWaitMs, () => socket.destroy());
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(chunks.length === 0 ? undefined : Buffer.concat(chunks).toString("utf8")));
  });
}
