import { el, grouped } from "./dom.js";

const marks = {
  same: ["", ""],
  related: ["~", "differs by right"],
  differs: ["≠", "differs"],
};

/** Both answers of a step, a row per field, the differing ones marked by colour, sign and word. */
export function fieldTable(step) {
  const rows = step.rows.map((row) => {
    // A field that one side does not have at all is an echo of the result code, not a value that differs by right.
    const echo = row.mark === "related" && [row.candidate, row.oracle].includes("—");
    const [sign, word] = echo ? marks.same : marks[row.mark];
    return el(
      "tr",
      { class: row.mark },
      el(
        "td",
        { class: "mark", title: word },
        el("span", { "aria-hidden": "true" }, sign),
        el("span", { class: "unseen" }, word),
      ),
      el("th", { scope: "row" }, row.at),
      valueCell(row.at, row.candidate),
      valueCell(row.at, row.oracle),
    );
  });
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", class: "mark" }, el("span", { class: "unseen" }, "Mark")),
    el("th", { scope: "col" }, "Field"),
    el("th", { scope: "col", class: "candidate" }, "candidate"),
    el("th", { scope: "col", class: "oracle" }, "oracle"),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "sidebyside" }, el("thead", {}, head), el("tbody", {}, rows)),
  );
}

/** A value; a time also as people write it, in UTC. */
function valueCell(at, value) {
  const isTime = /(^|\.)[cm]time$/.test(at) && /^\d{12,14}$/.test(value);
  const words = isTime && new Date(Number(value)).toISOString().replace("T", " ");
  return el("td", {}, el("code", {}, value), words && el("small", { class: "soft when" }, words));
}

const bytesPerLine = 16;

/** Both raw frames, sixteen bytes a line, differing bytes marked. */
export function hexView(hex) {
  const length = Math.max(hex.candidate.length, hex.oracle.length) / 2;
  const rows = [];
  for (let at = 0; at < length; at += bytesPerLine) {
    rows.push(
      el(
        "tr",
        {},
        el("th", { scope: "row" }, (hex.offset + at).toString(16).padStart(4, "0")),
        el("td", {}, hexLine(hex.candidate, hex.oracle, at)),
        el("td", {}, hexLine(hex.oracle, hex.candidate, at)),
      ),
    );
  }
  const size = (side) => `${side}, ${grouped(hex.bytes[side])} bytes`;
  const shown = hex.offset + length;
  const whole = Math.max(hex.bytes.candidate, hex.bytes.oracle);
  return [
    el(
      "div",
      { class: "hex", tabindex: "0", role: "region", "aria-label": "Raw frames" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, "at"),
            el("th", { scope: "col", class: "candidate" }, size("candidate")),
            el("th", { scope: "col", class: "oracle" }, size("oracle")),
          ),
        ),
        el("tbody", {}, rows),
      ),
    ),
    el("p", { class: "quiet small" }, "Marked bytes differ; those of zxids, session ids and clocks do so by right."),
    (hex.offset > 0 || shown < whole) &&
      el("p", { class: "quiet small" }, `Bytes ${grouped(hex.offset)} to ${grouped(shown)} of ${grouped(whole)}.`),
  ];
}

/** One side's bytes of a line. Runs of equal and of differing bytes alternate, so that a line has few elements. */
function hexLine(own, other, from) {
  const parts = [];
  let run = "";
  let marked = false;
  const flush = () => {
    // The space between two bytes belongs to neither.
    if (marked && run.startsWith(" ")) parts.push(" ");
    if (run !== "") parts.push(marked ? el("mark", {}, run.trimStart()) : run);
    run = "";
  };
  for (let at = from; at < from + bytesPerLine; at++) {
    const byte = own.slice(at * 2, at * 2 + 2);
    if (byte === "") break;
    const differs = byte !== other.slice(at * 2, at * 2 + 2);
    if (differs !== marked) {
      flush();
      marked = differs;
    }
    run += at === from ? byte : ` ${byte}`;
  }
  flush();
  return parts;
}
