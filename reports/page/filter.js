import { searchText } from "./causes.js";
import { announce, el, grouped } from "./dom.js";

/** Search and choices above a list of causes. `rows` pairs each cause with its element. */
export function filterBar(rows) {
  const texts = new Map(rows.map(([cause]) => [cause, searchText(cause)]));
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Filter by operation, field or path  ( / )",
    "aria-label": "Filter causes by operation, field or path",
    autocomplete: "off",
    spellcheck: "false",
  });
  const operation = choice(
    "operation",
    rows.map(([cause]) => cause.operation),
  );
  const field = choice(
    "field",
    rows.map(([cause]) => cause.field),
  );
  const severity = choice(
    "severity",
    rows.map(([cause]) => cause.severity),
  );
  const count = el("output", { class: "soft" });
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [cause, row] of rows) {
      const fits =
        words.every((word) => texts.get(cause).includes(word)) &&
        ["", cause.operation].includes(operation.value) &&
        ["", cause.field].includes(field.value) &&
        ["", cause.severity].includes(severity.value);
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent =
      shown === rows.length ? `${grouped(shown)} shown` : `${grouped(shown)} of ${grouped(rows.length)} shown`;
    announce(`${count.textContent}`);
  };
  for (const control of [search, operation, field, severity]) control.addEventListener("input", apply);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    apply();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
  });
  apply();
  return el("div", { class: "filter", role: "search" }, search, operation, field, severity, count);
}

function choice(name, values) {
  return el(
    "select",
    { "aria-label": `Filter by ${name}` },
    el("option", { value: "" }, `any ${name}`),
    [...new Set(values)].sort().map((value) => el("option", { value }, value)),
  );
}
