/** The operator's port: ZooKeeper's AdminServer commands, metrics, and two questions that orchestrators ask. Plain HTTP without passwords, so it is
 *  off unless asked for, and belongs on an address that only operators reach. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { HostPort } from "../addresses.ts";
import type { Logger } from "../logger.ts";
import { adminCommandNames, runAdminCommand } from "./admin-commands.ts";
import { printJson } from "./json.ts";
import { type MetricsPage, metricsPage } from "./metrics.ts";
import type { ServerView } from "./view.ts";

/** A listening admin server. */
export interface RunningAdmin {
  readonly port: number;
  close(): Promise<void>;
}

/** Bounds of the port. */
const limits = { connectionsMax: 100, requestMs: 10_000, keepAliveMs: 5_000 } as const;

/** An answer before it is written. */
interface Page {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

const plain = (status: number, body: string): Page => ({ status, type: "text/plain; charset=utf-8", body });

/** Listens. Rejects with the system's error when it cannot. */
export async function startAdmin(at: HostPort, view: () => ServerView, log: Logger): Promise<RunningAdmin> {
  const metrics = metricsPage(view);
  const server = createServer({ requestTimeout: limits.requestMs, keepAliveTimeout: limits.keepAliveMs });
  server.maxConnections = limits.connectionsMax;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    answer(request, view, metrics).then(
      (page) => write(request, response, page),
      (cause: unknown) => {
        log.error({ cause, url: request.url }, "an admin command failed");
        write(request, response, plain(500, "this failed; the log says why\n"));
      },
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(at.port, at.host, () => {
    const bound = server.address();
    resolve(bound === null || typeof bound === "string" ? at.port : bound.port);
  });
  const port = await promise;
  server.off("error", reject);
  server.on("error", (error) => log.warn({ error }, "the admin port cannot accept connections"));
  return {
    port,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, view: () => ServerView, metrics: MetricsPage): Promise<Page> {
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "GET is all there is here\n");
  const url = URL.parse(request.url ?? "/", "http://admin");
  const [, place = "", name = "", ...rest] = url?.pathname.split("/") ?? [];
  if (url === null || rest.length > 0) return plain(404, "not found\n");
  if (place === "commands")
    return name === ""
      ? { status: 200, body: links }
      : {
          status: 200,
          type: "application/json",
          body: printJson(runAdminCommand(name, url.searchParams, view)),
        };
  if (name !== "") return plain(404, "not found\n");
  if (place === "metrics") return { status: 200, type: metrics.contentType, body: await metrics.text() };
  if (place === "healthz") return plain(200, "ok\n");
  if (place === "readyz") return view().status.serving ? plain(200, "ok\n") : plain(503, "not serving\n");
  return plain(404, "not found; there are /commands, /metrics, /healthz and /readyz\n");
}

/** ZooKeeper's list of commands. */
const links = adminCommandNames.map((name) => `<a href="/commands/${name}">${name}</a>\n<br/>\n`).join("");

function write(request: IncomingMessage, response: ServerResponse, { status, type, body }: Page): void {
  response.writeHead(status, {
    "content-type": type ?? "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
