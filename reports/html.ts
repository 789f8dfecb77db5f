/** report.html: the view as one file that needs no network. Style and script are read from `page/`, the view is embedded as JSON, and a strict
 *  content security policy allows exactly these. All text reaches the page through textContent; nothing dynamic is ever markup. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bounds } from "./bounds.ts";
import type { Cause, CauseGroup } from "./causes.ts";
import type { KnownEntry } from "./known.ts";
import type { View } from "./view.ts";

/** The page's scripts in the order in which they depend on each other. Each is a module on its own for editors and linters; joined they are one,
 *  so their top-level names must not collide. */
export const pageScripts = [
  "dom.js",
  "theme.js",
  "header.js",
  "fields.js",
  "story.js",
  "tree.js",
  "causes.js",
  "filter.js",
  "coverage.js",
  "latency.js",
  "sections.js",
  "main.js",
] as const;

/** The page's styles in the order of the cascade. */
const pageStyles = ["base.css", "header.css", "causes.css", "story.css", "answers.css", "coverage.css", "media.css"];

/** What the page is given: the view, the known list, and how many causes were left out to keep the file small. */
export interface PageData {
  readonly view: View;
  readonly known: readonly KnownEntry[];
  readonly left: { readonly details: number; readonly causes: number };
}

const pageDir = join(import.meta.dirname, "page");
const source = (name: string): string => readFileSync(join(pageDir, name), "utf8");

/** Renders the page. The same view gives the same bytes: no clock, no random number, no machine's locale. */
export function pageOf(view: View, known: readonly KnownEntry[] = []): string {
  const style = pageStyles.map(source).join("");
  const script = pageScripts.map((name) => joined(source(name))).join("\n");
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const title = `${view.verdict.is} · ${view.run?.candidate.name ?? "unknown"} · zetcd report`;
  const more = "This report needs JavaScript to show more. summary.json beside it holds the same facts.";
  const parts: Readonly<Record<string, string>> = {
    POLICY: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    TITLE: `<title>${escapedText(title)}</title>`,
    STYLE: `<style>${style}</style>`,
    FALLBACK: `<noscript><h1>${escapedText(view.verdict.headline)}</h1><p>${more}</p></noscript>`,
    DATA: `<script type="application/json" id="data">${embedded(fitted({ view, known, left: { details: 0, causes: 0 } }))}</script>`,
    SCRIPT: `<script type="module">${script}</script>`,
  };
  // One pass, so that nothing inside a part is taken for a placeholder.
  return source("page.html").replace(/<!--([A-Z]+)-->/g, (_, name: string) => parts[name] ?? "");
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

/** Makes the data fit `bounds.pageDataBytesMax`: the last causes of the list lose their stories first, then they go altogether. */
function fitted(data: PageData): PageData {
  let sizeLeft: number = bounds.pageDataBytesMax - sizeOf({ ...data, view: { ...data.view, causes: {} } });
  let details = 0;
  let left = 0;
  const group = (causes: readonly Cause[]): Cause[] =>
    causes.flatMap((cause) => {
      const size = sizeOf(cause);
      const bare = { ...cause, story: { ...cause.story, steps: [], cut: cause.story.cut + cause.story.steps.length } };
      const kept = size <= sizeLeft ? cause : sizeOf(bare) <= sizeLeft ? bare : undefined;
      if (kept === undefined) left += 1;
      else sizeLeft -= kept === cause ? size : sizeOf(bare);
      if (kept === bare) details += 1;
      return kept === undefined ? [] : [kept];
    });
  const order: readonly CauseGroup[] = ["diverges", "oracle-unstable", "known", "timing"];
  const causes = Object.fromEntries(order.map((name) => [name, group(data.view.causes[name])])) as Record<
    CauseGroup,
    Cause[]
  >;
  return { ...data, view: { ...data.view, causes }, left: { details, causes: left } };
}

/** Bytes once embedded: escaping makes six of one for `<`, `>` and `&`. */
function sizeOf(value: unknown): number {
  const json = JSON.stringify(value);
  return Buffer.byteLength(json) + (json.match(/[<>&\u2028\u2029]/g)?.length ?? 0) * 5;
}
