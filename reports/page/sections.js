import { behaviourView } from "./behaviour.js";
import { causeList } from "./causes.js";
import { cellMatrix, unmetList } from "./cells.js";
import { coverageMatrix, neverList, variantList, watchMatrix } from "./coverage.js";
import { arrange, el, grouped, plural, table } from "./dom.js";
import { filterBar } from "./filter.js";
import { historyView } from "./history.js";
import { latencyView } from "./latency.js";

/** A headed section that the navigation can jump to. */
function headed(id, title) {
  const head = el("h2", { id: `${id}-title` }, title);
  return { head, element: el("section", { id, "aria-labelledby": `${id}-title` }, head) };
}

/** A section that is written anew whenever what it shows has changed; `content` answers null where there is nothing to show. Sideways scrolling and
 *  what is unfolded are carried over. */
function plainSection(id, title, content) {
  const { head, element } = headed(id, title);
  let last;
  const show = (data) => {
    const parts = content(data);
    if (parts === null) return false;
    const fresh = el("div", {}, parts);
    if (fresh.isEqualNode(last)) return true;
    for (const [at, old] of [...(last?.querySelectorAll("details") ?? [])].entries()) {
      const same = fresh.querySelectorAll("details")[at];
      if (same) same.open = old.open;
    }
    const scrolled = [...(last?.querySelectorAll(".scroll") ?? [])].map((old) => old.scrollLeft);
    last = fresh;
    arrange(element, head, fresh);
    for (const [at, box] of [...fresh.querySelectorAll(".scroll")].entries()) box.scrollLeft = scrolled[at] ?? 0;
    return true;
  };
  return { element, show };
}

/** The unexpected divergences, with the filter where there is something to filter. `open` shows a row's story before it is printed. */
export function divergenceSection() {
  const { head, element } = headed("divergences", "Divergences");
  const words = el("p", { class: "soft" }, "One row per cause, the worst first. Open one for its story.");
  const list = causeList();
  const filter = filterBar();
  let rows = [];
  const show = ({ view, known, left }) => {
    const causes = view.causes.diverges;
    rows = list.show(causes, known);
    filter.show(rows);
    const none = causes.length === 0 && el("p", { class: "quiet" }, view.isRunning ? "None so far." : "None.");
    arrange(element, head, none || [words, causes.length > 1 && filter.element, list.element], cutNote(view, left));
    return true;
  };
  const open = (count) => {
    for (const [, row] of rows.slice(0, count)) {
      row.fill();
      row.element.open = true;
    }
  };
  return { element, show, open };
}

/** What the bounds of the report have left out. */
function cutNote(view, left) {
  const cut = [
    view.causesCut > 0 && `${plural(view.causesCut, "divergence")} of further causes were counted but not kept.`,
    left.causes > 0 && `${plural(left.causes, "cause")} left out to keep this file small.`,
    left.details > 0 &&
      `${plural(left.details, "cause")} shown without the story, to keep this file small; the journal has everything.`,
  ].filter(Boolean);
  return cut.length > 0 && el("p", { class: "quiet" }, cut.join(" "));
}

/** Divergences that someone has written down and accepted. */
export function knownSection() {
  const { head, element } = headed("known", "Known divergences");
  const list = causeList("known");
  const show = ({ view, known }) => {
    const seen = new Set(view.causes.known.map((cause) => cause.known));
    if (seen.size === 0 && known.length === 0) return false;
    const listed = known.map((entry) => [
      el("code", {}, entry.id),
      entry.why,
      issueLink(entry.issue),
      entry.owner ?? "",
      expiry(entry, view.run?.startedAt),
      seen.has(entry.id) ? plural(sum(view.causes.known, entry.id), "time") : "not seen",
    ]);
    list.show(view.causes.known, known);
    arrange(
      element,
      head,
      el("p", { class: "soft" }, "Accepted differences, each with its reason. They do not decide the verdict."),
      listed.length > 0 &&
        el("div", { class: "scroll" }, table("listing", ["Id", "Reason", "Issue", "Owner", "Until", "Seen"], listed)),
      list.element,
    );
    return true;
  };
  return { element, show };
}

const sum = (causes, id) =>
  causes.filter((cause) => cause.known === id).reduce((total, cause) => total + cause.occurrences, 0);

/** Only web addresses become links: the list is a file that anyone may edit. */
const issueLink = (issue) =>
  issue === undefined
    ? ""
    : /^https?:\/\//.test(issue)
      ? el("a", { href: issue, rel: "noreferrer noopener" }, issue.replace(/^https?:\/\/(www\.)?/, ""))
      : issue;

/** The expiry date, marked where the run began after it. */
function expiry(entry, startedAt) {
  if (entry.expires === undefined) return "";
  const expired = startedAt !== undefined && String(startedAt).slice(0, 10) > entry.expires;
  return el("span", { class: expired ? "expired" : "" }, expired ? `${entry.expires}, expired` : entry.expires);
}

/** Differences that decide nothing: those that healed by themselves, and those in which the oracle disagrees with itself. */
export function asideSection(group, { id, title, words, chip }) {
  const { head, element } = headed(id, title);
  const list = causeList(chip);
  const about = el("p", { class: "soft" }, words);
  const show = ({ view, known }) => {
    list.show(view.causes[group], known);
    arrange(element, head, about, list.element);
    return view.causes[group].length > 0;
  };
  return { element, show };
}

/** What was exercised and what was not. */
export const coverageSection = () =>
  plainSection("coverage", "Coverage", ({ view }) => [
    el(
      "p",
      { class: "soft" },
      `${view.coverage.exercised} of ${view.coverage.plausible} plausible pairs of operation and result code were exercised. Marked zeros could have been and were not.`,
    ),
    coverageMatrix(view),
    el("h3", {}, "Watches and the events they saw"),
    watchMatrix(view),
    variantList(view),
    el("h3", { id: "never" }, "Never exercised"),
    neverList(view),
    view.cells && [
      el("h3", { id: "cells" }, "States that operations met"),
      cellMatrix(view.cells),
      unmetList(view.cells),
    ],
  ]);

/** What free-running clients did, where the run let them. It is drawn once: no live page has one. */
export function historySection() {
  const { head, element } = headed("history", "History");
  const show = ({ view }) => {
    if (!view.history) return false;
    if (element.childNodes.length < 2) arrange(element, head, historyView(view.history));
    return true;
  };
  return { element, show };
}

/** What each operation does to each Stat field, where the run has tried it. */
export const behaviourSection = () =>
  plainSection("behaviour", "Behaviour", ({ view }) => (view.behaviour ? behaviourView(view.behaviour) : null));

/** Answer times of both sides. */
export const latencySection = () => plainSection("latency", "Latency", ({ view }) => latencyView(view));

/** Sides lost and found, notes, and the options the run was given. */
export const notesSection = () =>
  plainSection("notes", "Notes", ({ view }) => {
    const options = Object.entries(view.run?.options ?? {});
    if (view.sides.length + view.notes.length + options.length === 0) return null;
    return [
      view.sides.length > 0 && el("h3", {}, "Servers lost and back"),
      view.sides.length > 0 &&
        table(
          "listing",
          ["Side", "State", "At operation", "Reason"],
          view.sides.map((side) => [el("span", { class: side.on }, side.on), side.state, grouped(side.n), side.reason]),
        ),
      view.notes.length > 0 &&
        el(
          "ul",
          { class: "quiet" },
          view.notes.map((note) => el("li", {}, note)),
        ),
      options.length > 0 && el("h3", {}, "Options"),
      options.length > 0 &&
        el(
          "ul",
          { class: "chips" },
          options.map(([name, value]) => el("li", { class: "code" }, `${name}=${value}`)),
        ),
    ];
  });
