import { el, grouped, table } from "./dom.js";

const width = 900;
const height = 170;
const floor = height - 24;
/** Left end of the axis, ms. */
const lowestMs = 0.1;

/** Answer times of both sides: a histogram over a logarithmic axis, and the percentiles as a table. */
export function latencyView({ latency }) {
  const sides = ["candidate", "oracle"].filter((side) => latency[side].count > 0);
  if (sides.length === 0) return el("p", { class: "quiet" }, "No answer times were recorded.");
  const ms = (value) => (value >= 100 ? grouped(value) : String(value));
  const rows = sides.map((side) => {
    const { count, mean, p50, p90, p99, p999, max } = latency[side];
    return [el("span", { class: side }, side), grouped(count), ...[mean, p50, p90, p99, p999, max].map(ms)];
  });
  return [
    histogram(latency, sides),
    el(
      "div",
      { class: "scroll" },
      table("listing", ["ms", "answers", "mean", "p50", "p90", "p99", "p99.9", "max"], rows),
    ),
  ];
}

function histogram(latency, sides) {
  const edges = [...new Set(sides.flatMap((side) => latency[side].buckets.map(([upTo]) => upTo)))].sort(
    (a, b) => a - b,
  );
  // Journals in whole milliseconds have zeros; the axis starts where answer times over a socket do.
  const low = Math.log10(Math.max(edges[0], lowestMs));
  const span = Math.max(Math.log10(edges.at(-1)) - low, 0.5);
  const x = (value) => 6 + ((Math.log10(Math.max(value, lowestMs)) - low) / span) * (width - 60);
  const highest = Math.max(
    ...sides.map((side) => Math.max(...latency[side].buckets.map(([, count]) => count / latency[side].count))),
  );
  // Four buckets to a doubling: a pair of bars fills the room that one bucket has on the axis.
  const thick = Math.min(22, Math.max(2, ((Math.log10(2) / 4 / span) * (width - 60)) / 2 - 1));
  const bars = sides.flatMap((side) =>
    latency[side].buckets.map(([upTo, count]) => {
      const tall = Math.max(1, (count / latency[side].count / highest) * (floor - 8));
      const left = x(upTo) + (side === "oracle" ? thick : 0);
      return el("svg:rect", {
        class: side.charAt(0),
        x: left.toFixed(1),
        y: (floor - tall).toFixed(1),
        width: thick.toFixed(1),
        height: tall.toFixed(1),
        rx: 1,
      });
    }),
  );
  const ticks = [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000].filter(
    (tick) => Math.log10(tick) >= low && x(tick) <= width - 10,
  );
  const labels = ticks.flatMap((tick) => [
    el("svg:line", { class: "axis", x1: x(tick), x2: x(tick), y1: 0, y2: floor }),
    el("svg:text", { x: x(tick), y: height - 8 }, tick < 1000 ? `${tick} ms` : `${tick / 1000} s`),
  ]);
  const summary = sides
    .map((side) => `${side}: median ${latency[side].p50} ms, 99th percentile ${latency[side].p99} ms`)
    .join("; ");
  return el(
    "svg:svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Answer times. ${summary}` },
    labels,
    el("svg:line", { class: "axis", x1: 0, x2: width, y1: floor, y2: floor }),
    bars,
  );
}
