/** Cross-checking live traffic: what the product's server stands on when it is told to check itself against a real ZooKeeper. */
import { join } from "node:path";
import { pageDataOf, pageOf } from "../reports/html.ts";
import { summaryOf } from "../reports/summary.ts";
import { ViewBuilder } from "../reports/view.ts";
import { writeReports } from "../reports/write.ts";
import type { Backend } from "../src/backend.ts";
import { createLogger, type Logger } from "../src/logger.ts";
import { encodeConnectRequest, passwordBytes } from "../src/protocol/connect.ts";
import { type LinkTls, openLink } from "../src/protocol/link.ts";
import { bridge } from "./bridge.ts";
import type { Side } from "./compare/difference.ts";
import { type KnownDivergence, knownMatcher, loadKnown } from "./compare/known.ts";
import { type CrossCheck, type CrossCheckOptions, crosscheck } from "./crosscheck.ts";
import { type DivergenceLine, type JournalLine, journalFormat } from "./journal.ts";
import { JournalWriter } from "./journal-file.ts";
import { isLoopback, type LiveView, startLiveView } from "./live-view.ts";
import { fourLetterWord } from "./servers/readiness.ts";

/** A real ZooKeeper's client port; `tls` when it speaks TLS. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls?: LinkTls;
}

/** Live traffic has no runner that waits: the settle window covers a tick of each server, so that expiring sessions are given their time. */
export const liveLimits = { settleMs: 6_000, replyWaitMs: 10_000, finishWaitMs: 8_000, connectWaitMs: 5_000 } as const;

/** ZooKeeper cannot be reached or does not serve. */
export class BridgeDown extends Error {
  override readonly name = "BridgeDown";
}

/** A backend over the ZooKeeper at an address. Rejects with {@link BridgeDown} when it does not answer now. */
export async function startBridge(at: Address): Promise<Backend> {
  const banner = await fourLetterWord(at, "srvr");
  // Debian's build says `3.8.0-${mvngit.commit.id}`.
  const version = /version: (\d[\w.]*(?:-\w[\w.]*)?)/.exec(banner ?? "")?.[1];
  // The word may be forbidden; a handshake with a zxid from the far future is always answered, if only by hanging up, and leaves no session.
  const silence = version === undefined ? await whyNoHandshake(at) : undefined;
  if (silence !== undefined) throw new BridgeDown(`no ZooKeeper answers at ${at.host}:${at.port} (${silence})`);
  return bridge({ ...at, ...(version === undefined ? {} : { version }) });
}

/** Undefined when a handshake is answered, in whatever way. */
async function whyNoHandshake(at: Address): Promise<string | undefined> {
  const request = {
    protocolVersion: 0,
    lastZxidSeen: 2 ** 52,
    timeOut: 0,
    sessionId: 0,
    passwd: new Uint8Array(passwordBytes),
    readOnly: false,
  };
  const opened = await openLink({
    ...at,
    hello: encodeConnectRequest(request),
    connectWaitMs: liveLimits.connectWaitMs,
  });
  if (opened.is === "granted") opened.link.close();
  return opened.is === "unreachable" ? opened.reason : undefined;
}

/** A cross-check of live traffic. */
export interface LiveOptions {
  readonly candidate: Backend;
  readonly bridge: Address;
  readonly answerFrom: Side;
  /** Gets `journal.jsonl` and the reports; nothing is written without it. */
  readonly reportDir?: string;
  readonly knownFile?: string;
  readonly serial: boolean;
  /** Serves the report over HTTP while traffic is checked. */
  readonly reportAt?: Address;
  /** Shows znode data in journal and reports; without it, length and hash only. */
  readonly reveal?: boolean;
  readonly log?: Logger;
}

/** A cross-check that runs. `finish` waits for what is under way, ends the journal and writes the reports; call it once, with all connections closed. */
export interface LiveCheck {
  readonly backend: CrossCheck;
  /** Where the report is served, if it is. */
  readonly reportUrl: string | undefined;
  finish(): Promise<void>;
}

/** Starts one. Rejects with {@link BridgeDown} when ZooKeeper does not answer, with `BadKnownList` when the list of known divergences cannot be
 *  read, and with the system's error when the report cannot be served where it should. */
export async function startCrossCheck(options: LiveOptions): Promise<LiveCheck> {
  const { candidate, reportDir, answerFrom, serial, reportAt, reveal = false, log = createLogger("info") } = options;
  const known = options.knownFile === undefined ? [] : loadKnown(options.knownFile);
  const oracle = await startBridge(options.bridge);
  const startedAt = Date.now();
  const served = reportAt === undefined ? undefined : await serveReport(reportAt, { known, startedAt, log });
  const journal = reportDir === undefined ? undefined : new JournalWriter(join(reportDir, "journal.jsonl"));
  const versions = { candidate: candidate.status().version, oracle: oracle.status().version };
  const announce = announcer(log);
  const emit = (line: JournalLine) => {
    journal?.write(line);
    served?.add(line);
    announce(line);
  };
  emit({
    event: "run",
    format: journalFormat,
    tool: "zetcd",
    mode: "live",
    startedAt: new Date(startedAt).toISOString(),
    candidate: { name: "zetcd", address: "in this process", version: `${versions.candidate} on etcd` },
    oracle: { name: "ZooKeeper", address: `${options.bridge.host}:${options.bridge.port}`, version: versions.oracle },
    answerFrom,
    options: { serial, settleMs: liveLimits.settleMs, ...(reveal ? { reveal } : {}) },
    operationsFloor: 1,
  });
  const backend = crosscheck({
    ...{ candidate, oracle, answerFrom, emit, serial, reveal },
    settleMs: liveLimits.settleMs,
    replyWaitMs: liveLimits.replyWaitMs,
    keepAnswers: true,
    candidateKeepsOrder: true,
    known: knownMatcher(known),
    eventZxid: eventZxidFor(versions.candidate, versions.oracle),
  });
  const finish = async () => {
    await Promise.race([
      backend.settled(),
      new Promise((resolve) => setTimeout(resolve, liveLimits.finishWaitMs).unref()),
    ]);
    const { steps, compared, notifications } = backend.counters;
    const durationMs = Date.now() - startedAt;
    emit({ event: "end", steps, compared, notifications, cases: 1, durationMs, interrupted: false });
    journal?.close();
    await served?.view.close();
    if (reportDir === undefined) return;
    const written = await writeReports(reportDir, { known });
    log.info({ report: written.files.html, verdict: written.verdict.is }, "the report is written");
  };
  return { backend, reportUrl: served?.view.url, finish };
}

/** Folds journal lines into a report that anyone may read while they come; its memory is bounded as every report's is. */
async function serveReport(
  at: Address,
  {
    known,
    startedAt,
    log,
  }: { readonly known: readonly KnownDivergence[]; readonly startedAt: number; readonly log: Logger },
): Promise<{ readonly view: LiveView; add(line: JournalLine): void }> {
  const builder = new ViewBuilder();
  const now = () => builder.view(Date.now() - startedAt);
  const view = await startLiveView({
    at,
    render: {
      page: () => pageOf(now(), known, { live: true }),
      data: () => JSON.stringify(pageDataOf(now(), known)),
      summary: () => `${JSON.stringify(summaryOf(now(), known), null, 2)}\n`,
    },
  });
  if (!isLoopback(at.host))
    log.warn({ url: view.url }, "the live report can be read by everyone who reaches this address");
  const add = (line: JournalLine) => {
    builder.add(line);
    view.changed();
  };
  return { view, add };
}

/** Event headers carry the txn's zxid from 3.9 on: between an older and a newer server their difference is one of version, not a fault. */
export function eventZxidFor(candidate: string, oracle: string): NonNullable<CrossCheckOptions["eventZxid"]> {
  const isNew = (version: string) => {
    const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
    return major === undefined ? undefined : Number(major) > 3 || Number(minor) >= 9;
  };
  return isNew(candidate) === isNew(oracle) ? "strict" : "version-dependent";
}

/** Says divergences in the log: of each kind the first, then the 10th, 100th and so on, because one cause may repeat with every request. */
function announcer(log: Logger): (line: JournalLine) => void {
  const seen = new Map<string, number>();
  return (line) => {
    if (line.event === "side")
      log.warn(
        { on: line.on, reason: line.reason },
        line.state === "lost" ? "a side is lost: nothing is compared with it" : "a side is back",
      );
    if (line.event !== "divergence" || line.verdict !== "diverges") return;
    const count = (seen.get(line.fingerprint) ?? 0) + 1;
    if (seen.size < 10_000) seen.set(line.fingerprint, count);
    if (/^10*$/.test(String(count))) log.warn(fieldsOf(line, count), "the two servers disagree");
  };
}

function fieldsOf(line: DivergenceLine, count: number): Record<string, unknown> {
  const first = line.differences[0];
  const values = first?.is === "value" ? { candidate: first.candidate, oracle: first.oracle } : {};
  return { fingerprint: line.fingerprint, ...values, session: line.session, count };
}
