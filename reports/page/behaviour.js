import { el, plural } from "./dom.js";

/** A word of the table: what did not change steps back. */
const behaviourWord = (word) => (word === "unchanged" ? el("span", { class: "soft", title: "unchanged" }, "·") : word);

/** One word where both sides agree, else both with a mark between them. */
function behaviourCell(words) {
  if (words.length < 2) return el("td", {}, behaviourWord(words[0]));
  return el(
    "td",
    { class: "ne" },
    el("span", { class: "candidate", title: "candidate" }, behaviourWord(words[0])),
    " ≠ ",
    el("span", { class: "oracle", title: "oracle" }, behaviourWord(words[1])),
  );
}

function behaviourTable({ fields }, rows) {
  const heads = ["operation", "on", "result", ...fields];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Behaviour table" },
    el(
      "table",
      { class: "listing behaviour" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((head) => el("th", { scope: "col" }, head)),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, row.operation),
            el("td", {}, row.on),
            behaviourCell(row.result),
            row.cells.map(behaviourCell),
          ),
        ),
      ),
    ),
  );
}

/** What each operation does to each Stat field: the rows in which the sides differ, and all of them to unfold. */
export function behaviourView(behaviour) {
  const differing = behaviour.rows.filter((row) => row.differs);
  const told =
    differing.length === 0
      ? `${plural(behaviour.operations, "operation")} were tried one by one on both sides; what each did to each field of Stat is the same.`
      : `${behaviour.differing.length} of ${plural(behaviour.operations, "operation")} do something else to a field of Stat. The table does not decide the verdict.`;
  return [
    el("p", { class: "soft" }, told),
    differing.length > 0 && behaviourTable(behaviour, differing),
    el(
      "details",
      { class: "more" },
      el("summary", {}, `All ${plural(behaviour.rows.length, "row")}`),
      el(
        "p",
        { class: "soft small" },
        "· unchanged; +1 by how much; op the operation's own zxid; now the operation's time; ctime equal to ctime; session the one that asked. A new znode shows its first values.",
      ),
      behaviourTable(behaviour, behaviour.rows),
    ),
  ];
}
