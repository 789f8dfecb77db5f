import { searchText } from "./causes.js";
import { announce, el, grouped } from "./dom.js";

/** Search and choices above a list of causes; what the reader chose holds for later states of the list too. */
export function filterBar() {
  let rows = [];
  let texts = new Map();
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Filter by operation, field or path  ( / )",
    "aria-label": "Filter causes by operation, field or path",
    autocomplete: "off",
    spellcheck: "false",
  });
  const choices = ["operation", "field", "severity"].map(choice);
  const count = el("output", { class: "soft" });
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [cause, { element }] of rows) {
      const fits =
        words.every((word) => texts.get(cause).includes(word)) &&
        choices.every(({ name, select }) => ["", cause[name]].includes(select.value));
      element.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent =
      shown === rows.length ? `${grouped(shown)} shown` : `${grouped(shown)} of ${grouped(rows.length)} shown`;
  };
  const chosen = () => {
    apply();
    announce(count.textContent);
  };
  for (const control of [search, ...choices.map(({ select }) => select)]) control.addEventListener("input", chosen);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    chosen();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || typing || !search.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
  });
  const show = (pairs) => {
    rows = pairs;
    texts = new Map(pairs.map(([cause]) => [cause, searchText(cause)]));
    for (const { name, offer } of choices) offer(pairs.map(([cause]) => cause[name]));
    apply();
  };
  const controls = choices.map(({ select }) => select);
  return { element: el("div", { class: "filter", role: "search" }, search, controls, count), show };
}

/** One way to choose; `offer` renews what there is to choose from and keeps the choice as long as it is offered. */
function choice(name) {
  const select = el("select", { "aria-label": `Filter by ${name}` });
  let offered;
  const offer = (values) => {
    const names = [...new Set(values)].sort();
    if (names.join("\n") === offered) return;
    offered = names.join("\n");
    const { value } = select;
    select.replaceChildren(
      el("option", { value: "" }, `any ${name}`),
      ...names.map((each) => el("option", { value: each }, each)),
    );
    select.value = names.includes(value) ? value : "";
  };
  return { name, select, offer };
}
