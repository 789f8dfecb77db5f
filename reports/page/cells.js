import { el, grouped, plural, table } from "./dom.js";
import { operationMatrix } from "./matrix.js";

/** A pair's number of cells; the darker, the more of those that it could have. */
function cellCount(op, entry) {
  if (entry === undefined) return el("td", {});
  const name = `${op} → ${entry.result}`;
  if (entry.hit === 0) return el("td", { class: "never", title: `${name}: never, of ${entry.reachable}` }, "0");
  const heat = Math.max(1, Math.ceil((4 * entry.hit) / entry.reachable));
  const title = `${name}: ${entry.hit} of ${plural(entry.reachable, "cell")}, ${grouped(entry.times)} times`;
  return el("td", { class: `heat${heat}`, title }, grouped(entry.hit));
}

/** Operation by result code: in how many different states of znode, watches and session each pair came. */
export function cellMatrix({ hit, reachable, columns, rows }) {
  return [
    el(
      "p",
      { class: "soft" },
      `${grouped(hit)} of ${grouped(reachable)} cells were hit. A cell is an operation in one variant, its result, and the states that it met: of the znode, of its watches, of the session. Numbers are cells, not replies; marked zeros never came.`,
    ),
    operationMatrix({
      label: "Cells",
      caption: "In how many states each operation was answered with each result code",
      codes: columns,
      rows: rows.map(({ op, entries }) => {
        const byResult = new Map(entries.map((entry) => [entry.result, entry]));
        return [op, columns.map((code) => cellCount(op, byResult.get(code)))];
      }),
    }),
  ];
}

/** What never came: whole pairs, and pairs that came, but never with the znode in some state. */
export function unmetList({ rows }) {
  const listed = rows
    .map(({ op, entries }) => ({
      op,
      never: entries.filter((entry) => entry.hit === 0).map(({ result }) => result),
      unmet: entries.filter((entry) => entry.hit > 0 && entry.unmet.length > 0),
    }))
    .filter(({ never, unmet }) => never.length + unmet.length > 0);
  if (listed.length === 0) return el("p", { class: "quiet" }, "Every operation met every state with every result.");
  const pairs = listed.reduce((sum, { never }) => sum + never.length, 0);
  return el(
    "details",
    { class: "more" },
    el("summary", {}, `Never exercised: ${plural(pairs, "pair")}, and states that others never met`),
    table(
      "listing",
      ["Operation", "never answered with", "never with a znode that is"],
      listed.map(({ op, never, unmet }) => [
        op,
        never.join(", "),
        unmet.map((entry) => `${entry.result}: ${entry.unmet.join(", ")}`).join("; "),
      ]),
    ),
  );
}
