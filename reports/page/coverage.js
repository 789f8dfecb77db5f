import { el, grouped, plural, table } from "./dom.js";
import { operationMatrix } from "./matrix.js";

/** The class of a count that is not 0: the more digits, the darker. */
const heatOf = (count) => `heat${Math.min(4, Math.ceil(Math.log10(count + 1)))}`;

/** How often an operation was answered with a code. What could have been and was not stands out; what is impossible stays blank. */
function replyCount(op, code, count) {
  if (count === undefined) return el("td", {});
  if (count === 0) return el("td", { class: "never", title: `${op} → ${code}: never` }, "0");
  return el("td", { class: heatOf(count), title: `${op} → ${code}` }, short(count));
}

/** Operation by result code: how often each pair came. */
export function coverageMatrix({ coverage }) {
  return operationMatrix({
    label: "Coverage matrix",
    caption: "How often each operation was answered with each result code by the oracle",
    codes: coverage.columns,
    rows: coverage.rows.map(({ op, cells }) => {
      const counts = new Map(cells);
      return [op, coverage.columns.map((code) => replyCount(op, code, counts.get(code)))];
    }),
  });
}

/** 1234567 as 1.2M: a matrix cell has no room for more. */
function short(count) {
  if (count < 10_000) return grouped(count);
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

/** Kinds of watch by events. */
export function watchMatrix({ watches }) {
  const types = watches.rows[0].events.map(([type]) => type);
  const rows = watches.rows.map((row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, row.kind),
      el("td", {}, grouped(row.armed)),
      row.events.map(([, count]) => {
        if (count === null) return el("td", {});
        return el("td", { class: count === 0 ? "never" : heatOf(count) }, grouped(count));
      }),
    ),
  );
  return [
    el(
      "div",
      { class: "scroll" },
      el(
        "table",
        { class: "matrix flat" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["watch", "set", ...types].map((head) => el("th", { scope: "col" }, el("span", {}, head))),
          ),
        ),
        el("tbody", {}, rows),
      ),
    ),
    watches.unmatched > 0 &&
      el(
        "p",
        { class: "quiet small" },
        `${plural(watches.unmatched, "event")} came from watches that no step of this journal set.`,
      ),
  ];
}

/** What was never exercised: operations that were not sent at all in one line, missing results of the others in a table. */
export function neverList({ coverage }) {
  const missed = new Set(coverage.never);
  const rows = coverage.rows
    .map((row) => ({
      ...row,
      never: row.cells.map(([code]) => code).filter((code) => missed.has(`${row.op} → ${code}`)),
    }))
    .filter((row) => row.never.length > 0);
  if (rows.length === 0) return el("p", { class: "quiet" }, "Every plausible result of every operation was exercised.");
  const unsent = rows.filter((row) => row.total === 0).map((row) => row.op);
  const sent = rows.filter((row) => row.total > 0);
  return [
    unsent.length > 0 && el("p", {}, el("span", { class: "soft" }, "Not sent at all: "), unsent.join(", "), "."),
    sent.length > 0 &&
      table(
        "listing",
        ["Sent", "but never answered with"],
        sent.map((row) => [row.op, row.never.join(", ")]),
      ),
  ];
}

/** Flags, versions and other variants that requests came in. */
export function variantList({ coverage }) {
  const rows = coverage.rows.filter((row) => row.shapes.length > 0);
  if (rows.length === 0) return null;
  return el(
    "details",
    { class: "more" },
    el("summary", {}, "Variants of each operation"),
    el(
      "table",
      { class: "listing" },
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, row.op),
            el(
              "td",
              {},
              el(
                "ul",
                { class: "chips" },
                row.shapes.map(([shape, count]) => el("li", {}, `${shape} × ${grouped(count)}`)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
