import { causeRow } from "./causes.js";
import { coverageMatrix, neverList, variantList, watchMatrix } from "./coverage.js";
import { el, grouped, plural, table } from "./dom.js";
import { filterBar } from "./filter.js";
import { latencyView } from "./latency.js";

/** A headed section that the navigation can jump to. */
const section = (id, title, ...content) =>
  el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), content);

/** The unexpected divergences, with the filter where there is something to filter. */
export function divergenceSection({ view, known, left }) {
  const causes = view.causes.diverges;
  if (causes.length === 0) return section("divergences", "Divergences", el("p", { class: "quiet" }, "None."));
  const rows = causes.map((cause) => [cause, causeRow(cause, known)]);
  const cut = [
    view.causesCut > 0 && `${plural(view.causesCut, "divergence")} of further causes were counted but not kept.`,
    left.causes > 0 && `${plural(left.causes, "cause")} left out to keep this file small.`,
    left.details > 0 &&
      `${plural(left.details, "cause")} shown without the story, to keep this file small; the journal has everything.`,
  ].filter(Boolean);
  return section(
    "divergences",
    "Divergences",
    el("p", { class: "soft" }, "One row per cause, the worst first. Open one for its story."),
    causes.length > 1 && filterBar(rows),
    el(
      "div",
      { class: "causes" },
      rows.map(([, row]) => row),
    ),
    cut.length > 0 && el("p", { class: "quiet" }, cut.join(" ")),
  );
}

/** Divergences that someone has written down and accepted. */
export function knownSection({ view, known }) {
  const seen = new Map(view.causes.known.map((cause) => [cause.known, cause]));
  if (seen.size === 0 && known.length === 0) return null;
  const listed = known.map((entry) => [
    el("code", {}, entry.id),
    entry.why,
    issueLink(entry.issue),
    entry.owner ?? "",
    expiry(entry, view.run?.startedAt),
    seen.has(entry.id) ? plural(sum(view.causes.known, entry.id), "time") : "not seen",
  ]);
  return section(
    "known",
    "Known divergences",
    el("p", { class: "soft" }, "Accepted differences, each with its reason. They do not decide the verdict."),
    listed.length > 0 &&
      el("div", { class: "scroll" }, table("listing", ["Id", "Reason", "Issue", "Owner", "Until", "Seen"], listed)),
    el(
      "div",
      { class: "causes" },
      view.causes.known.map((cause) => causeRow(cause, known, "known")),
    ),
  );
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
export function asideSection({ view, known }, group, { id, title, words, chip }) {
  const causes = view.causes[group];
  if (causes.length === 0) return null;
  return section(
    id,
    title,
    el("p", { class: "soft" }, words),
    el(
      "div",
      { class: "causes" },
      causes.map((cause) => causeRow(cause, known, chip)),
    ),
  );
}

/** What was exercised and what was not. */
export function coverageSection({ view }) {
  const { exercised, plausible } = view.coverage;
  return section(
    "coverage",
    "Coverage",
    el(
      "p",
      { class: "soft" },
      `${exercised} of ${plausible} plausible pairs of operation and result code were exercised. Marked zeros could have been and were not.`,
    ),
    coverageMatrix(view),
    el("h3", {}, "Watches and the events they saw"),
    watchMatrix(view),
    variantList(view),
    el("h3", { id: "never" }, "Never exercised"),
    neverList(view),
  );
}

/** Answer times of both sides. */
export const latencySection = ({ view }) => section("latency", "Latency", latencyView(view));

/** Sides lost and found, notes, and the options the run was given. */
export function notesSection({ view }) {
  const options = Object.entries(view.run?.options ?? {});
  if (view.sides.length + view.notes.length + options.length === 0) return null;
  return section(
    "notes",
    "Notes",
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
  );
}
