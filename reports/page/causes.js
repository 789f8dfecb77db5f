import { arrange, copyButton, duration, el, grouped, plural } from "./dom.js";
import { storyView } from "./story.js";

/** A row that shows one cause, again and again as it grows; its story is built when it is first opened and stays as the reader left it. `chip`
 *  stands for the severity where the cause decides nothing. */
function causeRow(chip) {
  const summary = el("summary", {});
  const element = el("details", { class: "cause" }, summary);
  const seen = el("p", { class: "facts-line" });
  let current;
  let filledWith;
  const fill = () => {
    const { cause, known } = current;
    const content = JSON.stringify([cause.story, cause.rule, cause.replay, cause.known]);
    seen.textContent = provenance(cause);
    if (content === filledWith) return;
    filledWith = content;
    arrange(element, summary, body(cause, known, seen));
  };
  element.addEventListener("toggle", () => {
    if (element.open) fill();
  });
  const show = (cause, known) => {
    current = { cause, known };
    summary.replaceChildren(...headOf(cause, chip));
    if (filledWith !== undefined) fill();
  };
  return { element, fill, show };
}

/** The rows of a group of causes, worst first. Showing a later state keeps the rows that are still there, open or not. */
export function causeList(chip) {
  const element = el("div", { class: "causes" });
  let rows = new Map();
  const show = (causes, known) => {
    rows = new Map(causes.map((cause) => [cause.fingerprint, rows.get(cause.fingerprint) ?? causeRow(chip)]));
    const pairs = causes.map((cause) => [cause, rows.get(cause.fingerprint)]);
    for (const [cause, row] of pairs) row.show(cause, known);
    arrange(
      element,
      pairs.map(([, row]) => row.element),
    );
    return pairs;
  };
  return { element, show };
}

/** What a closed row says. */
const headOf = (cause, chip) => [
  el("span", { class: `sev ${chip ? "minor" : cause.severity}` }, chip ?? cause.severity),
  el(
    "span",
    { class: "what" },
    el("b", {}, cause.operation),
    cause.field !== cause.operation && [" · ", el("span", { class: "code" }, cause.field)],
    el("span", { class: "print code" }, cause.fingerprint),
  ),
  el(
    "span",
    { class: "both code" },
    el("span", { class: "candidate" }, cause.candidate),
    el("span", { class: "soft" }, " ≠ "),
    el("span", { class: "oracle" }, cause.oracle),
  ),
  el("span", { class: "num" }, `× ${grouped(cause.occurrences)}`),
  el("span", { class: "num first" }, `#${grouped(cause.firstSeen.n)}`, el("small", {}, "first seen")),
];

/** What a row opens to. */
function body(cause, known, seen) {
  const entry = known.find(({ id }) => id === cause.known);
  return el(
    "div",
    { class: "body" },
    cause.rule && ruleBox(cause.rule),
    entry && knownBox(entry),
    cause.replay &&
      el("div", { class: "command" }, el("code", {}, cause.replay), copyButton(cause.replay, "the replay command")),
    seen,
    storyView(cause.story),
  );
}

const ruleBox = (rule) =>
  el(
    "div",
    { class: "rule" },
    el("p", {}, rule.sentence),
    el("p", { class: "soft small" }, "ZooKeeper 3.9: ", el("span", { class: "code" }, rule.source)),
  );

const knownBox = (entry) =>
  el("p", { class: "facts-line" }, `Known as ${entry.id}: ${entry.why}`, entry.expires && ` (until ${entry.expires})`);

/** Where a cause was seen and how sure its story is. */
function provenance(cause) {
  const { firstSeen, shrinking } = cause;
  const parts = [`First seen at operation ${grouped(firstSeen.n)}, session ${firstSeen.session} of ${firstSeen.case}`];
  if (cause.occurrences > 1) parts.push(`last at ${grouped(cause.lastSeen)}`);
  const isRooted = cause.paths.some((path) => /^(\/zookeeper\/quota)?~/.test(path));
  if (cause.paths.length > 0) parts.push(`on ${cause.paths.join(", ")}${isRooted ? " (~ is the case's root)" : ""}`);
  if (shrinking === undefined) parts.push("not shrunk");
  else {
    parts.push(
      `shrunk to ${plural(shrinking.operations, "operation")} in ${plural(shrinking.sessions, "session")} within ${duration(shrinking.shrinkMs)}`,
    );
    parts.push(`reproduced ${shrinking.reproduced} of ${plural(shrinking.attempts, "time")}`);
    parts.push(`saved as ${shrinking.file}`);
  }
  return `${parts.join(" · ")}.`;
}

/** What the filter looks into. */
export const searchText = (cause) =>
  [
    cause.operation,
    cause.field,
    cause.fingerprint,
    cause.words,
    cause.candidate,
    cause.oracle,
    cause.known ?? "",
    ...cause.paths,
  ]
    .concat(cause.story.steps.flatMap((step) => [step.op, ...step.args.map(([, value]) => value)]))
    .join("\n")
    .toLowerCase();
