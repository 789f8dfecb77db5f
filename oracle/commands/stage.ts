/** What every xchk run shares: two servers, two cross-checks over them (one that journals, one for shrinking), a report directory, an end. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { writeReports } from "../../reports/write.ts";
import { Arena } from "../../scenarios/arena.ts";
import { areWaitedFor } from "../../scenarios/case.ts";
import { CellCount } from "../../scenarios/coverage/cells.ts";
import { toolVersion } from "../../scenarios/generate/replay-token.ts";
import { Slots } from "../../scenarios/slots.ts";
import type { Backend } from "../../src/backend.ts";
import { interruption } from "../../src/interruption.ts";
import type { Credential } from "../audit/audited.ts";
import type { Noise } from "../calibrate.ts";
import type { Side, UnderWay } from "../compare/difference.ts";
import { type KnownDivergence, knownMatcher, loadKnown } from "../compare/known.ts";
import { type Deaths, deathsOfBackend } from "../crosscheck/deaths.ts";
import { type CrossCheck, type CrossCheckOptions, crosscheck, type KnownMatcher } from "../crosscheck.ts";
import { type JournalSink, journalFormat, type RunLine } from "../journal.ts";
import { JournalWriter } from "../journal-file.ts";
import { eventZxidFor } from "../live.ts";
import { mutants } from "../mutants.ts";
import { BadArgument } from "../servers/endpoints.ts";
import { tidyUp } from "./cleanup.ts";
import { deathLines, sidesOnce } from "./death-lines.ts";
import { Habits } from "./inquest.ts";
import { Lab } from "./lab.ts";
import { comebackWaitMs, lookAgain, patient } from "./patient.ts";
import { Progress } from "./progress.ts";
import { redacted } from "./redacted.ts";
import { RunBook } from "./run-book.ts";
import { type Duel, openDuel } from "./servers.ts";

/** The flags that all runs have. */
export interface StageFlags {
  readonly candidate: string;
  readonly oracle: string;
  readonly reportDir?: string;
  readonly known?: string;
  readonly answerFrom: Side;
  readonly serial?: boolean;
  /** Cases under way at the same time; {@link casesPerCheck} of them share a cross-check. Default: all share one. */
  readonly inFlight?: number;
  /** Show znode data in journal and reports; without it, length and hash only. */
  readonly reveal?: boolean;
  readonly settleMs: number;
  /** How long a server that has died is waited for, ms. Default: {@link comebackWaitMs}. */
  readonly comebackMs?: number;
  /** How often both servers look for containers and TTL znodes to remove, ms. Default: what they were told, or else what is a ZooKeeper's default. */
  readonly reapEveryMs?: number;
  readonly mutant?: string;
  readonly cleanup: boolean;
  /** Whom the servers that were given let remove what access control lists protect. */
  readonly cleanupAuth?: Credential;
  /** Connections to each server at the same time. Default: any number. */
  readonly connectionsMax?: number;
  /** What the oracle and its twin disagree about; may be filled after the stage is set. */
  readonly noise?: Noise;
}

/** A run that is set up. */
export interface Stage {
  readonly duel: Duel;
  readonly arena: Arena;
  readonly lab: Arena;
  /** The connections of all cases. */
  readonly slots: Slots;
  readonly journal: JournalSink;
  readonly reportDir: string;
  /** The candidate's door, lying if a mutant was asked for. */
  readonly candidate: Backend;
  /** What the run's known list covers. */
  readonly isKnown: KnownMatcher;
  /** Who has seen the candidate die; what no single request can be blamed for is told by {@link Stage.tellDeath}, at the latest when the run ends. */
  readonly deaths: Deaths;
  readonly tellDeath: (underWay: readonly UnderWay[]) => void;
  readonly habits: Habits;
  /** Aborted when a server is gone and does not come back: there is nothing left to check. */
  readonly gone: AbortSignal;
  /** Another cross-check with this in the candidate's place; it journals as the run's own. */
  readonly against: (candidate: Backend) => CrossCheck;
  /** A complete command line for a counterexample of this run, or for a token. */
  readonly replayFile: (name: string) => string;
  readonly replayToken: (token: string) => string;
  /** Ends the journal, writes the reports, stops the servers; answers the exit code. Prints verdict and report. */
  finish(how: { readonly interrupted: boolean; readonly failure?: string }): Promise<number>;
}

/** Shrinking asks often and on quiet servers: what has not come after this long is not coming, ms. */
const labSettleMs = 400;
/** How long one side may take longer than the other, ms; in the lab every step that is never answered costs that much. */
const replyWaitMs = 10_000;
const labReplyWaitMs = 2_000;
/** Where a trial does not wait for what servers remove by themselves, it is over sooner, ms: what differs for so long differs. */
const labReapEveryMs = 600;

/** Cases in one cross-check. A few, because some requests have a cross-check to themselves, and others would wait for them; not one alone, because
 *  what cases do to each other is a part of what is compared. */
const casesPerCheck = 4;

/** Cross-checks of one run, at most. */
const checksMax = 8;

/** How many writes they remember together: far more than pass while a case runs. */
const writesRemembered = 200_000;

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The list that lies in the checkout. */
export const defaultKnownFile = join(root, "scenarios", "known-divergences.yml");

/** A new directory under reports/out, named by the time. */
export const newReportDir = (mode: string, now: Date = new Date()): string =>
  join(root, "reports", "out", `${now.toISOString().slice(0, 19).replaceAll(":", "-")}-${mode}`);

/** The backend that `--mutant` puts in the candidate's place: it lies in one named way, to see whether that is found. */
export function liar(name: string | undefined): (backend: Backend) => Backend {
  if (name === undefined) return (backend) => backend;
  const mutant = mutants.find((one) => one.name === name);
  if (mutant === undefined)
    throw new BadArgument("--mutant", name, `is no mutant; there are ${mutants.map((one) => one.name).join(", ")}`);
  return (backend) => mutant.wrap(backend);
}

/** The journal's first line, as far as a command decides it. */
export type RunFacts = Pick<RunLine, "mode" | "seed" | "replayToken" | "operationsFloor" | "cellsFloor" | "options">;

/** Finds or starts the servers, once the flags have turned out to be good. Throws `BadArgument`, `BadKnownList` and `ServerFailed`. */
export async function openSides(flags: StageFlags): Promise<Sides> {
  const known = loadKnown(flags.known ?? defaultKnownFile);
  const lie = liar(flags.mutant);
  return { known, lie, duel: await openDuel(flags) };
}

/** Opens the journal and the cross-checks. Errors: those of the file system. */
export function setStage(flags: StageFlags, { known, lie, duel }: Sides, facts: RunFacts): Stage {
  const reportDir = flags.reportDir ?? newReportDir(facts.mode);
  mkdirSync(reportDir, { recursive: true });
  const writer = new JournalWriter(join(reportDir, "journal.jsonl"));
  const startedAt = Date.now();
  writer.write({
    event: "run",
    format: journalFormat,
    tool: `xchk ${toolVersion}`,
    startedAt: new Date(startedAt).toISOString(),
    candidate: duel.candidate.description,
    oracle: duel.oracle.description,
    answerFrom: flags.answerFrom,
    ...facts,
    options: {
      ...facts.options,
      ...(flags.mutant === undefined ? {} : { mutant: flags.mutant }),
      ...(flags.reveal === true ? { reveal: true } : {}),
    },
  });
  if (duel.remark !== undefined) {
    new Progress().say(duel.remark);
    writer.write({ event: "note", text: duel.remark });
  }
  const journal = redacted(writer.write, { reveal: flags.reveal === true });
  const checks = openChecks(flags, { duel, known, lie, journal });
  const finish: Stage["finish"] = async ({ interrupted, ...how }) => {
    await checks.tellComebacks({ isHasty: interrupted });
    const failure = how.failure ?? checks.oracleLost();
    if (failure !== undefined) writer.write({ event: "note", text: failure });
    checks.tellDeaths();
    if (checks.cells.cells > 0) writer.write(checks.cells.line());
    writer.write(checks.book.endLine({ durationMs: Date.now() - startedAt, interrupted }));
    writer.close();
    await checks.close();
    if (flags.cleanup) {
      const roots = [...checks.arena.roots, ...checks.lab.roots];
      const progress = new Progress();
      await tidyUp([duel.candidate, duel.oracle], { roots, credential: flags.cleanupAuth, progress });
    }
    await duel.stop();
    return report(reportDir, known, failure);
  };
  const again = (what: string) => `bin/xchk replay ${[what, ...serverWords(flags)].join(" ")}`;
  const replayFile = (name: string) => again(relative(process.cwd(), join(reportDir, name)));
  const { close: _, ...rest } = checks;
  return { ...rest, duel, journal, reportDir, replayFile, replayToken: again, finish };
}

/** The flags without which a replay would meet other servers. */
const serverWords = ({ candidate, oracle, reapEveryMs, mutant }: StageFlags): string[] => [
  ...(candidate === "auto" ? [] : ["--candidate", candidate]),
  ...(oracle === "auto" ? [] : ["--oracle", oracle]),
  ...(reapEveryMs === undefined ? [] : ["--reap-every", String(reapEveryMs)]),
  ...(mutant === undefined ? [] : ["--mutant", mutant]),
];

/** Who meets whom, and what is forgiven. */
export interface Sides {
  readonly duel: Duel;
  readonly known: readonly KnownDivergence[];
  /** What `--mutant` makes of the candidate. */
  readonly lie: (backend: Backend) => Backend;
}

/** What the cross-checks are made of. */
export interface Parts extends Sides {
  readonly journal: JournalSink;
}

/** Cross-checks over the same servers: those that journal, and a hasty one, the lab, in which shrinking leaves no trace. */
export function openChecks(flags: StageFlags, { duel, known, lie, journal }: Parts) {
  const end = new AbortController();
  const waitMs = flags.comebackMs ?? comebackWaitMs;
  const candidate = lie(patient(duel.candidate.backend, () => end.abort(), waitMs));
  let oracleLost: string | undefined;
  const giveUpOracle = () => {
    oracleLost = `the oracle is gone: ${duel.oracle.backend.name} did not come back within ${waitMs / 1_000} s`;
    end.abort();
  };
  const oracle = patient(duel.oracle.backend, giveUpOracle, waitMs);
  const isKnown = knownMatcher(known);
  const { chroot, reapEveryMs } = duel;
  const shared: Omit<CrossCheckOptions, "emit" | "settleMs"> = {
    candidate,
    oracle,
    reapEveryMs,
    answerFrom: flags.answerFrom,
    replyWaitMs,
    serial: flags.serial ?? false,
    sharesServers: true,
    keepAnswers: true,
    reveal: flags.reveal ?? false,
    known: isKnown,
    isNoise: (fingerprint) => flags.noise?.has(fingerprint) === true,
    oracleDeaths: deathsOfBackend(duel.oracle.backend),
    eventZxid: eventZxidFor(duel.candidate.description.version, duel.oracle.description.version),
  };
  const book = new RunBook(journal);
  const deaths = deathsOfBackend(duel.candidate.backend);
  const habits = new Habits();
  const emit = sidesOnce((line) => {
    habits.note(line);
    book.take(line);
  });
  const wanted = flags.serial === true ? 1 : Math.ceil((flags.inFlight ?? 1) / casesPerCheck);
  const count = Math.min(wanted, checksMax);
  const remembered = { writesRemembered: Math.ceil(writesRemembered / count) };
  const checks = Array.from({ length: count }, () =>
    crosscheck({ ...shared, ...remembered, deaths, settleMs: flags.settleMs, emit }),
  );
  const cells = new CellCount();
  const slots = new Slots(flags.connectionsMax ?? Number.POSITIVE_INFINITY);
  const arena = new Arena(checks, book, { chroot, reapEveryMs, cells, slots });
  const silent = new RunBook(() => undefined);
  const labCheck = (settleMs: number) =>
    crosscheck({
      ...shared,
      deaths: deaths.ofTrials,
      settleMs,
      replyWaitMs: labReplyWaitMs,
      reapEveryMs: areWaitedFor(reapEveryMs) ? reapEveryMs : labReapEveryMs,
      emit: silent.take,
      observe: (seen): void => lab.observe(seen),
    });
  const hasty = labCheck(Math.min(labSettleMs, flags.settleMs));
  // Each server lets sessions expire in its own time, up to a tick later than the other.
  const unhurried = labCheck(flags.settleMs);
  const lab = new Lab(hasty, silent, { chroot, reapEveryMs, slots, patient: unhurried });
  lab.isFragile = () => deaths.count > 0;
  const others: CrossCheck[] = [];
  const against = (other: Backend): CrossCheck => {
    const opened = crosscheck({ ...shared, candidate: other, settleMs: flags.settleMs, emit: book.takeAlone });
    others.push(opened);
    return opened;
  };
  const close = async () => {
    for (const each of [...others, hasty, unhurried, ...checks]) await each.close();
  };
  const tellDeath = (underWay: readonly UnderWay[]) => deathLines(underWay, isKnown).forEach(book.emitNumbered);
  const tellDeaths = () => deaths.untold().forEach(tellDeath);
  const tellComeback = async (on: Side, backend: Backend) => {
    await lookAgain(backend);
    if (backend.status().serving)
      emit({ event: "side", n: book.lastNumber, on, state: "back", reason: "serves again" });
  };
  /** Who died near the end is back only now, if at all, and no sequence has noticed. An oracle gets its time to come back even then. */
  const tellComebacks = async ({ isHasty }: { readonly isHasty: boolean }) => {
    await tellComeback("candidate", duel.candidate.backend);
    await tellComeback("oracle", isHasty ? duel.oracle.backend : oracle);
  };
  const whenItDies = { deaths, habits, tellDeath, tellDeaths, tellComebacks, gone: end.signal };
  return {
    book,
    arena,
    lab,
    slots,
    cells,
    candidate,
    isKnown,
    against,
    ...whenItDies,
    oracleLost: () => oracleLost,
    close,
  };
}

/** Writes the reports of a finished journal, and prints what they say. */
export async function report(
  reportDir: string,
  known: readonly KnownDivergence[],
  failure: string | undefined,
): Promise<number> {
  const written = await writeReports(reportDir, { known });
  console.log(written.verdict.headline);
  for (const reason of written.verdict.reasons) console.log(`  ${reason}`);
  for (const cause of written.summary.divergences.slice(0, 20)) {
    const small = cause.minimalOperations === null ? "" : ` (${cause.minimalOperations} operations)`;
    console.log(`  ${cause.occurrences} x ${cause.fingerprint}${small}`);
    if (cause.replay !== null) console.log(`      ${cause.replay}`);
  }
  if (failure !== undefined) console.error(`xchk: ${failure}`);
  console.log(`Report: ${written.files.html}`);
  return failure !== undefined && written.exitCode !== 1 ? 255 : written.exitCode;
}

/** Ends a run on the first SIGINT or SIGTERM, and the process on the second. */
export const onInterrupt = (): AbortSignal =>
  interruption(() => {
    process.stderr.write("\nxchk: stopping; the report is written (once more to leave at once)\n");
  });
