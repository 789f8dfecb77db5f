import { announce, data, plural } from "./dom.js";
import { pulse, render } from "./main.js";

/** Before the next attempt to hear from a server that has ended or turned us away, ms. The browser itself repeats attempts that only failed. */
const reconnectMs = 3_000;

let causes = data.view.causes.diverges.length;
let fetching;
let isStale = false;
let hasEnded = false;

function say(state, words) {
  pulse.hidden = false;
  pulse.dataset.state = state;
  pulse.textContent = words;
}

/** Fetches the state and shows it, again when it was asked for meanwhile; a page that nobody looks at waits until somebody does. */
function refresh() {
  isStale = true;
  fetching ??= fetchAll().finally(() => {
    fetching = undefined;
  });
  return fetching;
}

async function fetchAll() {
  while (isStale && (!document.hidden || hasEnded)) {
    isStale = false;
    try {
      const answer = await fetch("data.json", { cache: "no-store" });
      if (answer.ok) showState(await answer.json());
    } catch {
      say("lost", "Not connected; trying again");
    }
  }
}

function showState(state) {
  render(state);
  document.title = document.title.replace(/^\w+/, state.view.verdict.is);
  const count = state.view.causes.diverges.length;
  if (count !== causes) announce(`${plural(count, "cause")} of divergences`);
  causes = count;
}

/** Listens for changes, for as long as the page is open. */
function listen() {
  const source = new EventSource("events");
  const later = () => {
    source.close();
    setTimeout(listen, reconnectMs);
  };
  source.addEventListener("open", () => {
    hasEnded = false;
    say("live", "Live");
  });
  source.addEventListener("change", refresh);
  source.addEventListener("end", async () => {
    hasEnded = true;
    await refresh();
    say("ended", "The run has ended");
    later();
  });
  source.addEventListener("error", () => {
    if (!hasEnded) say("lost", "Not connected; trying again");
    if (source.readyState === EventSource.CLOSED && !hasEnded) later();
  });
}

document.addEventListener("visibilitychange", () => {
  if (isStale) refresh();
});
listen();
