import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bounds } from "./bounds.ts";
import { liveScript, pageOf, pageScripts } from "./html.ts";
import { divergence, journal } from "./testdata/journals.ts";
import { cleanRun, divergingRun, hostileRun, hostileTexts } from "./testdata/runs.ts";
import { cversionStory } from "./testdata/stories.ts";
import { viewOf } from "./view.ts";

const between = (html: string, from: string, to: string): string =>
  html.slice(html.indexOf(from) + from.length, html.indexOf(to, html.indexOf(from)));
const dataOf = (html: string) => JSON.parse(between(html, '<script type="application/json" id="data">', "</script>"));
const sha = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("report.html", () => {
  test("two renderings of one journal are the same bytes", () => {
    expect(pageOf(viewOf(divergingRun()))).toBe(pageOf(viewOf(divergingRun())));
  });

  test("nothing is fetched: no address outside the page's data", () => {
    const html = pageOf(viewOf(cleanRun()));
    const fixed = html.replace(between(html, '<script type="application/json" id="data">', "</script>"), "");
    const addresses = (fixed.match(/https?:\/\/[^\s"'`)]+/g) ?? []).filter(
      (address) => !address.startsWith("http://www.w3.org/"),
    );
    expect(addresses).toEqual([]);
    expect(fixed).not.toMatch(/@import|url\(|<link(?! rel="icon" href="data:)|\bsrc=|fetch\(|\bimport\b/);
  });

  test("the policy allows this style and this script by hash, and nothing else", () => {
    const html = pageOf(viewOf(cleanRun()));
    const policy = between(html, 'http-equiv="Content-Security-Policy" content="', '">');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain(`style-src ${sha(between(html, "<style>", "</style>"))}`);
    expect(policy).toContain(`script-src ${sha(between(html, '<script type="module">', "</script>"))}`);
  });

  test("a live page may ask its own server, and no page else may ask anybody", () => {
    const still = pageOf(viewOf(cleanRun()));
    const live = pageOf(viewOf(cleanRun()), [], { live: true });
    expect(between(still, 'http-equiv="Content-Security-Policy" content="', '">')).not.toContain("connect-src");
    expect(still).not.toContain("EventSource");
    expect(between(live, 'http-equiv="Content-Security-Policy" content="', '">')).toContain(" connect-src 'self';");
    expect(live).toContain("EventSource");
  });

  test("hostile text is only ever data", () => {
    const html = pageOf(viewOf(hostileRun()));
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain("<img");
    expect(html.match(/Content-Security-Policy/g)).toHaveLength(1);
    expect(dataOf(html).view.causes.diverges[0].candidate).toBe(hostileTexts[0]);
  });

  test("stays under 5 MB, tells the worst in full, and says what was cut", () => {
    const filler = "<".repeat(550);
    const lines = Array.from({ length: 400 }, (_, at) => {
      const fingerprint = `cause ${String(at).padStart(3, "0")}`;
      const [step] = cversionStory.story;
      const story =
        step === undefined
          ? []
          : Array.from({ length: 60 }, () => ({ ...step, request: { op: "create", path: filler } }));
      return [...divergence(at + 1, { fingerprint }), { ...cversionStory, fingerprint, story }];
    });
    const html = pageOf(viewOf(journal(lines.flat())));
    expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
    const { view, left } = dataOf(html);
    expect(view.causes.diverges).toHaveLength(400);
    expect(left).toMatchObject({ causes: 0 });
    expect(left.details).toBeGreaterThan(100);
    expect(view.causes.diverges[0].story.steps).toHaveLength(60);
    expect(view.causes.diverges[399].story).toMatchObject({ steps: [], cut: 60 });
    expect(bounds.pageDataBytesMax).toBeLessThan(5_000_000);
  });
});

describe("the page's sources", () => {
  const scripts = [...pageScripts, liveScript];
  const sources = scripts.map((name) => ({
    name,
    text: readFileSync(join(import.meta.dirname, "page", name), "utf8"),
  }));

  test("never make markup of text", () => {
    for (const { text } of sources)
      expect(text).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function/,
      );
  });

  test("declare each top-level name once, since they are joined into one script", () => {
    const names = sources.flatMap(({ text }) =>
      [...text.matchAll(/^(?:export )?(?:const|let|class|function\*?|async function) (\w+)/gm)].map(([, name]) => name),
    );
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(names.length).toBeGreaterThan(30);
  });

  test("import only from files that stand before them, and rename nothing", () => {
    for (const [at, { text }] of sources.entries()) {
      const before: readonly string[] = scripts.slice(0, at);
      for (const [, names = "", from = ""] of text.matchAll(/^import \{([^}]*)\} from "\.\/([\w.]+)";/gm)) {
        expect(before).toContain(from);
        expect(names).not.toContain(" as ");
      }
    }
  });
});
