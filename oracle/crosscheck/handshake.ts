/** Opening one client connection on both sides: two handshakes that mean the same, compared. */
import type { BackendSession, Downstream, Hello, Opened } from "../../src/backend.ts";
import { decodeConnectResponse } from "../../src/protocol/connect.ts";
import { setWakingTimeout } from "../../src/protocol/waking-timeout.ts";
import { compareConnects } from "../compare/comparator.ts";
import type { Both, Difference, Side, Verdict } from "../compare/difference.ts";
import { both, eachOf, otherSide, sides } from "../compare/sides.ts";
import type { Answer } from "../journal.ts";
import { CrossConnection } from "./connection.ts";
import type { Label } from "./options.ts";
import { type ClosedSession, type Credentials, rewriteHello, type SessionRecord, translateZxid } from "./sessions.ts";
import type { Shared } from "./shared.ts";

/** Further ahead of everything seen than this, a client's zxid is from the future whatever happens meanwhile. */
const surelyFuture = 1_000_000;

/** What a side answered, how long it took, and when that was at the earliest, our clock, ms: a program that stood still (for `sleptMs`) learns of it
 *  late. */
interface Answered {
  readonly opened: Opened;
  readonly ms: number;
  readonly at: number;
  readonly sleptMs: number;
}

/** Asks both sides and answers the client from the truth, or from the side that is left. Never rejects. */
export async function openBoth(shared: Shared, label: Label, hello: Hello, downstream: Downstream): Promise<Opened> {
  const { book } = shared;
  const find = () => (hello.request.sessionId === 0 ? undefined : book.find(hello.request.sessionId));
  // The client may be served by the faster side and come back before the slower one has done what it asked; taking the session over, or resuming
  // one that is just closing, would then mean another thing there.
  const before = find();
  if (before !== undefined) await shared.answered(before);
  const found = find();
  const draft = found ?? book.draft(label, hello.request.sessionId !== 0);
  const hidesPeer = !isLoopback(hello.peer.address);
  const connection = new CrossConnection(shared, downstream, { record: draft, label, hidesPeer });
  draft.resumes++;
  const ask = (side: Side, own: Hello) => timed(shared, side, own, connection.downstreamOf(side));
  const askedAt = Date.now();
  const asked = await askBoth(shared, hello, found ?? book.findClosed(hello.request.sessionId), ask);
  const isAway = (side: Side) => shared.deathsOf(side).wasAway(askedAt);
  const answers = await askAgain(shared, asked, ask, isAway);
  const opened = eachOf(answers, ({ opened }) => opened);
  const differences = compareOpened(opened, { shared, label, found });
  const verdict = judge(shared, opened, differences, { hello, isAway });
  const isGranted = eachOf(opened, ({ is }) => is === "granted");
  if (verdict !== "diverges" && isGranted.candidate !== isGranted.oracle) shared.driftApart(label);
  shared.scribe.step({
    label,
    op: "connect",
    shape: found === undefined ? (hello.request.sessionId === 0 ? "new" : "stranger") : "resume",
    request: { op: "reconnect" },
    answers: eachOf(opened, answerOf),
    ms: eachOf(answers, ({ ms }) => ms),
    differences,
    verdict,
  });
  draft.resumes--;
  return serve(shared, answers, { connection, draft, isResumed: found !== undefined, isAway });
}

/** Loopback addresses look the same from every server on this machine. */
const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);

/** The other side is asked in its own words: its session id and password, and a zxid as far back or ahead as the client's is for the truth. */
async function askBoth(
  shared: Shared,
  hello: Hello,
  found: ClosedSession | undefined,
  ask: (side: Side, own: Hello) => Promise<Answered>,
): Promise<Both<Asked>> {
  const { truth, witness } = shared;
  const other = otherSide(truth);
  const credentials = credentialsFor(other, hello, found, truth);
  const last = hello.request.lastZxidSeen;
  const ahead = BigInt(last) - BigInt(witness.newest[truth]);
  const otherHello = (lastZxidSeen: typeof last) => rewriteHello(hello, { lastZxidSeen, credentials });
  const paired = (first: Asked, second: Asked): Both<Asked> =>
    truth === "candidate" ? { candidate: first, oracle: second } : { candidate: second, oracle: first };
  if (ahead > 0n && last > 0 && (witness.newest[truth] === 0 || ahead < surelyFuture)) {
    // It may be from the future, or from before we could see: only the truth can tell.
    const first = await ask(truth, hello);
    const isFuture = first.opened.is === "closed";
    const own = otherHello(isFuture ? 2 ** 52 : 0);
    const second = await ask(other, own);
    return paired({ own: hello, answered: first }, { own, answered: second });
  }
  const translated = translateZxid(last, { witness, truth, record: found });
  const own = otherHello(translated);
  const [first, second] = await Promise.all([ask(truth, hello), ask(other, own)]);
  return paired({ own: hello, answered: first }, { own, answered: second });
}

/** What a side was asked and what it said. */
interface Asked {
  readonly own: Hello;
  readonly answered: Answered;
}

/** A server hangs up right behind a refusal, and the refusal can be lost on the way: then that side looks as if it had closed without a word. So does
 *  one that is just going or coming, or that heard nothing for long on a new connection, because this program stood still (ZooKeeper gives clients 10 to
 *  20 s, nio.sessionlessCnxnTimeout). None has changed anything, so it can be asked once more. An oracle that closes on a new session is asked once more in
 *  any case: one that is right to says the same again, and one that has just started may not have been seen to be away. */
async function askAgain(
  shared: Shared,
  asked: Both<Asked>,
  ask: (side: Side, own: Hello) => Promise<Answered>,
  isAway: (side: Side) => boolean,
): Promise<Both<Answered>> {
  const again = async (side: Side): Promise<Answered> => {
    const { own, answered } = asked[side];
    const other = asked[otherSide(side)].answered.opened.is;
    if (answered.opened.is !== "closed") return answered;
    if (answered.sleptMs > 0) return ask(side, own);
    if (other === "closed") return answered;
    if (other === "refused") return ask(side, own);
    await shared.deathsOf(side).known();
    const isHarmless = side === "oracle" && own.request.sessionId === 0;
    return isHarmless || isAway(side) ? ask(side, own) : answered;
  };
  return { candidate: await again("candidate"), oracle: await again("oracle") };
}

/** A right password stays right and a wrong one wrong. */
function credentialsFor(
  side: Side,
  hello: Hello,
  found: ClosedSession | undefined,
  truth: Side,
): Credentials | undefined {
  const own = found?.credentials[side];
  if (own === undefined) return undefined;
  if (hasRightPassword(hello, found, truth)) return own;
  return { id: own.id, passwd: asWrong(hello.request.passwd, found?.credentials[truth]?.passwd ?? null, own.passwd) };
}

const hasRightPassword = (hello: Hello, found: ClosedSession | undefined, truth: Side): boolean =>
  Buffer.from(hello.request.passwd ?? []).equals(found?.credentials[truth]?.passwd ?? Buffer.alloc(0));

/** A password that is wrong in some bytes of `right`, made wrong in the same bytes of `own`; one that has little of it is passed on. */
function asWrong(said: Credentials["passwd"], right: Credentials["passwd"], own: Credentials["passwd"]) {
  if (said === null || right === null || own === null) return said;
  const rightBytes = said.filter((byte, i) => byte === right[i]).length;
  return rightBytes * 2 < right.length ? said : said.map((byte, i) => byte ^ (right[i] ?? 0) ^ (own[i] ?? 0));
}

/** A side that takes too long is treated as closed; what it grants later is let go. */
async function timed({ clock, options }: Shared, side: Side, hello: Hello, downstream: Downstream): Promise<Answered> {
  const { replyWaitMs: waitMs } = options;
  const startedMs = performance.now();
  const [askedAt, awakeAt] = [Date.now(), clock.now()];
  const opening = options[side].open(hello, downstream);
  const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
  const giveUp = setWakingTimeout(() => resolve(undefined), waitMs);
  const opened = await Promise.race([opening, tooLong]);
  giveUp();
  const ms = Math.round((performance.now() - startedMs) * 1_000) / 1_000;
  const at = askedAt + (clock.now() - awakeAt);
  const answered = { ms, at, sleptMs: Date.now() - at };
  if (opened !== undefined) return { opened, ...answered };
  void opening.then((late) => late.is === "granted" && late.session.close("shutdown"));
  return { opened: { is: "closed", reason: `no answer within ${waitMs} ms` }, ...answered };
}

function answerOf(opened: Opened): Answer {
  return opened.is === "closed" ? { is: "closed", err: "closed" } : { is: "reply", err: opened.is };
}

/** `found` is the session that was asked for. */
function compareOpened(
  opened: Both<Opened>,
  { shared, label, found }: { shared: Shared; label: Label; found: SessionRecord | undefined },
): Difference[] {
  const { candidate, oracle } = opened;
  if (candidate.is !== oracle.is)
    return [
      { is: "value", at: "connect", kind: "text", candidate: candidate.is, oracle: oracle.is, relation: "equal" },
    ];
  if (candidate.is === "closed" || oracle.is === "closed") return [];
  const leftOpen = sides.filter((side) => "isLeftOpen" in opened[side]);
  if (leftOpen.length === 1)
    return leftOpen.map((side) => ({ is: "closed", at: "connection", on: otherSide(side), died: false }));
  const raw = { candidate: candidate.raw, oracle: oracle.raw };
  const granted = eachOf(raw, (bytes) => {
    try {
      return decodeConnectResponse(bytes);
    } catch {
      return undefined;
    }
  });
  if (granted.candidate === undefined || granted.oracle === undefined) {
    const shown = eachOf(
      raw,
      (bytes, side) => `${bytes.length} bytes${granted[side] === undefined ? ", malformed" : ""}`,
    );
    return shown.candidate === shown.oracle ? [] : [{ is: "layout", at: "connect", ...shown }];
  }
  const asked = found?.credentials;
  const resumed =
    candidate.is === "granted" && asked?.candidate && asked.oracle
      ? { candidate: asked.candidate, oracle: asked.oracle }
      : undefined;
  return compareConnects({ candidate: granted.candidate, oracle: granted.oracle }, raw, {
    witness: shared.witness,
    case: label.case,
    ...(resumed === undefined ? {} : { resumed }),
    print: shared.scribe.print,
  });
}

/** A server that is not there says nothing about semantics, and a session may expire on one side a little earlier. */
function judge(
  shared: Shared,
  opened: Both<Opened>,
  differences: readonly Difference[],
  { hello, isAway }: { readonly hello: Hello; readonly isAway: (side: Side) => boolean },
): Verdict {
  const { scribe, book, truth } = shared;
  const isResuming = hello.request.sessionId !== 0;
  const found = isResuming ? book.find(hello.request.sessionId) : undefined;
  let isLost = false;
  for (const side of sides) {
    const one = opened[side];
    const isDead = one.is === "closed" && isAway(side);
    if (isDead) scribe.side(side, "lost", one.reason);
    else if (one.is === "granted") scribe.side(side, "back", "serves again");
    isLost ||= isDead;
  }
  if (isLost) return "unchecked";
  if (differences.length === 0) return "match";
  const isExpiring = found !== undefined && hasRightPassword(hello, found, truth) && book.isFading(found, Date.now());
  if (opened.candidate.is !== opened.oracle.is && isExpiring) return "timing";
  if (found !== undefined) return found.isFromBefore || found.isOneSided ? "unchecked" : "diverges";
  // A session from before this run may be known to the truth alone; that is how the run was begun, not how a side behaves.
  return isResuming && opened[truth].is === "granted" ? "unchecked" : "diverges";
}

/** Puts the client in touch with the side that answers it. */
function serve(
  shared: Shared,
  answers: Both<Answered>,
  how: { connection: CrossConnection; draft: SessionRecord; isResumed: boolean; isAway: (side: Side) => boolean },
): Opened {
  const { truth, book } = shared;
  const opened = eachOf(answers, (answered) => answered.opened);
  const other = otherSide(truth);
  const isTruthLost = opened[truth].is === "closed" && how.isAway(truth);
  const server = isTruthLost && opened[other].is === "granted" ? other : truth;
  const answer = opened[server];
  const sessions: Partial<Record<Side, BackendSession>> = {};
  for (const side of sides) {
    const one = opened[side];
    if (one.is === "granted") sessions[side] = one.session;
  }
  if (answer.is !== "granted") {
    for (const side of sides) sessions[side]?.close("shutdown");
    return answer;
  }
  const { connection, draft } = how;
  // In an array of its own: what outlives its connection must not hold the 64 KiB that small Buffers are cut from.
  const credentials = both((side) => {
    const granted = sessions[side]?.granted;
    return granted === undefined ? undefined : { id: granted.sessionId, passwd: new Uint8Array(granted.passwd ?? []) };
  });
  for (const side of sides) {
    const own = credentials[side];
    if (own !== undefined) draft.credentials[side] = own;
    // One that was away may have answered much later, and the other one's clock for the session has run since its own answer.
    book.heard(draft, side, answers[side].at);
  }
  draft.timeoutMs = answer.session.granted.timeOut;
  if (!how.isResumed) book.add(draft);
  if (book.isFading(draft, Date.now())) shared.lapsed(draft, "a session may have expired while it was granted");
  connection.begin(sessions, server);
  return { is: "granted", session: connection, raw: answer.raw };
}
