/** Whole runs for tests: clean, diverging, many causes, died, interrupted, a side lost, hostile. */
import type { HistoryLine, JournalLine, StepLine } from "../../oracle/journal.ts";
import { divergence, journal, notificationLine, runLine, stepLine, valueDifference } from "./journals.ts";
import { cversionStory, ghostWriteStory, lostWatchStory } from "./stories.ts";

/** What a generator sends most: operation, variant, result. */
const traffic: readonly (readonly [op: string, shape: string, err: string])[] = [
  ["create", "flags=persistent", "OK"],
  ["create", "flags=ephemeral", "NODEEXISTS"],
  ["create2", "flags=sequential", "OK"],
  ["setData", "version=-1", "OK"],
  ["setData", "version=stale", "BADVERSION"],
  ["getData", "watch", "OK"],
  ["getData", "", "NONODE"],
  ["exists", "watch", "NONODE"],
  ["getChildren2", "watch", "OK"],
  ["delete", "version=-1", "NOTEMPTY"],
  ["delete", "version=right", "OK"],
  ["multi", "ops=3", "OK"],
  ["multi", "ops=2", "BADVERSION"],
  ["addWatch", "mode=recursive", "OK"],
  ["getACL", "", "OK"],
  ["sync", "", "OK"],
];

/** A history of so many calls in 16 sessions; unless told otherwise, two of them break a rule. */
export function historyLine(count: number, { name = "history 1", broken = true } = {}): HistoryLine {
  const column = (of: (at: number) => number): number[] => Array.from({ length: count }, (_, at) => of(at));
  const middle = Math.floor(count / 2);
  const rules = [
    { rule: "monotonic-reads", call: middle, witness: middle - 1, expected: "zxid 7 or later", found: "zxid 6" },
    { rule: "sync", call: count - 1, witness: null, expected: "zxid 9 or later", found: "zxid 8" },
  ];
  return {
    event: "history",
    case: name,
    lanes: Array.from({ length: 16 }, (_, at) => ({ session: `s${at + 1}`, server: "127.0.0.1:2181" })),
    operations: ["getData", "setData", "create2"],
    paths: ["/a", "/a/<b>x</b>"],
    calls: {
      lane: column((at) => at % 16),
      start: column((at) => (at === 0 ? 0 : 90 + (at % 7))),
      took: column((at) => 400 + ((at * 37) % 1_500)),
      op: column((at) => at % 3),
      path: column((at) => at % 2),
      zxid: column(() => 1),
      err: column((at) => (at % 11 === 0 ? -101 : 0)),
      wrote: column((at) => (at % 3 === 0 ? 0 : 1)),
    },
    violations: broken ? rules : [],
    violated: broken ? rules.length : 0,
    faults: broken ? [{ lane: 3, start: count * 45, what: "connection lost" }] : [],
    diverging: null,
    cut: 0,
  };
}

/** A short behaviour table in which one row differs. */
export const behaviourLine: JournalLine = {
  event: "behaviour",
  table: {
    servers: [
      { name: "zetcd", version: "0.1.0", address: "127.0.0.1:2181" },
      { name: "zookeeper", version: "3.8.0", address: "127.0.0.1:2182" },
    ],
    fields: ["version", "cversion", "pzxid"],
    rows: [
      { operation: "create", on: "parent", result: ["OK", "OK"], cells: same("unchanged", "+1", "op") },
      { operation: "setData", on: "node", result: ["OK", "OK"], cells: same("+1", "unchanged", "unchanged") },
      {
        ...{ operation: "delete", on: "parent", result: ["OK", "OK"] },
        cells: [...same("unchanged", "+1"), ["unchanged", "op"]],
      },
    ],
  },
};

/** Cells in which both sides have the same word. */
function same(...words: readonly string[]): string[][] {
  return words.map((word) => [word, word]);
}

/** Mixed traffic that agrees, deterministic, `count` steps long, an event after every eighth. */
export function* mixedTraffic(count: number): Generator<JournalLine> {
  for (let n = 1; n <= count; n++) {
    const [op, shape, err] = traffic[(n * 7) % traffic.length] ?? ["ping", "", "OK"];
    const jitter = ((n * 2654435761) % 1000) / 1000;
    const ms = { candidate: 0.8 + 3 * jitter ** 4, oracle: 0.6 + 2 * jitter ** 3 };
    const at = { case: `case-${Math.floor(n / 12)}`, session: ["a", "b", "c"][n % 3] ?? "a", path: `/n${n % 5}` };
    yield stepLine(n, { ...at, op, shape, err: { candidate: err, oracle: err }, ms });
    if (n % 8 === 0) yield notificationLine(n, { ...at, type: n % 16 === 0 ? "dataChanged" : "deleted" });
  }
}

/** Everything agrees. */
export const cleanRun = (count = 240): JournalLine[] => journal([...mixedTraffic(count)]);

/** Three causes with shrunk stories, one without, a known one, one that healed, after traffic that agrees. */
export function divergingRun(agreeing = 960): JournalLine[] {
  const body: JournalLine[] = [...mixedTraffic(agreeing)];
  let n = agreeing;
  for (let times = 0; times < 17; times++) body.push(...divergence(++n));
  for (let times = 0; times < 4; times++) body.push(...lostEvent(++n));
  body.push(...ghostWrite(++n), ...unshrunk(++n));
  body.push(
    ...divergence(++n, { fingerprint: "create2 stat.pzxid value", operation: "create2", known: "D-007" }, "known"),
  );
  body.push(
    ...divergence(
      ++n,
      { fingerprint: "exists err late", operation: "exists", differences: [valueDifference("err", "OK", "NONODE")] },
      "timing",
    ),
  );
  body.push(behaviourLine, cversionStory, lostWatchStory, ghostWriteStory);
  body.push({ event: "note", text: "etcd answered its first request after 1.8 s" });
  return journal(body, { end: { durationMs: 6_420 } });
}

const lostEvent = (n: number): JournalLine[] => [
  ...divergence(n, {
    fingerprint: lostWatchStory.fingerprint,
    operation: "getChildren",
    session: "b",
    differences: [{ is: "absent", at: "event", on: "candidate", other: "deleted /n → b" }],
    request: { by: "b", op: "getChildren", path: "/n", watch: true },
    answers: { candidate: { is: "none" }, oracle: { is: "event", body: { type: 2, state: 3, path: "/n" } } },
  }),
];

const ghostWrite = (n: number): JournalLine[] => [
  ...divergence(n, {
    fingerprint: ghostWriteStory.fingerprint,
    operation: "create",
    differences: [valueDifference("err", "OK", "NOCHILDRENFOREPHEMERALS")],
    request: { by: "a", op: "create", path: "/e/child", data: "ghost" },
    answers: {
      candidate: { is: "reply", err: "OK", zxid: "31", body: { path: "/c2/e/child" } },
      oracle: { is: "reply", err: "NOCHILDRENFOREPHEMERALS", zxid: "4294967321" },
    },
  }),
];

const unshrunk = (n: number): JournalLine[] => [
  ...divergence(n, {
    fingerprint: "addWatch reply layout",
    operation: "addWatch",
    differences: [{ is: "layout", at: "body", candidate: "16 bytes", oracle: "20 bytes" }],
    request: { by: "c", op: "addWatch", path: "/n", mode: "recursive" },
    answers: {
      candidate: { is: "reply", err: "OK", zxid: "40", hex: "00000009000000000000002800000000" },
      oracle: {
        is: "reply",
        err: "OK",
        zxid: "4294967330",
        body: { err: "OK" },
        hex: "0000000900000001000000220000000000000000",
      },
    },
  }),
];

/** Thirty different causes over several operations, fields and paths. */
export function thirtyCauses(): JournalLine[] {
  const operations = ["getData", "exists", "setData", "create2", "getChildren2", "multi"];
  const fields = ["stat.version", "stat.cversion", "stat.pzxid", "err", "stat.ctime"];
  const body: JournalLine[] = [...mixedTraffic(500)];
  let n = 500;
  for (const operation of operations) {
    for (const field of fields) {
      const path = `/${operation}/${field}`;
      const times = (n % 5) + 1;
      for (let time = 0; time < times; time++)
        body.push(
          ...divergence(++n, {
            fingerprint: `${operation} ${field} value`,
            operation,
            differences: [valueDifference(field, "1", "2")],
            request: { by: "a", op: operation, path },
          }),
        );
    }
  }
  return journal(body);
}

/** The process was killed: no footer, the last line torn in `asText`. */
export const diedRun = (): JournalLine[] => [runLine(), ...mixedTraffic(60)];

/** Stopped by the user after enough was checked. */
export const interruptedRun = (): JournalLine[] => journal([...mixedTraffic(60)], { end: { interrupted: true } });

/** The oracle dies half way and stays dead, unless it comes `back`. */
export function sideLostRun(back: boolean): JournalLine[] {
  const unchecked: StepLine[] = [61, 62, 63].map((n) =>
    stepLine(n, { verdict: "unchecked", err: { candidate: "OK", oracle: "none" } }),
  );
  const body: JournalLine[] = [
    ...mixedTraffic(60),
    { event: "side", n: 60, on: "oracle", state: "lost", reason: "connection reset" },
    ...unchecked,
  ];
  if (back) body.push({ event: "side", n: 64, on: "oracle", state: "back", reason: "session resumed" }, stepLine(64));
  return journal(body);
}

/** Names and data made to break a page: markup, script, bidirectional overrides, NULs, lone surrogates, a megabyte. */
export const hostileTexts = [
  "</script><script>globalThis.broken = true</script>",
  '<img src=x onerror="globalThis.broken = true">',
  "<!--POLICY--> {{DATA}} $& $1 ]]> --> &lt;",
  "/a\u202egnp.exe",
  "/nul\u0000\u0007\u001b[31mred",
  "/lone\ud800surrogate\u2028line",
  `/mega${"x".repeat(1_048_576)}`,
] as const;

/** Divergences whose every text is hostile. */
export function hostileRun(): JournalLine[] {
  const body: JournalLine[] = [...mixedTraffic(20)];
  for (const [at, text] of hostileTexts.entries()) {
    const n = 21 + at;
    body.push(
      ...divergence(n, {
        fingerprint: `getData data ${at} ${text}`,
        session: text,
        case: text,
        differences: [valueDifference("data", text, `${text}!`)],
        request: { by: text, op: "getData", path: text, data: { hex: text }, [text]: text },
        answers: {
          candidate: {
            is: "reply",
            err: text,
            zxid: text,
            body: { data: text, [text]: [text] },
            hex: "00".repeat(text.length),
          },
          oracle: {
            is: "reply",
            err: "OK",
            zxid: "1",
            body: { data: `${text}!` },
            hex: `${"00".repeat(text.length >> 1)}ff`,
          },
        },
      }),
    );
    body.push(
      { event: "note", text },
      { ...cversionStory, fingerprint: `getData data ${at} ${text}`, replay: text, file: text },
    );
  }
  return journal(body, {
    run: {
      seed: "<b>1</b>",
      replayToken: hostileTexts[0],
      candidate: { name: hostileTexts[1], address: hostileTexts[3], version: hostileTexts[4] },
    },
  });
}

/** A journal as the file would hold it. */
export const asText = (lines: Iterable<JournalLine>): string =>
  [...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
