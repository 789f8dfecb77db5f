import { fill } from "./causes.js";
import { data, el, grouped } from "./dom.js";
import { header } from "./header.js";
import {
  asideSection,
  coverageSection,
  divergenceSection,
  knownSection,
  latencySection,
  notesSection,
} from "./sections.js";
import { themeButton } from "./theme.js";

const { view } = data;
document.getElementById("top").replaceChildren(...header(data).flat().filter(Boolean));

const sections = [
  divergenceSection(data),
  asideSection(data, "oracle-unstable", {
    id: "unstable",
    title: "Oracle unstable",
    words: "Two runs of the oracle itself disagree here, so nothing can be said of the candidate.",
    chip: "unstable",
  }),
  asideSection(data, "timing", {
    id: "timing",
    title: "Timing only",
    words: "Differences that healed by themselves within the settle window. They do not decide the verdict.",
    chip: "healed",
  }),
  knownSection(data),
  coverageSection(data),
  latencySection(data),
  notesSection(data),
].filter(Boolean);
document.getElementById("main").replaceChildren(...sections);

const counts = {
  divergences: view.causes.diverges.length,
  unstable: view.causes["oracle-unstable"].length,
  timing: view.causes.timing.length,
  known: view.causes.known.length,
};
const share = Math.round((100 * view.coverage.exercised) / Math.max(1, view.coverage.plausible));
document.getElementById("nav").replaceChildren(
  el(
    "div",
    {},
    sections.map((section) => {
      const { id } = section;
      const count = id === "coverage" ? `${share} %` : counts[id] === undefined ? "" : grouped(counts[id]);
      return el(
        "a",
        { href: `#${id}` },
        section.querySelector("h2").textContent,
        count !== "" && " ",
        count !== "" && el("b", {}, count),
      );
    }),
    themeButton(),
  ),
);

// Paper cannot be clicked: the worst causes are printed open.
const printedOpen = 20;
addEventListener("beforeprint", () => {
  for (const [at, row] of [...document.querySelectorAll("#divergences .cause")].slice(0, printedOpen).entries()) {
    fill(row, view.causes.diverges[at], data.known);
    row.open = true;
  }
});

// One cause alone wants no click either.
if (view.causes.diverges.length === 1) document.querySelector("#divergences .cause").open = true;
document.documentElement.dataset.ready = "yes";
