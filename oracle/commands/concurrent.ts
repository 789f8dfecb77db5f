/** `xchk concurrent`: clients run freely against the candidate, and the history they saw is laid before the oracle. */
import { randomInt } from "node:crypto";
import { CandidateLost } from "../../scenarios/concurrent/client.ts";
import { drive } from "../../scenarios/concurrent/drive.ts";
import { changesOf, type History } from "../../scenarios/concurrent/history.ts";
import { pictureOf } from "../../scenarios/concurrent/picture.ts";
import { RecordedCandidate } from "../../scenarios/concurrent/recorded.ts";
import { OracleLost, replay, sessionName } from "../../scenarios/concurrent/replay.ts";
import { type Violation, violations } from "../../scenarios/concurrent/rules.ts";
import type { Backend } from "../../src/backend.ts";
import { errorName } from "../../src/protocol/error-codes.ts";
import { bridge } from "../bridge.ts";
import { fingerprintOf } from "../compare/fingerprint.ts";
import { BadArgument, parseServer } from "../servers/endpoints.ts";
import { type RawFlags, stageFlags, wholeNumber } from "./flags.ts";
import { bar, Progress } from "./progress.ts";
import { liar, onInterrupt, openSides, type Stage, setStage } from "./stage.ts";

/** What a run is asked for. */
interface Request {
  readonly seed: number;
  readonly sessions: number;
  readonly operations: number;
  readonly histories: number;
  readonly inFlight: number;
}

/** Reads the flags, runs, answers the exit code. Throws `BadArgument`, `BadKnownList` and `ServerFailed`. */
export async function concurrentCommand(raw: RawFlags & { readonly also?: readonly string[] }): Promise<number> {
  const request: Request = {
    seed: wholeNumber(raw, "seed", 0) ?? randomInt(2 ** 31),
    sessions: wholeNumber(raw, "sessions", 1) ?? 16,
    operations: wholeNumber(raw, "ops", 1) ?? 5_000,
    histories: wholeNumber(raw, "histories", 1) ?? 4,
    inFlight: wholeNumber(raw, "in-flight", 1) ?? 8,
  };
  const flags = stageFlags(raw);
  const lie = liar(flags.mutant);
  const others = (raw.also ?? []).map((address) => lie(otherDoor(address)));
  const stop = onInterrupt();
  const stage = setStage(flags, await openSides(flags), {
    mode: "concurrent",
    seed: String(request.seed),
    operationsFloor: Math.ceil((request.operations * request.histories) / 2),
    options: {
      ...{ sessions: request.sessions, operations: request.operations, histories: request.histories },
      ...{ inFlight: request.inFlight, servers: 1 + others.length },
    },
  });
  const progress = new Progress();
  progress.say(`seed ${request.seed}: ${request.sessions} clients on ${1 + others.length} servers`);
  let failure: string | undefined;
  try {
    for (let index = 0; index < request.histories && !stop.aborted; index++)
      await oneHistory(index, { request, stage, progress, stop, servers: [stage.candidate, ...others] });
  } catch (error) {
    if (!(error instanceof CandidateLost || error instanceof OracleLost)) throw error;
    failure = error.message;
  }
  progress.done();
  await Promise.all(others.map((other) => other.close()));
  return stage.finish({ interrupted: stop.aborted, ...(failure === undefined ? {} : { failure }) });
}

/** Throws `BadArgument`: only a server that is there can be another one of the same service. */
function otherDoor(address: string): Backend {
  const server = parseServer(address, "--also");
  if (server.is !== "zk" || server.chroot !== "") throw new BadArgument("--also", address, "is not zk://HOST:PORT");
  return bridge({ host: server.host, port: server.port });
}

async function oneHistory(
  index: number,
  run: {
    readonly request: Request;
    readonly stage: Stage;
    readonly progress: Progress;
    readonly stop: AbortSignal;
    readonly servers: readonly Backend[];
  },
): Promise<void> {
  const { request, stage, progress, stop } = run;
  const name = `history ${index + 1}`;
  const root = `${stage.duel.chroot}/c${Date.now().toString(36)}-${index}/h`;
  stage.arena.roots.push(root);
  const history = await drive({
    ...{ servers: run.servers, root, seed: request.seed + index * 1_000, stop },
    ...{ clients: request.sessions, operations: request.operations, inFlight: request.inFlight },
    progress: (answered) => progress.show(() => `${name}: ${bar(answered / request.operations)} ${answered} answered`),
  });
  for (const text of notesOn(history)) stage.journal({ event: "note", text: `${name}: ${text}` });
  const broken = violations(history);
  journalViolations(broken, name, stage);
  const record = stage.arena.book.open(name);
  const check = stage.against(new RecordedCandidate(history));
  const asked = await replay(history, {
    ...{ check, name, stop },
    isOver: () => record.divergence !== undefined,
    progress: (replayed, of) => progress.show(() => `${name}: ${bar(replayed / of)} ${replayed} of ${of} compared`),
  });
  stage.arena.book.close(name);
  const diverging = record.divergence === undefined ? undefined : asked.get(record.divergence.session);
  stage.journal(pictureOf(history, { name, broken, diverging }));
  const lost = history.lanes.filter(({ over }) => over?.why === "lost").map(({ session }) => sessionName(session));
  if (lost.length > 0) throw new CandidateLost(`${name}: no server gives ${lost.join(", ")} back`);
}

/** What became of the connections, and what follows for the comparison. */
function notesOn(history: History): string[] {
  const { moves, losses, ends } = changesOf(history);
  const notes = [`clients moved ${moves} times`];
  if (losses > 0) notes.push(`${losses} connections were lost; ${losses - ends} were replaced, ${ends} sessions ended`);
  if (history.unanswered > 0) notes.push(`${history.unanswered} requests were never answered`);
  if (history.certainTo !== Number.POSITIVE_INFINITY)
    notes.push("what may have come behind a write without an answer, or behind a session's end, is not compared");
  return notes;
}

/** One line for each rule that is broken, with its first case: what follows from the same cause is echo. */
function journalViolations(found: readonly Violation[], name: string, { arena, isKnown }: Stage): void {
  const { book } = arena;
  const told = new Set<string>();
  for (const { rule, call, said } of found) {
    if (told.has(rule)) continue;
    told.add(rule);
    const n = book.lastNumber + 1;
    const differences = [{ is: "order", at: rule, candidate: said.found, oracle: said.expected }] as const;
    const fingerprint = fingerprintOf("history", differences);
    const where = { n, case: `${name}, ${rule}`, session: sessionName(call.session) };
    const known = isKnown({ ...where, fingerprint, operation: call.op, path: call.path, differences });
    const verdict = known === undefined ? "diverges" : "known";
    const err = errorName(call.err);
    const answer = { is: "reply", err, zxid: String(call.zxid) } as const;
    book.emit({
      ...{ event: "step", ...where, op: call.op, path: call.path, err: { candidate: err, oracle: err } },
      ...{ ms: { candidate: call.returnedMs - call.invokedMs, oracle: -1 }, verdict },
    });
    book.emit({
      ...{ event: "divergence", ...where, fingerprint, operation: call.op, verdict, differences },
      request: { op: call.op, path: { exact: call.path } },
      answers: { candidate: answer, oracle: { is: "none" } },
      ...(known === undefined ? {} : { known }),
    });
  }
}
