/** junit.xml: one testsuite per operation, one testcase per cause, so that a CI system lists divergences as it lists failed tests. */
import { create } from "xmlbuilder2";
import { grouped } from "./bounds.ts";
import type { Cause } from "./causes.ts";
import type { KnownEntry } from "./known.ts";
import type { View } from "./view.ts";

/** A testcase before it is XML. */
interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly seconds: number;
  readonly outcome?: {
    readonly is: "failure" | "error" | "skipped";
    readonly message: string;
    readonly type?: string;
    readonly text?: string;
  };
}

/** What the gate adds to a view: testcases of a suite of their own. Without complaints the suite has one that passed. */
export interface GateTests {
  readonly complaints: readonly { readonly is: "failure" | "error"; readonly message: string }[];
}

/** Renders a view. Divergence = `failure`; anything that leaves the run undecided = `error` in the suite `harness`; known and unstable causes =
 *  `skipped` with their reason; an operation without any = one passed testcase. */
export function junitOf(view: View, known: readonly KnownEntry[] = [], gate?: GateTests): string {
  const cases = [
    ...harnessCases(view),
    ...operationCases(view),
    ...causeCases(view, known),
    ...(gate === undefined ? [] : gateCases(gate)),
  ];
  const count = (of: readonly TestCase[], is: string): number => of.filter((test) => test.outcome?.is === is).length;
  const totals = (of: readonly TestCase[]): Record<string, number> => ({
    tests: of.length,
    failures: count(of, "failure"),
    errors: count(of, "error"),
    skipped: count(of, "skipped"),
  });
  const root = create({ version: "1.0", encoding: "UTF-8" }).ele("testsuites", {
    name: "zetcd conformance",
    ...totals(cases),
    time: seconds(view.counts.durationMs ?? 0),
  });
  for (const suite of [...new Set(cases.map((test) => test.suite))]) {
    const own = cases.filter((test) => test.suite === suite);
    const element = root.ele("testsuite", {
      name: suite,
      ...totals(own),
      time: own.reduce((sum, test) => sum + test.seconds, 0).toFixed(3),
      ...(view.run === undefined ? {} : { timestamp: view.run.startedAt }),
    });
    const properties = element.ele("properties");
    for (const [name, value] of propertiesOf(view)) properties.ele("property", { name, value });
    for (const test of own) {
      const testcase = element.ele("testcase", {
        classname: `zetcd.${suite}`,
        name: test.name,
        time: test.seconds.toFixed(3),
      });
      if (test.outcome === undefined) continue;
      const { is, message, type, text } = test.outcome;
      const outcome = testcase.ele(is, { message, ...(type === undefined ? {} : { type }) });
      if (text !== undefined) outcome.txt(text);
    }
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

/** What every suite says about its run. */
function propertiesOf(view: View): [string, string][] {
  const { run } = view;
  if (run === undefined) return [["verdict", view.verdict.is]];
  return [
    ["verdict", view.verdict.is],
    ["mode", run.mode],
    ...(run.seed === undefined ? [] : [["seed", run.seed] as [string, string]]),
    ...(run.replayToken === undefined ? [] : [["replay", run.replayToken] as [string, string]]),
    ["tool", run.tool],
    ["candidate", `${run.candidate.name} ${run.candidate.version}`],
    ["oracle", `${run.oracle.name} ${run.oracle.version}`],
  ];
}

/** Is the run worth a verdict at all? Notes of a green or red run are no errors. */
function harnessCases(view: View): TestCase[] {
  const doubts = view.verdict.is === "conforms" ? [] : view.verdict.reasons;
  const suite = "harness";
  if (doubts.length === 0) return [{ suite, name: "the run is worth a verdict", seconds: 0 }];
  return doubts.map((doubt) => ({
    suite,
    name: doubt,
    seconds: 0,
    outcome: { is: "error", message: doubt, type: "undecided" },
  }));
}

function gateCases({ complaints }: GateTests): TestCase[] {
  const suite = "gate";
  if (complaints.length === 0) return [{ suite, name: "the known list and the floors are kept", seconds: 0 }];
  return complaints.map(({ is, message }) => ({
    ...{ suite, name: message, seconds: 0 },
    outcome: { is, message, type: is === "failure" ? "known" : "floor" },
  }));
}

/** One passed testcase for every operation that was compared. */
const operationCases = (view: View): TestCase[] =>
  view.coverage.rows
    .filter((row) => row.total > row.disagreed)
    .map((row) => ({ suite: row.op, name: `${grouped(row.total - row.disagreed)} replies agree`, seconds: 0 }));

function causeCases(view: View, known: readonly KnownEntry[]): TestCase[] {
  const test = (cause: Cause, outcome: TestCase["outcome"]): TestCase => ({
    suite: cause.operation,
    name: `${cause.field} [${cause.fingerprint}]`,
    seconds: (cause.shrinking?.shrinkMs ?? 0) / 1000,
    ...(outcome === undefined ? {} : { outcome }),
  });
  const { causes } = view;
  return [
    ...causes.diverges.map((cause) =>
      test(cause, { is: "failure", message: cause.words, type: cause.severity, text: explained(cause) }),
    ),
    ...causes.known.map((cause) => test(cause, { is: "skipped", message: excuse(cause, known) })),
    ...causes["oracle-unstable"].map((cause) =>
      test(cause, { is: "skipped", message: "the oracle disagrees with itself here" }),
    ),
  ];
}

/** Why a known divergence is tolerated, with the place where that is discussed. */
function excuse(cause: Cause, known: readonly KnownEntry[]): string {
  const entry = known.find(({ id }) => id === cause.known);
  const id = cause.known ?? "known";
  return entry === undefined ? `known: ${id}` : `known: ${id} ${entry.issue ?? ""} ${entry.why}`.replace(/\s+/g, " ");
}

/** What a reader of a CI log needs before opening the report. */
function explained(cause: Cause): string {
  return [
    `candidate: ${cause.candidate}`,
    `oracle:    ${cause.oracle}`,
    `seen ${grouped(cause.occurrences)} times, first at operation ${grouped(cause.firstSeen.n)}`,
    ...(cause.rule === undefined ? [] : [`rule: ${cause.rule.sentence} (${cause.rule.source})`]),
    ...cause.story.steps.map(
      (step, at) =>
        `${at + 1}. ${step.by}: ${step.op} ${step.args.map(([name, value]) => `${name}=${value}`).join(" ")} → ${step.said.candidate} | ${step.said.oracle}`,
    ),
    ...(cause.replay === undefined ? [] : [`replay: ${cause.replay}`]),
  ].join("\n");
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
