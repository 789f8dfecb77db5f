/** A report that is served over HTTP while its run goes on: the page, its data, the summary, and server-sent events that say when there is something
 *  new. Knows nothing of reports; what it serves is rendered by functions it is given, at most once for each state that somebody asks for. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { type HostPort, printHostPort } from "../src/addresses.ts";

/** Bounds and pace of a live view. Times in milliseconds. */
export const liveViewLimits = {
  /** Least time between two states: readers are told, and pages rendered, no more often. */
  paceMs: 1_000,
  /** Browsers and proxies drop a stream that stays silent. */
  heartbeatMs: 15_000,
  listenersMax: 50,
  connectionsMax: 200,
  requestWaitMs: 10_000,
  /** How long readers are given for the last state before the server goes away. */
  farewellMs: 1_500,
} as const;

/** Renders the state of the moment. */
export interface Rendering {
  page(): string;
  data(): string;
  summary(): string;
}

/** What is asked of a live view. Port 0 takes any. */
export interface LiveViewOptions {
  readonly at: HostPort;
  readonly render: Rendering;
  readonly paceMs?: number;
}

/** A live view that listens. */
export interface LiveView {
  /** `http://127.0.0.1:8080/`. */
  readonly url: string;
  /** The state is not what it was. Cheap: call it for every line. */
  changed(): void;
  /** The run is over: readers fetch the last state, then the server goes away. */
  close(): Promise<void>;
}

const routes: Readonly<Record<string, { readonly of: keyof Rendering; readonly type: string }>> = {
  "/": { of: "page", type: "text/html; charset=utf-8" },
  "/data.json": { of: "data", type: "application/json; charset=utf-8" },
  "/summary.json": { of: "summary", type: "application/json; charset=utf-8" },
};

/** Whether only this machine can reach an address. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

/** Starts listening. Rejects with the system's error when it cannot. */
export async function startLiveView(options: LiveViewOptions): Promise<LiveView> {
  const view = new HttpView(options);
  await view.listen();
  return view;
}

class HttpView implements LiveView {
  readonly #options: LiveViewOptions;
  readonly #paceMs: number;
  readonly #server: Server;
  readonly #listeners = new Set<ServerResponse>();
  readonly #rendered = new Map<keyof Rendering, string>();
  #version = 1;
  #isStale = false;
  #pace: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  url = "";

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#paceMs = options.paceMs ?? liveViewLimits.paceMs;
    this.#server = createServer({ requestTimeout: liveViewLimits.requestWaitMs }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.maxConnections = liveViewLimits.connectionsMax;
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options.at;
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    this.#server.unref();
    const { port: bound } = this.#server.address() as AddressInfo;
    this.url = `http://${printHostPort({ host, port: bound })}/`;
    this.#heartbeat = setInterval(() => this.#tell(":\n\n"), liveViewLimits.heartbeatMs).unref();
  }

  changed(): void {
    this.#isStale = true;
    this.#pace ??= setTimeout(() => {
      this.#pace = undefined;
      this.#renew();
    }, this.#paceMs).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#pace);
    clearInterval(this.#heartbeat);
    this.#renew();
    this.#tell("event: end\ndata: the run is over\n\n");
    const until = performance.now() + liveViewLimits.farewellMs;
    while (this.#listeners.size > 0 && performance.now() < until) await new Promise((wake) => setTimeout(wake, 20));
    const flushed = [...this.#listeners].map((listener) => new Promise<void>((resolve) => listener.end(resolve)));
    await Promise.race([
      Promise.all(flushed),
      new Promise((resolve) => setTimeout(resolve, liveViewLimits.farewellMs)),
    ]);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Forgets what was rendered of the state before, and tells everybody. */
  #renew(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#version++;
    this.#rendered.clear();
    this.#tell(this.#change());
  }

  #change = () => `event: change\nid: ${this.#version}\ndata: ${this.#version}\n\n`;

  /** Writes to every listener; one that does not keep up misses it and is not waited for. */
  #tell(text: string): void {
    for (const listener of this.#listeners) if (!listener.writableNeedDrain) listener.write(text);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Content-Security-Policy", "frame-ancestors 'none'");
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    if (!this.#isMeant(request.headers.host)) return refuse(response, 403, "this is not the server you asked for");
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "GET only");
    if (path === "/events") return this.#listen(request, response);
    const route = routes[path];
    if (route === undefined) return refuse(response, 404, "there is /, /data.json, /summary.json and /events");
    const body = this.#render(route.of);
    response.setHeader("Content-Type", route.type);
    response.setHeader("Content-Length", Buffer.byteLength(body));
    response.end(request.method === "HEAD" ? undefined : body);
  }

  /** A page of somebody else's can give its own name our address, and then read what only this machine may; so loopback answers to its own names alone. */
  #isMeant(host: string | undefined): boolean {
    if (!isLoopback(this.#options.at.host)) return true;
    const name = (host ?? "")
      .replace(/:\d+$/, "")
      .replace(/^\[(.*)\]$/, "$1")
      .toLowerCase();
    return name === "localhost" || isIP(name) !== 0;
  }

  #render(of: keyof Rendering): string {
    const ready = this.#rendered.get(of) ?? this.#options.render[of]();
    this.#rendered.set(of, ready);
    return ready;
  }

  #listen(request: IncomingMessage, response: ServerResponse): void {
    if (this.#listeners.size >= liveViewLimits.listenersMax) return refuse(response, 503, "too many readers");
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    if (request.method === "HEAD") return void response.end();
    this.#listeners.add(response);
    response.once("close", () => this.#listeners.delete(response));
    // Whatever the reader has may be of another run.
    response.write(`retry: 2000\n${this.#change()}`);
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    ...(status === 405 ? { Allow: "GET, HEAD" } : {}),
  });
  response.end(`${why}\n`);
}
