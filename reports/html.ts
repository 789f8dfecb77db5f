/** report.html: the view as one file that needs no network. Style and script are read from `page/`, the view is embedded as JSON, and a strict
 *  content security policy allows exactly these. All text reaches the page through textContent; nothing dynamic is ever markup. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bounds } from "./bounds.ts";
import type { Cause, CauseGroup } from "./causes.ts";
import type { CellsView } from "./cells.ts";
import type { KnownEntry } from "./known.ts";
import type { View } from "./view.ts";

/** The page's scripts in the order in which they depend on each other. Each is a module on its own for editors and linters; joined they are one,
 *  so their top-level names must not collide. */
export const pageScripts = [
  "dom.js",
  "theme.js",
  "header.js",
  "fields.js",
  "tree.js",
  "story.js",
  "causes.js",
  "filter.js",
  "matrix.js",
  "coverage.js",
  "cells.js",
  "latency.js",
  "behaviour.js",
  "history.js",
  "sections.js",
  "main.js",
] as const;

/** Stands behind the others in a page that is served while its run goes on, and in no other. */
export const liveScript = "live.js";

/** The page's styles in the order of the cascade. */
const pageStyles = [
  "base.css",
  "header.css",
  "causes.css",
  "story.css",
  "answers.css",
  "coverage.css",
  "behaviour.css",
  "history.css",
  "media.css",
];

/** What the page is given: the view, the known list, and how many causes were left out to keep the file small. */
export interface PageData {
  readonly view: Omit<View, "cells"> & { readonly cells?: Omit<CellsView, "sum"> };
  readonly known: readonly KnownEntry[];
  readonly left: { readonly details: number; readonly causes: number };
}

const pageDir = join(import.meta.dirname, "page");
const source = (name: string): string => readFileSync(join(pageDir, name), "utf8");

/** Renders the page. The same view gives the same bytes: no clock, no random number, no machine's locale. A `live` page asks the server it came from,
 *  and nobody else, for `data.json` and `events`. */
export function pageOf(view: View, known: readonly KnownEntry[] = [], { live = false } = {}): string {
  const style = pageStyles.map(source).join("");
  const scripts = live ? [...pageScripts, liveScript] : pageScripts;
  const script = scripts.map((name) => joined(source(name))).join("\n");
  const connect = live ? " connect-src 'self';" : "";
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)};${connect} img-src data:; base-uri 'none'; form-action 'none'`;
  const title = `${view.verdict.is} · ${view.run?.candidate.name ?? "unknown"} · zetcd report`;
  const more = "This report needs JavaScript to show more. summary.json beside it holds the same facts.";
  const parts: Readonly<Record<string, string>> = {
    POLICY: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    TITLE: `<title>${escapedText(title)}</title>`,
    STYLE: `<style>${style}</style>`,
    FALLBACK: `<noscript><h1>${escapedText(view.verdict.headline)}</h1><p>${more}</p></noscript>`,
    DATA: `<script type="application/json" id="data">${embedded(pageDataOf(view, known))}</script>`,
    SCRIPT: `<script type="module">${script}</script>`,
  };
  // One pass, so that nothing inside a part is taken for a placeholder.
  return source("page.html").replace(/<!--([A-Z]+)-->/g, (_, name: string) => parts[name] ?? "");
}

/** What the page shows, cut to a size that a browser takes. */
export function pageDataOf(view: View, known: readonly KnownEntry[] = []): PageData {
  if (view.cells === undefined) return fitted({ view, known, left: { details: 0, causes: 0 } });
  const { sum: _, ...cells } = view.cells;
  return fitted({ view: { ...view, cells }, known, left: { details: 0, causes: 0 } });
}

/** A module's text without its imports and exports, to stand in one script with the others. */
const joined = (text: string): string =>
  text.replace(/^import [^;]*;\n/gm, "").replace(/^export (?=const|function|class|let)/gm, "");

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

const escapedText = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** JSON that cannot end its script element, nor break a line where a script may not. */
const embedded = (data: PageData): string =>
  JSON.stringify(data)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");

/** The groups by what a reader misses least. */
const groups: readonly CauseGroup[] = ["diverges", "oracle-unstable", "known", "timing"];

/** Makes the data fit `bounds.pageDataBytesMax`: the last causes of the list lose their stories first; only where that is not enough do causes go. */
function fitted(data: PageData): PageData {
  let bytesLeft: number = bounds.pageDataBytesMax - sizeOf({ ...data, view: { ...data.view, causes: {} } });
  const left = { details: 0, causes: 0 };
  const sized = groups.flatMap((group) =>
    data.view.causes[group].map((full) => {
      const bare: Cause = {
        ...full,
        story: { ...full.story, steps: [], cut: full.story.cut + full.story.steps.length },
      };
      return { group, full, bare, fullBytes: sizeOf(full), bareBytes: sizeOf(bare) };
    }),
  );
  const kept = sized.filter(({ bareBytes }) => {
    const fits = bareBytes <= bytesLeft;
    if (fits) bytesLeft -= bareBytes;
    else left.causes += 1;
    return fits;
  });
  const causes: Record<CauseGroup, Cause[]> = { diverges: [], "oracle-unstable": [], known: [], timing: [] };
  for (const { group, full, bare, fullBytes, bareBytes } of kept) {
    const fits = fullBytes - bareBytes <= bytesLeft;
    if (fits) bytesLeft -= fullBytes - bareBytes;
    else left.details += 1;
    causes[group].push(fits ? full : bare);
  }
  return { ...data, view: { ...data.view, causes }, left };
}

/** Bytes once embedded: escaping makes six of one for `<`, `>` and `&`. */
function sizeOf(value: unknown): number {
  const json = JSON.stringify(value);
  let escapes = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x3c || code === 0x3e || code === 0x26) escapes += 1;
  }
  return Buffer.byteLength(json) + escapes * 5;
}
