import { copyButton, duration, el, grouped } from "./dom.js";

const badges = { conforms: "✓", diverges: "≠", undecided: "?" };

/** The verdict in words and the facts that a reader needs to believe or repeat it. */
export function header({ view }) {
  const { verdict, run } = view;
  return [
    el(
      "div",
      { class: "verdict" },
      el("span", { class: `badge ${verdict.is}`, "aria-hidden": "true" }, badges[verdict.is]),
      el("p", { class: `word ${verdict.is}` }, verdict.is),
      el("h1", {}, verdict.headline),
    ),
    verdict.reasons.length > 0 &&
      el(
        "ul",
        { class: "reasons" },
        verdict.reasons.map((reason) => el("li", {}, reason)),
      ),
    run && versus(run),
    facts(view),
    verdictBar(view.counts.verdicts),
  ];
}

function versus(run) {
  const server = (role) =>
    el(
      "div",
      {},
      el("p", { class: `role ${role}` }, `${role}${run.answerFrom === role ? " (answered the clients)" : ""}`),
      el("p", { class: "name" }, `${run[role].name} ${run[role].version}`),
      el("p", { class: "soft small code" }, run[role].address),
    );
  return el(
    "div",
    { class: "versus" },
    server("candidate"),
    el("span", { class: "and", "aria-hidden": "true" }, "compared with"),
    server("oracle"),
  );
}

function facts({ run, end, counts, isRunning }) {
  const fact = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const copied = (name, value) =>
    el("div", { class: "wide" }, el("dt", {}, name), el("dd", {}, el("code", {}, value), copyButton(value, name)));
  return el(
    "dl",
    { class: "facts" },
    fact("Replies checked", grouped(counts.checkedReplies)),
    fact("Watch events checked", grouped(counts.checkedEvents)),
    fact("Checked per second", counts.opsPerSecond === undefined ? "unknown" : grouped(counts.opsPerSecond)),
    fact("Duration", counts.durationMs === undefined ? "unknown" : duration(counts.durationMs)),
    fact("Cases", grouped(counts.runs)),
    fact(
      "Mode",
      `${run?.mode ?? "unknown"}${end?.interrupted ? ", interrupted" : ""}${isRunning ? ", under way" : ""}`,
    ),
    run && fact("Started", startedAt(run.startedAt)),
    run && fact("Tool", run.tool),
    run?.seed && copied("Seed", run.seed),
    run?.replayToken && copied("Replay token", run.replayToken),
  );
}

/** An ISO time as people write it, to the minute. */
const startedAt = (iso) => String(iso).replace(/^(\S+)T(\d\d:\d\d).*Z$/, "$1 $2Z");

const verdictWords = {
  match: "agree",
  diverges: "diverge",
  known: "known",
  timing: "timing only",
  "oracle-unstable": "oracle unstable",
  unchecked: "not checked",
};

function verdictBar(verdicts) {
  const shown = Object.keys(verdictWords).filter((name) => verdicts[name] > 0);
  const bar = el("div", { class: "bar", "aria-hidden": "true" });
  for (const name of shown) {
    const part = el("span", { class: `is-${name}` });
    part.style.flexGrow = verdicts[name];
    bar.append(part);
  }
  const key = shown.map((name) =>
    el("li", {}, el("i", { class: `is-${name}` }), `${grouped(verdicts[name])} ${verdictWords[name]}`),
  );
  return [bar, el("ul", { class: "key", "aria-label": "Steps and events by verdict" }, key)];
}
