/** A run: opens the connections, then lets them draw requests from one counter until all are answered. */
import { type HostPort, printHostPort } from "../addresses.ts";
import { errorName } from "../protocol/error-codes.ts";
import { type Driver, LoadConnection } from "./connection.ts";
import type { Load, Measured } from "./load.ts";
import { requestSource } from "./requests.ts";

/** How often pacing and silence are looked at. */
const tickMs = 1;
const checkMs = 200;

/** No connection could be opened; the message says where and why. */
export class NoConnection extends Error {}

/** Puts a load on its endpoints, until all is answered or `stop` is aborted. The clock runs from when all sessions are open. Throws
 *  {@link NoConnection}. */
export async function run(load: Load, stop: AbortSignal): Promise<Measured> {
  const latencies = new Float64Array(load.total);
  const completed = new Float64Array(load.total);
  const isWrite = new Uint8Array(load.op === "mixed" ? load.total : 0);
  const source = requestSource(load);
  const errors = new Map<string, number>();
  const blame = (why: string, times: number) => errors.set(why, (errors.get(why) ?? 0) + times);
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let [issued, answered, succeeded, living] = [0, 0, 0, 0];
  let startedAt = Number.POSITIVE_INFINITY;
  let lastAt = 0;
  const settle = (times: number) => {
    answered += times;
    if (answered >= load.total || living === 0) finish();
  };
  const driver: Driver = {
    source,
    pipeline: load.pipeline,
    timeoutMs: load.timeoutMs,
    take() {
      if (issued >= load.total) return undefined;
      if (load.rate > 0 && issued > ((performance.now() - startedAt) / 1000) * load.rate) return undefined;
      return issued++;
    },
    done(index, err, latencyMs, now) {
      lastAt = now;
      if (err === 0) {
        latencies[succeeded] = latencyMs;
        completed[succeeded] = now - startedAt;
        isWrite[succeeded] = Number(source.isWrite(index)); // falls beside the empty array of other loads
        succeeded += 1;
      } else blame(errorName(err), 1);
      settle(1);
    },
    refused() {
      blame("a multi that was refused", 1);
      settle(1);
    },
    lost(why, unanswered) {
      living -= 1;
      if (startedAt === Number.POSITIVE_INFINITY) return;
      if (unanswered > 0) blame(why, unanswered);
      settle(unanswered);
    },
  };
  const connections = await openAll(load, driver, () => {
    living += 1;
  });
  startedAt = performance.now();
  lastAt = startedAt;
  const fillAll = () => {
    for (const connection of connections) connection.fill();
  };
  const pacer = load.rate > 0 ? setInterval(fillAll, tickMs) : undefined;
  const watchdog = setInterval(() => {
    for (const connection of connections) connection.check(performance.now());
  }, checkMs);
  stop.addEventListener("abort", () => finish());
  if (stop.aborted) finish();
  else fillAll();
  settle(0);
  await finished;
  clearInterval(pacer);
  clearInterval(watchdog);
  // What is still under way is answered before the sessions are closed.
  await Promise.all(connections.map((connection) => connection.close()));
  return {
    latenciesMs: latencies.subarray(0, succeeded),
    completedMs: completed.subarray(0, succeeded),
    ...(load.op === "mixed" ? { isWrite: isWrite.subarray(0, succeeded) } : {}),
    elapsedMs: lastAt - startedAt,
    errors,
    ended: answered >= load.total ? "done" : stop.aborted ? "interrupted" : "lost",
  };
}

/** All connections, spread over the endpoints; each tries the others when its own does not answer. */
async function openAll(load: Load, driver: Driver, onOpen: () => void): Promise<LoadConnection[]> {
  const open = async (first: number): Promise<LoadConnection> => {
    const reasons: string[] = [];
    for (let i = 0; i < load.endpoints.length; i++) {
      const endpoint = load.endpoints[(first + i) % load.endpoints.length] as HostPort;
      onOpen();
      const connection = new LoadConnection(endpoint, driver);
      const why = `no session within ${load.timeoutMs} ms`;
      const giveUp = setTimeout(() => connection.abandon(why), load.timeoutMs);
      try {
        await connection.opened;
        return connection;
      } catch (cause) {
        reasons.push(`${printHostPort(endpoint)}: ${cause instanceof Error ? cause.message : cause}`);
      } finally {
        clearTimeout(giveUp);
      }
    }
    throw new NoConnection(reasons.join("; "));
  };
  const outcomes = await Promise.allSettled(Array.from({ length: load.connections }, (_, index) => open(index)));
  const opened = outcomes.filter((outcome) => outcome.status === "fulfilled").map(({ value }) => value);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return opened;
  await Promise.all(opened.map((connection) => connection.close()));
  throw failed.reason;
}
