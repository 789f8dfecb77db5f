import { announce, el, grouped, plural, table } from "./dom.js";

/** Pixels of a lane, of its bar, and of the strip with the times. */
const historyLane = { height: 18, bar: 12, top: 22 };

/** Sums of differences: the numbers that the columns stand for. */
const historyRunning = (steps) => {
  let sum = 0;
  return Float64Array.from(steps, (step) => {
    sum += step;
    return sum;
  });
};

/** Microseconds as people say them. */
const historyTime = (us) => (us < 1000 ? `${Math.round(us)} µs` : `${Number((us / 1000).toPrecision(4))} ms`);

/** A call in one line. */
function historyWords(history, zxids, starts, at) {
  const { calls, operations, paths, lanes } = history;
  const outcome = calls.err[at] === 0 ? (calls.wrote[at] ? "done" : "answered") : `error ${calls.err[at]}`;
  return `${operations[calls.op[at]]} ${paths[calls.path[at]]} · ${lanes[calls.lane[at]]} · from ${historyTime(starts[at])} for ${historyTime(calls.took[at])} · ${outcome}, zxid ${zxids[at]}`;
}

/** The picture: lanes of bars on a canvas that draws what is in sight and nothing else. */
function historyPicture(history, said) {
  const { calls, lanes } = history;
  const starts = historyRunning(calls.start);
  const zxids = historyRunning(calls.zxid);
  const count = starts.length;
  const longest = calls.took.reduce((most, took) => Math.max(most, took), 0);
  const whole = count === 0 ? 1 : starts[count - 1] + longest;
  const marked = new Map();
  if (history.diverging !== null) marked.set(history.diverging, "bad");
  for (const { call, witness } of history.violations) {
    if (witness !== null) marked.set(witness, "warn");
    marked.set(call, "bad");
  }
  const sight = { from: 0, width: whole };
  const ink = Object.fromEntries(
    ["write", "read", "failed", "bad", "warn"].map((name) => [name, el("i", { class: `swatch ${name}` })]),
  );
  ink.fault = el("i", { class: "swatch fault" });
  const height = historyLane.top + lanes.length * historyLane.height;
  const canvas = el("canvas", { height });
  let current = count > 0 ? 0 : -1;

  const firstInSight = () => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] + longest < sight.from) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  /** Calls `take` with each call in sight, its left edge and its width in pixels. */
  const inSight = (take) => {
    const scale = canvas.clientWidth / sight.width;
    for (let at = firstInSight(); at < count && starts[at] <= sight.from + sight.width; at++) {
      if (starts[at] + calls.took[at] < sight.from) continue;
      take(at, (starts[at] - sight.from) * scale, Math.max(1, calls.took[at] * scale));
    }
  };

  const draw = () => {
    const width = canvas.clientWidth;
    if (width === 0) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const colour = Object.fromEntries(
      Object.entries(ink).map(([name, swatch]) => [name, getComputedStyle(swatch).color]),
    );
    pen.font = `11px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    const ticks = Math.max(2, Math.floor(width / 140));
    for (let tick = 0; tick < ticks; tick++) {
      const x = (tick * width) / ticks;
      pen.fillText(historyTime(sight.from + (tick * sight.width) / ticks), x + 3, 12);
      pen.fillRect(x, 0, 1, historyLane.top - 4);
    }
    for (const { lane, start } of history.faults) {
      const x = Math.max(0, ((start - sight.from) * width) / sight.width);
      pen.fillStyle = colour.fault;
      if (x < width) pen.fillRect(x, historyLane.top + lane * historyLane.height - 2, width - x, historyLane.height);
    }
    // Bars of one lane that fall on the same pixels are drawn once: a hundred thousand calls are no more work than a screen full.
    const drawnTo = new Float64Array(lanes.length).fill(-1);
    const late = [];
    inSight((at, x, bar) => {
      const lane = calls.lane[at];
      if (marked.has(at) || at === current) late.push([at, x, bar]);
      if (x + bar <= drawnTo[lane] + 0.5) return;
      drawnTo[lane] = x + bar;
      pen.fillStyle = calls.err[at] !== 0 ? colour.failed : calls.wrote[at] ? colour.write : colour.read;
      pen.fillRect(x, historyLane.top + lane * historyLane.height, Math.max(1, bar - 0.5), historyLane.bar);
    });
    for (const [at, x, bar] of late) {
      const y = historyLane.top + calls.lane[at] * historyLane.height;
      if (marked.has(at)) {
        pen.fillStyle = colour[marked.get(at)];
        pen.fillRect(x, y - 2, Math.max(3, bar), historyLane.bar + 4);
      }
      if (at === current) {
        pen.strokeStyle = style.color;
        pen.lineWidth = 2;
        pen.strokeRect(x - 1, y - 2, Math.max(4, bar + 2), historyLane.bar + 4);
      }
    }
  };

  let isAsked = false;
  const redraw = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };

  const look = (from, width) => {
    sight.width = Math.min(whole, Math.max(50, width));
    sight.from = Math.min(Math.max(0, from), whole - sight.width);
    redraw();
  };

  const choose = (at, isFar) => {
    if (at < 0 || at >= count) return;
    current = at;
    said.textContent = historyWords(history, zxids, starts, at);
    const isOut = starts[at] < sight.from || starts[at] + calls.took[at] > sight.from + sight.width;
    if (isFar) look(starts[at] - calls.took[at] * 10, Math.max(calls.took[at] * 25, 2000));
    else if (isOut) look(starts[at] - sight.width / 2, sight.width);
    redraw();
  };

  const zoom = (factor, middle = sight.from + sight.width / 2) =>
    look(middle - (middle - sight.from) * factor, sight.width * factor);

  const keys = {
    ArrowLeft: () => look(sight.from - sight.width / 5, sight.width),
    ArrowRight: () => look(sight.from + sight.width / 5, sight.width),
    Home: () => look(0, sight.width),
    End: () => look(whole, sight.width),
    "+": () => zoom(0.5),
    "-": () => zoom(2),
    n: () => choose(current + 1, false),
    p: () => choose(current - 1, false),
  };
  const frame = el(
    "div",
    {
      class: "timeline",
      tabindex: "0",
      role: "application",
      "aria-label": `Timeline of ${plural(count, "call")} in ${plural(lanes.length, "session")}. Arrow keys move, plus and minus zoom, n and p go from call to call.`,
      on: {
        keydown: (event) => {
          const act = keys[event.key];
          if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          act();
          if (event.key === "n" || event.key === "p") announce(said.textContent);
        },
      },
    },
    el(
      "ol",
      { class: "lanes" },
      lanes.map((lane) => el("li", { title: lane }, lane)),
    ),
    canvas,
  );
  canvas.addEventListener("click", (event) => {
    const lane = Math.floor((event.offsetY - historyLane.top) / historyLane.height);
    let hit = -1;
    inSight((at, x, bar) => {
      if (calls.lane[at] === lane && event.offsetX >= x - 2 && event.offsetX <= x + bar + 2) hit = at;
    });
    choose(hit, false);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, sight.from + (event.offsetX / canvas.clientWidth) * sight.width);
    },
    { passive: false },
  );
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const legend = el(
    "p",
    { class: "legend small" },
    [
      ["write", "write"],
      ["read", "read"],
      ["failed", "failed"],
      ["bad", "breaks a rule, or the oracle answers otherwise"],
      ["warn", "what it cannot stand beside"],
      ...(history.faults.length > 0 ? [["fault", "connection lost"]] : []),
    ].map(([name, words]) => el("span", {}, ink[name], ` ${words}`)),
  );
  return { frame, legend, choose, zoom, words: (at) => historyWords(history, zxids, starts, at) };
}

/** What free-running clients did, and what of it a ZooKeeper could not have done. */
export function historyView(history) {
  const said = el("output", { class: "said small" }, "Choose a call.");
  const picture = historyPicture(history, said);
  const first = Math.min(
    ...[history.diverging, ...history.violations.map(({ call }) => call)].filter((at) => at !== null),
  );
  const button = (words, act) => el("button", { type: "button", on: { click: act } }, words);
  const broken = history.violations.map(({ rule, call, witness, expected, found }) => [
    rule,
    button("show", () => picture.choose(call, true)),
    picture.words(call),
    expected,
    found,
    witness === null ? "" : picture.words(witness),
  ]);
  const outcome =
    broken.length === 0 && history.diverging === null
      ? "A ZooKeeper could have done all of this in the order of the zxids, and the oracle did."
      : `${plural(history.violated, "violation")} of ${plural(new Set(broken.map(([rule]) => rule)).size, "rule")}${history.diverging === null ? "" : "; one call is answered otherwise by the oracle"}.`;
  return [
    el(
      "p",
      { class: "soft" },
      `${history.name}: ${plural(history.calls.start.length, "call")} of ${plural(history.lanes.length, "session")}. ${outcome}`,
      history.cut > 0 && ` ${grouped(history.cut)} later calls are not drawn.`,
    ),
    el(
      "p",
      { class: "tools" },
      Number.isFinite(first) && button("First violation", () => picture.choose(first, true)),
      button("Closer", () => picture.zoom(0.5)),
      button("Farther", () => picture.zoom(2)),
    ),
    picture.frame,
    picture.legend,
    said,
    history.faults.length > 0 &&
      el(
        "ul",
        { class: "faults small" },
        history.faults.map(({ lane, start, what }) =>
          el("li", {}, `${history.lanes[lane]}: ${what} after ${historyTime(start)}`),
        ),
      ),
    broken.length > 0 &&
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Broken rules" },
        table("listing broken", ["rule", "", "call", "expected", "found", "beside"], broken),
      ),
  ];
}
