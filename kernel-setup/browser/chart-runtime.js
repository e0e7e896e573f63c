/**
 * Runs in a reader's browser, in JupyterLab and in exported pages: unpacks Plotly once and draws every chart found.
 *
 * A document holds once: script.pageblock-plotly, Plotly as gzip in base64; and for each chart: div.pageblock-chart
 * with an img (the static picture) and a script of type application/json ({data, layout}).
 *
 * The picture inside a chart is replaced when its drawing has succeeded; until then, and where anything fails, the
 * picture stays. Nothing is fetched.
 */
(() => {
  if (window.pageblockCharts) return window.pageblockCharts.scan();

  const CONFIG = { responsive: true, displaylogo: false };
  const drawn = new Set();
  let plotly;

  async function unpack() {
    const packed = document.querySelector("script.pageblock-plotly").textContent.trim();
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    script.remove();
    return window.Plotly;
  }

  /** Narrower boxes get narrower margins and smaller letters. */
  const NARROW_PIXELS = 560;
  /** Half of the words at a point at the right edge. */
  const WORDS_PIXELS = 36;

  /** The layout in the page's own text colour, so that a chart follows its theme; without a title that stands outside. */
  function fitted(box, given, hasWords) {
    const { title, ...rest } = given;
    const color = getComputedStyle(box).color;
    const narrow = box.clientWidth < NARROW_PIXELS;
    const layout = { ...rest, margin: { ...rest.margin }, font: { ...rest.font, color } };
    if (narrow) {
      layout.font.size = 11;
      layout.margin.r = Math.min(layout.margin.r ?? 80, hasWords ? WORDS_PIXELS : 12);
      if (layout.yaxis?.automargin) layout.margin.l = 8;
    }
    if (box.dataset.untitled === undefined) return { ...layout, title };
    const cut = Number(box.dataset.untitled);
    layout.margin.t = (layout.margin.t ?? 100) - cut;
    if (layout.height) layout.height -= cut;
    return layout;
  }

  /** Pixels above the axes of a chart whose title stands outside and that has no legend. */
  const TOP_PIXELS = 24;

  /** A legend of more rows than there is room for gets the room, not the axes'; what is left of a title's room goes. */
  async function makeRoom(place, { height, margin, annotations, legend = {} }, untitled) {
    const above = legend.orientation === "h" && (legend.y ?? 1) >= 1;
    const rows = above ? (place.querySelector(".legend")?.getBoundingClientRect().height ?? 0) : 0;
    const more = Math.ceil(Math.max(TOP_PIXELS, rows + 12) - margin.t);
    if (!height || more === 0 || (more < 0 && (!untitled || annotations?.length > 0))) return;
    await window.Plotly.relayout(place, { height: height + more, "margin.t": margin.t + more });
  }

  const STEP_MS = 1000;

  /** Buttons for a chart with a slider: for keyboards and screen readers, and to play it, unless motion is unwanted. */
  function addPlayer(place, slider) {
    const { steps } = slider;
    let at = slider.active ?? 0;
    let timer;
    const row = document.createElement("div");
    row.className = "pageblock-player";
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.style.marginLeft = ".5em";
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      play.textContent = "Play";
    };
    const go = async (to) => {
      at = (to + steps.length) % steps.length;
      said.textContent = `${at + 1} of ${steps.length}: ${steps[at].label}`;
      await window.Plotly[steps[at].method](place, ...steps[at].args);
      await window.Plotly.relayout(place, { "sliders[0].active": at });
    };
    const button = (words, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = words;
      made.style.marginRight = ".4em";
      made.addEventListener("click", act);
      row.append(made);
      return made;
    };
    const step = (by) => () => {
      stop();
      go(at + by);
    };
    button("Previous", step(-1));
    const play = button("Play", () => {
      if (timer !== undefined) return stop();
      play.textContent = "Pause";
      // From the start if it shows the end; it stops there, for nobody asked for more.
      go(at === steps.length - 1 ? 0 : at + 1);
      timer = setInterval(() => {
        if (!place.isConnected || at === steps.length - 1) stop();
        else go(at + 1);
      }, STEP_MS);
    });
    play.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
    button("Next", step(1));
    row.append(said);
    place.after(row);
    place.on("plotly_sliderchange", ({ slider: moved, interaction }) => {
      if (!interaction) return;
      stop();
      at = moved.active;
      said.textContent = "";
    });
  }

  /** What a step of a slider may do here; others need Plotly's own frames. */
  const canStep = (step) =>
    ["restyle", "relayout", "update"].includes(step.method) && Array.isArray(step.args);

  async function draw(box) {
    plotly ??= unpack();
    const Plotly = await plotly;
    const figure = JSON.parse(box.querySelector("script").textContent);
    const place = document.createElement("div");
    const picture = box.querySelector("img");
    box.append(place);
    try {
      const words = figure.data.some((trace) => /text/.test(trace.mode));
      const layout = fitted(box, figure.layout, words);
      await Plotly.newPlot(place, figure.data, layout, CONFIG);
      if (picture) {
        picture.hidden = true;
        place.setAttribute("role", "img");
        place.setAttribute("aria-label", picture.alt);
      }
      await makeRoom(place, layout, box.dataset.untitled !== undefined);
      const slider = layout.sliders?.[0];
      if (slider?.steps?.length > 1 && slider.steps.every(canStep)) addPlayer(place, slider);
      box.dataset.state = "drawn";
      drawn.add(box);
    } catch (error) {
      place.remove();
      box.dataset.state = "failed";
      console.error("pageblock: a chart could not be drawn; its picture stays", error);
    }
  }

  /** A chart is drawn once it has a width: an output that is still hidden has none. */
  function drawWhenSized(box) {
    if (box.offsetWidth === 0) return;
    sizes.unobserve(box);
    if (box.dataset.state !== "waiting") return;
    box.dataset.state = "drawing";
    draw(box);
  }
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) drawWhenSized(target);
  });

  function scan() {
    for (const box of document.querySelectorAll(".pageblock-chart:not([data-state])")) {
      if (!box.querySelector("script")) continue;
      box.dataset.state = "waiting";
      sizes.observe(box);
      // The observer keeps silent about what is scrolled out of view; asking for the width does not.
      drawWhenSized(box);
    }
  }

  function recolor() {
    for (const box of drawn) {
      if (!box.isConnected) drawn.delete(box);
      else
        window.Plotly.relayout(box.querySelector(".js-plotly-plot"), {
          "font.color": getComputedStyle(box).color,
        });
    }
  }

  let asked = false;
  const scanSoon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      scan();
    });
  };
  window.pageblockCharts = { scan };
  new MutationObserver(scanSoon).observe(document.documentElement, { childList: true, subtree: true });
  // JupyterLab names its theme on the body; other pages follow the system.
  new MutationObserver(() => setTimeout(recolor, 300)).observe(document.body ?? document.documentElement, {
    attributeFilter: ["data-jp-theme-name"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(recolor, 50));
  scan();
})();
