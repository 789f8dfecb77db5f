/** Throughput over connections as one SVG: a panel for each operation, a line for each server. Pure. */
import { scaleLinear, scalePoint } from "d3-scale";
import { line, symbol, symbolCircle, symbolSquare, symbolTriangle } from "d3-shape";
import { describe, type Head, type Result } from "./result.ts";

/** A panel's plot, and the room around it, in pixels. */
const plot = { width: 250, height: 220 } as const;
const room = { left: 62, top: 74, right: 14, bottom: 50 } as const;
const panelWidth = room.left + plot.width + room.right;
const lineHeight = 16;

/** Lines differ in colour and in mark, so that either will do. */
const marks = [symbolCircle, symbolSquare, symbolTriangle] as const;
const markArea = 50;

/** Follows the reader's light or dark mode; the ground is filled, so that the page behind it does not matter. */
const style = `
  svg { --ground: #ffffff; --ink: #1f2328; --faint: #d1d9e0; --s0: #0969da; --s1: #bc4c00; --s2: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --faint: #3d444d; --s0: #58a6ff; --s1: #f0883e; --s2: #3fb950; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 14px; font-weight: 600; }
  .ground { fill: var(--ground); }
  .grid { stroke: var(--faint); }
  .line { fill: none; stroke-width: 2; }
`;

/** A point of a line. */
interface Point {
  readonly connections: number;
  readonly perSecond: number;
}

/** The drawing of a throughput result. Rows off the curves are left out, and so is what could not be measured. */
export function curves(head: Head, { rows, contenders, about }: Result): string {
  const ops = [...new Set(rows.flatMap(({ at }) => (at === undefined ? [] : [at.op])))];
  const width = panelWidth * Math.max(ops.length, 1);
  const footer = [describe(head), about.join("; ")];
  const plotBottom = room.top + plot.height;
  const height = plotBottom + room.bottom + footer.length * lineHeight;
  const panels = ops.map((op, place) => {
    const own = rows.filter(({ at }) => at?.op === op);
    const series = contenders.map((name) =>
      own.flatMap(({ at, figures }): Point[] => {
        const perSecond = figures[name]?.perSecond;
        return at === undefined || perSecond === undefined ? [] : [{ connections: at.connections, perSecond }];
      }),
    );
    return `<g transform="translate(${place * panelWidth + room.left} ${room.top})">${panel(op, series)}</g>`;
  });
  const legend = contenders.map((name, i) => {
    const at = `translate(${room.left + i * 130} 34)`;
    return `<g transform="${at}">${mark(i, "")}<text x="12" y="4">${escaped(name)}</text></g>`;
  });
  const notes = footer.map(
    (text, i) => `<text x="12" y="${plotBottom + room.bottom + i * lineHeight}">${escaped(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">Requests per second over connections</title>
<style>${style}</style>
<rect class="ground" width="${width}" height="${height}"/>
${[...legend, ...panels, ...notes].join("\n")}
</svg>
`;
}

/** Axes and lines of one operation, from the plot's upper left corner. */
function panel(op: string, series: readonly (readonly Point[])[]): string {
  const points = series.flat();
  const steps = [...new Set(points.map(({ connections }) => connections))].toSorted((a, b) => a - b);
  const x = scalePoint(steps, [0, plot.width]).padding(0.3);
  const y = scaleLinear([0, Math.max(1, ...points.map(({ perSecond }) => perSecond))], [plot.height, 0]).nice(5);
  const across = (connections: number) => x(connections) ?? 0;
  const path = line<Point>()
    .x(({ connections }) => across(connections))
    .y(({ perSecond }) => y(perSecond))
    .digits(1);
  const grid = y.ticks(5).map((value) => {
    const at = y(value).toFixed(1);
    return `<line class="grid" x2="${plot.width}" y1="${at}" y2="${at}"/><text x="-8" y="${at}" dy="4" text-anchor="end">${value.toLocaleString("en")}</text>`;
  });
  const ticks = steps.map(
    (value) => `<text x="${across(value).toFixed(1)}" y="${plot.height + 18}" text-anchor="middle">${value}</text>`,
  );
  const lines = series.map((own, i) => {
    const dots = own.map((point) =>
      mark(i, `translate(${across(point.connections).toFixed(1)} ${y(point.perSecond).toFixed(1)})`),
    );
    return `<path class="line" style="stroke: var(--s${i % marks.length})" d="${path(own) ?? ""}"/>${dots.join("")}`;
  });
  return [
    `<text class="title" y="-14">${escaped(op)}</text>`,
    ...grid,
    ...ticks,
    `<text x="${plot.width / 2}" y="${plot.height + 36}" text-anchor="middle">connections</text>`,
    `<text transform="translate(-55 ${plot.height / 2}) rotate(-90)" text-anchor="middle">requests per second</text>`,
    ...lines,
  ].join("");
}

function mark(i: number, transform: string): string {
  const shape = symbol(marks[i % marks.length], markArea).digits(1)() ?? "";
  return `<path style="fill: var(--s${i % marks.length})" transform="${transform}" d="${shape}"/>`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
