import { el, plural } from "./dom.js";
import { fieldTable, hexView } from "./fields.js";
import { treeTable } from "./tree.js";

/** A story with its scrubber: one step is current; its answers, bytes and the trees after it are shown. */
export function storyView(story) {
  if (story.steps.length === 0)
    return el("p", { class: "quiet" }, "The story was left out to keep this file small; the journal has it.");
  const firstBad = story.steps.findIndex((step) => step.complaints.length > 0);
  const detail = el("div", {});
  const cards = [];
  const slider = el("input", {
    type: "range",
    min: "1",
    max: String(story.steps.length),
    step: "1",
    "aria-label": "Step",
  });
  const back = el("button", { type: "button", "aria-label": "Previous step" }, "◂");
  const forth = el("button", { type: "button", "aria-label": "Next step" }, "▸");
  const label = el("output", { class: "soft" });
  const show = (at) => {
    slider.value = String(at + 1);
    slider.setAttribute("aria-valuetext", `Step ${at + 1} of ${story.steps.length}: ${story.steps[at].op}`);
    label.textContent = `step ${at + 1} of ${story.steps.length}`;
    back.disabled = at === 0;
    forth.disabled = at === story.steps.length - 1;
    for (const [index, card] of cards.entries()) {
      if (index === at) card.setAttribute("aria-current", "step");
      else card.removeAttribute("aria-current");
    }
    detail.replaceChildren(...stepDetail(story, at));
  };
  const lanes = laneTable(story, cards, show);
  slider.addEventListener("input", () => show(Number(slider.value) - 1));
  back.addEventListener("click", () => show(Number(slider.value) - 2));
  forth.addEventListener("click", () => show(Number(slider.value)));
  show(firstBad < 0 ? story.steps.length - 1 : firstBad);
  return el(
    "div",
    { class: "story" },
    el("h3", {}, story.shrunk ? "The shortest story that shows it" : "The operation where it was first seen"),
    lanes,
    story.cut > 0 && el("p", { class: "quiet" }, `${plural(story.cut, "further step")} left out.`),
    story.steps.length > 1 && el("div", { class: "scrub" }, back, slider, forth, label),
    detail,
  );
}

/** A column per session, a row per step: who did what, and what came of it on both sides. */
function laneTable(story, cards, show) {
  const rows = story.steps.map((step, at) => {
    const card = stepCard(step, () => show(at));
    cards.push(card);
    const cells = story.sessions.map((session) => el("td", {}, session === step.by && [card, eventLines(step)]));
    return el("tr", {}, el("th", { scope: "row" }, String(at + 1)), cells);
  });
  const table = el(
    "table",
    { class: "lanes" },
    el(
      "colgroup",
      {},
      el("col", { class: "at" }),
      story.sessions.map(() => el("col")),
    ),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, el("span", { class: "unseen" }, "Step")),
        story.sessions.map((session) => el("th", { scope: "col" }, `session ${session}`)),
      ),
    ),
    el("tbody", {}, rows),
  );
  table.style.setProperty("--sessions", story.sessions.length);
  return el("div", { class: "scroll" }, table);
}

/** Where the differences of a step lie whose result codes agree. */
const place = (step) =>
  step.rows.some((row) => row.mark === "differs" && !row.at.startsWith("event")) ? "fields" : "events";

function stepCard(step, choose) {
  const agree = step.said.candidate === step.said.oracle;
  const said = agree
    ? [step.said.oracle, step.complaints.length > 0 && el("span", { class: "ne" }, ` ≠ in its ${place(step)}`)]
    : [
        el("span", { class: "candidate" }, step.said.candidate),
        el("span", { class: "ne" }, " ≠ "),
        el("span", { class: "oracle" }, step.said.oracle),
      ];
  return el(
    "button",
    { type: "button", class: step.complaints.length > 0 ? "step bad" : "step", on: { click: choose } },
    el("b", {}, step.op),
    " ",
    el(
      "span",
      { class: "args code" },
      step.args.map(([name, value]) => (name === "path" ? value : `${name}=${value}`)).join("  "),
    ),
    el("span", { class: "said" }, "→ ", said),
  );
}

/** Watch events that came with a step; one line where both sides sent the same. */
function eventLines(step) {
  const { candidate, oracle } = step.events;
  if (candidate.length + oracle.length === 0) return null;
  const told = (events) => (events.length === 0 ? "no event" : events.join(", "));
  if (told(candidate) === told(oracle)) return el("p", { class: "events" }, `⚑ ${told(oracle)}`);
  return [
    el("p", { class: "events candidate" }, `⚑ candidate: ${told(candidate)}`),
    el("p", { class: "events oracle" }, `⚑ oracle: ${told(oracle)}`),
  ];
}

function stepDetail(story, at) {
  const step = story.steps[at];
  const withTree = story.steps.some((each) => each.effects.candidate.length + each.effects.oracle.length > 0);
  return [
    el(
      "div",
      { class: "pair" },
      el(
        "div",
        { class: withTree ? "" : "only" },
        el("h3", {}, `Both answers to step ${at + 1}`),
        step.complaints.length > 0 && el("p", { class: "soft small" }, `${step.complaints.join("; ")}.`),
        fieldTable(step),
      ),
      withTree && el("div", {}, el("h3", {}, `Both trees after step ${at + 1}`), treeTable(story, at)),
    ),
    step.hex && el("h3", {}, "Raw frames"),
    ...(step.hex ? hexView(step.hex) : []),
  ].filter(Boolean);
}
