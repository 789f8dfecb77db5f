import { el } from "./dom.js";

/** What the button offers next, in turn: the reader's system first. */
const themes = ["auto", "light", "dark"];

/** A button that goes through the themes. The choice lives as long as the page does. */
export function themeButton() {
  let at = 0;
  const button = el("button", { type: "button", class: "theme" });
  const show = () => {
    const theme = themes[at];
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    show();
  });
  show();
  return button;
}
