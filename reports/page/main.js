import { arrange, data, el, grouped } from "./dom.js";
import { header } from "./header.js";
import {
  asideSection,
  behaviourSection,
  coverageSection,
  divergenceSection,
  historySection,
  knownSection,
  latencySection,
  notesSection,
} from "./sections.js";
import { themeButton } from "./theme.js";

const divergences = divergenceSection();
const sections = [
  divergences,
  historySection(),
  asideSection("oracle-unstable", {
    id: "unstable",
    title: "Oracle unstable",
    words: "Two runs of the oracle itself disagree here, so nothing can be said of the candidate.",
    chip: "unstable",
  }),
  asideSection("timing", {
    id: "timing",
    title: "Timing only",
    words: "Differences that healed by themselves within the settle window. They do not decide the verdict.",
    chip: "healed",
  }),
  knownSection(),
  coverageSection(),
  behaviourSection(),
  latencySection(),
  notesSection(),
];
const theme = themeButton();
const navigation = el("div", {});
const links = new Map();
document.getElementById("nav").replaceChildren(navigation);

/** How fresh the page is; only pages that are served live say so. */
export const pulse = el("output", { class: "pulse", hidden: true });

/** Shows a state of the run; what the reader has open, chosen or focused stays so. */
export function render(state) {
  const { view } = state;
  const focused = document.activeElement;
  document.getElementById("top").replaceChildren(...header(state).flat().filter(Boolean));
  const shown = sections.filter((section) => section.show(state)).map(({ element }) => element);
  arrange(document.getElementById("main"), shown);
  const share = Math.round((100 * view.coverage.exercised) / Math.max(1, view.coverage.plausible));
  const counts = {
    divergences: grouped(view.causes.diverges.length),
    unstable: grouped(view.causes["oracle-unstable"].length),
    timing: grouped(view.causes.timing.length),
    known: grouped(view.causes.known.length),
    coverage: `${share} %`,
  };
  const jumps = shown.map((section) => {
    const link = links.get(section.id) ?? el("a", { href: `#${section.id}` });
    links.set(section.id, link);
    const count = counts[section.id];
    link.replaceChildren(section.firstChild.textContent, ...(count ? [" ", el("b", {}, count)] : []));
    return link;
  });
  arrange(navigation, jumps, pulse, theme);
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
}

// Paper cannot be clicked: the worst causes are printed open.
const printedOpen = 20;
addEventListener("beforeprint", () => divergences.open(printedOpen));

render(data);
// One cause alone wants no click either.
if (data.view.causes.diverges.length === 1) divergences.open(1);
document.documentElement.dataset.ready = "yes";
