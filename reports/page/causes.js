import { copyButton, duration, el, grouped, plural } from "./dom.js";
import { storyView } from "./story.js";

/** One row per cause; its story is built when it is first opened. `chip` stands for the severity where the cause decides nothing. */
export function causeRow(cause, known, chip) {
  const summary = el(
    "summary",
    {},
    el("span", { class: `sev ${chip ? "minor" : cause.severity}` }, chip ?? cause.severity),
    el(
      "span",
      { class: "what" },
      el("b", {}, cause.operation),
      " · ",
      el("span", { class: "code" }, cause.field),
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
  );
  const row = el("details", { class: "cause" }, summary);
  row.addEventListener("toggle", () => {
    if (row.open) fill(row, cause, known);
  });
  return row;
}

/** Builds what a row opens to, once. */
export function fill(row, cause, known) {
  if (row.dataset.filled) return;
  row.dataset.filled = "yes";
  const entry = known.find(({ id }) => id === cause.known);
  row.append(
    el(
      "div",
      { class: "body" },
      cause.rule && ruleBox(cause.rule),
      entry && knownBox(entry),
      cause.replay &&
        el("div", { class: "command" }, el("code", {}, cause.replay), copyButton(cause.replay, "the replay command")),
      el("p", { class: "facts-line" }, provenance(cause)),
      storyView(cause.story),
    ),
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
  if (cause.paths.length > 0) parts.push(`on ${cause.paths.join(", ")}`);
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
