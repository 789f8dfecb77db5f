/** The only way elements are made here. Children that are strings become text nodes; there is no path from a journal's text to markup. */
export const data = JSON.parse(document.getElementById("data").textContent);

/** Builds an element. `options` are attributes; `on` maps event names to listeners, `class` is the class list. Falsy children are left out. */
export function el(tag, options, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(options ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, String(value));
  }
  for (const child of children.flat(Number.POSITIVE_INFINITY)) if (child || child === 0) element.append(child);
  return element;
}

/** Makes these the children of an element, touching only what is not in its place: what stays keeps its focus, its scrolling and what is open. */
export function arrange(parent, ...children) {
  const wanted = children.flat(Number.POSITIVE_INFINITY).filter(Boolean);
  const staying = new Set(wanted);
  for (const old of [...parent.childNodes]) if (!staying.has(old)) old.remove();
  for (const [at, child] of wanted.entries())
    if (parent.childNodes[at] !== child) parent.insertBefore(child, parent.childNodes[at] ?? null);
}

/** A whole number with thousands set apart, the same in every locale. */
export const grouped = (number) => String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** `1 operation`, `2 operations`. */
export const plural = (count, word) => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;

/** Milliseconds as people say them. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Tells screen readers what just changed. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}

/** A button that copies a text and says so. Without a clipboard (an old browser, a sandbox) it selects the text instead. */
export function copyButton(text, what) {
  const button = el("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      announce(`Copied ${what}`);
    } catch {
      const shown = button.parentElement.querySelector("code");
      if (shown !== null) getSelection().selectAllChildren(shown);
      button.textContent = "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  });
  return button;
}

/** A table from rows of cells; the first cell of each row heads it. */
export function table(className, heads, rows) {
  return el(
    "table",
    { class: className },
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
      rows.map(([first, ...cells]) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, first),
          cells.map((cell) => el("td", {}, cell)),
        ),
      ),
    ),
  );
}
