import { el } from "./dom.js";

/** Operation by result code: rows are pairs of an operation and its `td`s, one for each code. Too wide for its place it scrolls, by keyboard too. */
export function operationMatrix({ label, caption, codes, rows }) {
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    el(
      "table",
      { class: "matrix" },
      el("caption", { class: "unseen" }, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, el("span", { class: "unseen" }, "Operation")),
          codes.map((code) => el("th", { scope: "col" }, el("span", {}, code))),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map(([operation, cells]) => el("tr", {}, el("th", { scope: "row" }, operation), cells)),
      ),
    ),
  );
}
