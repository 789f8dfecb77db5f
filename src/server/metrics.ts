/** The metrics page for Prometheus. Nothing is counted here: the figures are read when the page is asked for. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { errorName } from "../protocol/error-codes.ts";
import { opName } from "../protocol/opcodes.ts";
import { sessionOpcode } from "./stats.ts";
import { latencyBoundsMs, type OpcodeTally } from "./tally.ts";
import type { ServerView } from "./view.ts";

/** The text of the page and its content type. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Gauges by name: what they tell, and where it is. */
const gauges: Readonly<Record<string, readonly [help: string, read: (view: ServerView) => number]>> = {
  serving: [
    "1 while requests are answered, 0 while what we stand on cannot be reached",
    (v) => Number(v.status.serving),
  ],
  outstanding_requests: ["Requests without a reply so far", ({ stats }) => stats.outstanding],
  znodes: ["Znodes in the tree", ({ status }) => status.nodeCount],
  ephemerals: ["Ephemeral znodes in the tree", ({ status }) => status.ephemeralsCount],
  data_bytes: ["Bytes of paths and data in the tree", ({ status }) => status.dataBytes],
  watches: ["Watches of this server's clients", ({ status }) => status.watchCount],
  sessions: ["Sessions in the tree, those of other servers included", ({ status }) => status.sessionCount],
  zxid: ["The last zxid processed", ({ status }) => Number(status.zxid)],
  tls_handshakes: ["TLS handshakes under way", ({ stats }) => stats.tlsShaking],
};

/** Counters by name, without `_total`. */
const counters: Readonly<Record<string, readonly [help: string, read: (view: ServerView) => number]>> = {
  connections_accepted: ["Connections accepted", ({ stats }) => stats.accepted],
  connections_rejected: ["Connections beyond the limit per address", ({ stats }) => stats.rejected],
  connections_malformed: ["Connections closed for broken frames", ({ stats }) => stats.malformed],
  connections_overflowed: ["Connections closed because the client did not read", ({ stats }) => stats.overflowed],
  connections_without_session: ["Connections closed for never shaking hands", ({ stats }) => stats.unshaken],
  tls_handshakes_failed: ["TLS handshakes that failed", ({ stats }) => stats.tlsFailed],
  received_bytes: ["Bytes received from clients", ({ stats }) => stats.bytesReceived],
  auth_failed: ["Replies AUTHFAILED", ({ stats }) => stats.authFailed],
};

/** Makes the page of one server. Also starts to measure the process: event loop, memory, garbage collection. */
export function metricsPage(view: () => ServerView): MetricsPage {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  for (const [name, [help, read]] of Object.entries(gauges))
    new Gauge({ ...{ name: `zetcd_${name}`, help, registers }, collect: setTo((gauge) => gauge.set(read(view()))) });
  for (const [name, [help, read]] of Object.entries(counters))
    new Counter({
      ...{ name: `zetcd_${name}_total`, help, registers },
      collect: recount((all) => all.inc(read(view()))),
    });
  for (const name of Object.keys(view().status.counters))
    new Counter({
      ...{ name: `zetcd_${name}_total`, help: `Counted by the backend: ${name.replaceAll("_", " ")}`, registers },
      collect: recount((all) => all.inc(view().status.counters[name] ?? 0)),
    });
  new Gauge({
    ...{ name: "zetcd_connections", help: "Open connections", labelNames: ["port"], registers },
    collect: setTo((gauge) => {
      const secure = [...view().connections].filter(({ isSecure }) => isSecure).length;
      gauge.set({ port: "plain" }, view().connections.size - secure);
      gauge.set({ port: "tls" }, secure);
    }),
  });
  new Counter({
    ...{ name: "zetcd_requests_total", help: "Requests answered", labelNames: ["op", "result"], registers },
    collect: recount((all) => {
      for (const [opcode, { results }] of view().stats.tally.byOpcode)
        for (const [code, count] of results) all.inc({ op: label(opcode), result: errorName(code) }, count);
    }),
  });
  registry.registerMetric(new TalliedLatency(() => view().stats.tally.byOpcode));
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

/** prom-client calls `collect` on the metric itself. */
const setTo = (set: (gauge: Gauge) => void) =>
  function collect(this: Gauge): void {
    set(this);
  };
const recount = (count: (counter: Counter) => void) =>
  function collect(this: Counter): void {
    this.reset();
    count(this);
  };

const label = (opcode: number): string => (opcode === sessionOpcode ? "createSession" : (opName(opcode) ?? "other"));

/** A histogram whose buckets were filled elsewhere. */
class TalliedLatency extends Histogram {
  readonly #tallies: () => ReadonlyMap<number, OpcodeTally>;
  /** One that stays empty, for everything but the values. */
  readonly #empty: Histogram;

  constructor(tallies: () => ReadonlyMap<number, OpcodeTally>) {
    const name = "zetcd_request_duration_seconds";
    const about = { name, help: "From a request's arrival to its reply's leaving", labelNames: ["op"], registers: [] };
    super(about);
    this.#tallies = tallies;
    this.#empty = new Histogram(about);
  }

  override async get(): ReturnType<Histogram["get"]> {
    const about = await this.#empty.get();
    const values = [...this.#tallies()].flatMap(([opcode, tally]) => samples(about.name, label(opcode), tally));
    return { ...about, values };
  }

  /** The registry asks for this when it prints. */
  getForPromString(): ReturnType<Histogram["get"]> {
    return this.get();
  }
}

function samples(name: string, op: string, { buckets, sumMs, count }: OpcodeTally) {
  let within = 0;
  const rows = buckets.map((each, at) => {
    within += each;
    const boundMs = latencyBoundsMs[at];
    const le = boundMs === undefined ? "+Inf" : boundMs / 1_000;
    return { labels: { op, le }, value: within, metricName: `${name}_bucket`, exemplar: null };
  });
  const sums = [
    { labels: { op }, value: sumMs / 1_000, metricName: `${name}_sum`, exemplar: null },
    { labels: { op }, value: count, metricName: `${name}_count`, exemplar: null },
  ];
  return [...rows, ...sums];
}
