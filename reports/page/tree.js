import { el } from "./dom.js";

/** Both trees after the steps 0 … upTo, as maps from path to facts. */
function treesAfter(story, upTo) {
  const trees = { candidate: new Map(), oracle: new Map() };
  for (const step of story.steps.slice(0, upTo + 1)) {
    for (const side of ["candidate", "oracle"]) {
      for (const effect of step.effects[side]) {
        if (effect.gone) trees[side].delete(effect.path);
        else trees[side].set(effect.path, effect.facts);
      }
    }
  }
  return trees;
}

/** The znode trees that both sides must hold after a step, aligned by path; what differs is marked. */
export function treeTable(story, upTo) {
  const { candidate, oracle } = treesAfter(story, upTo);
  const paths = [...new Set([...candidate.keys(), ...oracle.keys()])].sort();
  if (paths.length === 0) return el("p", { class: "quiet" }, "Both trees are empty.");
  const rows = paths.map((path) => {
    const own = candidate.get(path);
    const other = oracle.get(path);
    const names = own && other ? [...new Set([...Object.keys(own), ...Object.keys(other)])] : [];
    // A fact that only one side has told is no difference: the other side's replies did not speak of it.
    const differing = new Set(
      names.filter((name) => own[name] !== undefined && other[name] !== undefined && own[name] !== other[name]),
    );
    const differs = !own || !other || differing.size > 0;
    return el(
      "tr",
      { class: differs ? "differs" : "same" },
      el("td", { class: "mark" }, differs && "≠", differs && el("span", { class: "unseen" }, "differs")),
      el("th", { scope: "row" }, indented(path)),
      factsCell(own, differing),
      factsCell(other, differing),
    );
  });
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", class: "mark" }, el("span", { class: "unseen" }, "Mark")),
    el("th", { scope: "col" }, "znode"),
    el("th", { scope: "col", class: "candidate" }, "candidate"),
    el("th", { scope: "col", class: "oracle" }, "oracle"),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "sidebyside tree" }, el("thead", {}, head), el("tbody", {}, rows)),
  );
}

function factsCell(facts, differing) {
  if (!facts) return el("td", { class: "missing" }, "absent");
  const items = Object.entries(facts).map(([name, value]) =>
    el("li", { class: differing.has(name) ? "ne" : false }, `${name} ${value}`),
  );
  return el("td", {}, el("ul", { class: "told" }, items));
}

/** Indented by depth, with the whole path, so that a row can be read alone. */
const indented = (path) => `${"\u00a0\u00a0".repeat(Math.max(0, path.split("/").length - 2))}${path}`;
